"""A clock is off, or rings at every step.

What it does:
  Reports zero and negative intervals of ``run.save_every``, ``log_every`` and ``report_every`` in danijar/dreamerv3. In
  the scripts ``train`` and ``parallel`` zero means never and a negative value always; ``train_eval`` means the opposite
  since December 2024.

Why is this bad:
  Without checkpoints a stopped run is lost. A checkpoint or a report at every turn of the loop takes most of the time.

How to mend:
  Write seconds: 900 for checkpoints, 300 for reports, 120 for logs are upstream's.

References:
  https://github.com/danijar/dreamerv3/blob/e3f02248693a79dc8b0ebd62c93683888ddaccfe/embodied/core/clock.py
  https://github.com/danijar/elements/blob/b781f90/elements/when.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.model import Finding, Severity
from dreamerguard.resolved import ResolvedRun
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.sources.scalars import spell_scalar

rule = Rule("DG722", "nonpositive-interval", Severity.WARNING, dialects=("danijar",))

GOOD = [Example("python dreamerv3/main.py --configs crafter --run.save_every 42 --logdir logs")]
BAD = [
    Example("python dreamerv3/main.py --configs crafter --run.save_every 0 --logdir logs", mark="--run.save_every 0"),
    Example(
        "python dreamerv3/main.py --configs crafter --run.report_every -1 --logdir logs", mark="--run.report_every -1"
    ),
]

_MEANING = {
    ("save_every", True): "a checkpoint at every turn of the loop",
    ("save_every", False): "no checkpoint: a stopped run is lost",
    ("log_every", True): "a log line at every turn of the loop",
    ("log_every", False): "no logs",
    ("report_every", True): "a report at every turn of the loop",
}


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    for name in ("save_every", "log_every", "report_every"):
        setting = run.settings.get(f"run.{name}")
        if setting is None or not setting.number <= 0 or (setting.last.upstream and not run.whole):
            continue
        if setting.last.span is None or (run.whole and len(setting.chain) == 1):
            continue
        always = (setting.number < 0) != _flipped(run)
        if (name == "report_every" and not always) or (name == "log_every" and always and setting.number < 0):
            continue
        yield rule.at(
            setting.last.span,
            f"{setting.key} {spell_scalar(setting.value)} means {_MEANING[name, always]}",
            key=setting.key,
            upstream=run.upstream if setting.last.upstream else "",
        )


def _flipped(run: ResolvedRun) -> bool:
    """Whether zero means always: in ``train_eval`` of the 2025 edition."""
    script = run.settings.get("script")
    return run.edition == "2025" and script is not None and script.value == "train_eval"
