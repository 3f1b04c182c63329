"""A logging, report or checkpoint interval is zero or negative.

What it does:
  Reports zero and negative values of ``run.save_every``, ``log_every`` and ``report_every`` in danijar/dreamerv3. In
  the scripts ``train`` and ``parallel``, zero means never and a negative value means always. In ``train_eval`` since
  December 2024, it is the opposite. Where the run script of a fork has a branch for such a value
  (``if args.save_every > 0 and ...``), only a checkpoint interval is reported, as information.

Why is this bad:
  Without checkpoints, a stopped run is lost. A checkpoint or a report at every iteration of the loop takes most of the
  time.

How to fix:
  Write seconds. Upstream uses 900 for checkpoints, 300 for reports and 120 for logs.

References:
  https://github.com/danijar/dreamerv3/blob/e3f02248693a79dc8b0ebd62c93683888ddaccfe/embodied/core/clock.py
  https://github.com/danijar/elements/blob/b781f90/elements/when.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG722", "nonpositive-interval", Severity.WARNING, dialects=("danijar",))

GOOD = [Example("python dreamerv3/main.py --configs crafter --run.save_every 42 --logdir logs")]
BAD = [
    Example("python dreamerv3/main.py --configs crafter --run.save_every 0 --logdir logs", mark="--run.save_every 0"),
    Example(
        "python dreamerv3/main.py --configs crafter --run.report_every -1 --logdir logs", mark="--run.report_every -1"
    ),
]

_EFFECT = {
    ("save_every", True): "the program saves a checkpoint at every iteration",
    ("save_every", False): "the program saves no checkpoint, so a stopped run is lost",
    ("log_every", True): "the program logs at every iteration",
    ("log_every", False): "the program logs nothing",
    ("report_every", True): "the program makes a report at every iteration",
}


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    for name in ("save_every", "log_every", "report_every"):
        setting = run.settings.get(f"run.{name}")
        if setting is None or not setting.number <= 0 or (setting.last.upstream and not run.whole):
            continue
        if setting.last.span is None or (run.whole and len(setting.chain) == 1):
            continue
        if setting.key in run.guarded:
            if name == "save_every":
                text = f"{setting.key} is {spell_scalar(setting.value)}; the run script has a branch for such a value"
                yield rule.at(setting.last.span, text, key=setting.key, severity=Severity.INFO)
            continue
        always = (setting.number < 0) != _flipped(run)
        if (name == "report_every" and not always) or (name == "log_every" and always and setting.number < 0):
            continue
        yield rule.at(
            setting.last.span,
            f"{setting.key} is {spell_scalar(setting.value)}: {_EFFECT[name, always]}",
            key=setting.key,
            upstream=run.upstream if setting.last.upstream else "",
        )


def _flipped(run: ResolvedRun) -> bool:
    """Returns whether zero means always, as in ``train_eval`` of the 2025 edition."""
    script = run.settings.get("script")
    return run.edition == "2025" and script is not None and script.value == "train_eval"
