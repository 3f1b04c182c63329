"""A negative train ratio means something else than a number.

What it does:
  Reports ``run.train_ratio`` below zero in danijar/dreamerv3.

Why is this bad:
  The run script ``train`` then makes one update for every agent step, and ``parallel`` as many as it can. The edition
  of 2023 refuses it.

How to mend:
  Write the ratio that you want; leave the flag out for the task's.

References:
  https://github.com/danijar/elements/blob/b781f90/elements/when.py
  https://github.com/danijar/daydreamer/issues/8
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.model import Finding, Severity
from dreamerguard.resolved import ResolvedRun
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.sources.scalars import spell_scalar

rule = Rule("DG126", "special-ratio", Severity.WARNING, dialects=("danijar",))

GOOD = [Example("python dreamerv3/main.py --configs crafter --logdir logs")]
BAD = [
    Example(
        "python dreamerv3/main.py --configs crafter --run.train_ratio -1 --logdir logs", mark="--run.train_ratio -1"
    )
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    setting = run.chosen("train_ratio")
    if setting is None or not setting.number < 0:
        return
    script = next((run.settings[key].value for key in ("script", "run.script") if key in run.settings), "train")
    refused = run.edition == "2023"
    what = (
        "the program stops"
        if refused
        else "as many updates as possible"
        if script == "parallel"
        else "one update per step"
    )
    yield rule.at(
        run.place(setting),
        f"{setting.key} {spell_scalar(setting.value)} means: {what}",
        key=setting.key,
        severity=Severity.ERROR if refused else Severity.INFO if script == "parallel" else None,
    )
