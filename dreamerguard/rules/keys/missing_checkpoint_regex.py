"""The program stops when it starts from a checkpoint.

What it does:
  Reports ``run.from_checkpoint`` where the program has no key ``run.from_checkpoint_regex``. Silent in a fork whose run
  script reads it only where it exists: under ``hasattr``, by ``getattr`` with a default, or by ``get``.

Why is this bad:
  The run scripts of danijar/dreamerv3 since December 2024 read ``from_checkpoint_regex`` as soon as a checkpoint is
  named. ``configs.yaml`` does not declare it, so the run ends with an AttributeError.

How to fix:
  Add ``from_checkpoint_regex: '.*'`` to ``run`` in ``configs.yaml``. To continue a stopped run, use its ``--logdir``
  again instead.

References:
  https://github.com/danijar/dreamerv3/blob/e3f02248693a79dc8b0ebd62c93683888ddaccfe/embodied/run/train.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Confidence, Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule(
    "DG338",
    "missing-checkpoint-regex",
    Severity.ERROR,
    confidence=Confidence.MEDIUM,
    unless=("unknown-preset",),
    dialects=("danijar",),
)

GOOD = [Example("python dreamerv3/train.py --configs crafter --run.from_checkpoint x.ckpt --logdir logs")]
BAD = [
    Example(
        "python dreamerv3/main.py --configs crafter --run.from_checkpoint x/ckpt --logdir logs",
        mark="--run.from_checkpoint x/ckpt",
    )
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    setting = run.settings.get("run.from_checkpoint")
    if run.edition != "2025" or setting is None or not setting.chosen or not setting.value:
        return
    if run.settings.keys() | run.given >= {"run.from_checkpoint_regex"}:
        return
    if run.settings.get("script") is not None:
        script = run.settings["script"].value
        if script in ("train", "train_eval", "parallel"):
            yield rule.at(
                run.place(setting),
                f"script {script} also reads run.from_checkpoint_regex, which configs.yaml does not declare",
                key=setting.key,
                upstream=run.upstream,
            )
