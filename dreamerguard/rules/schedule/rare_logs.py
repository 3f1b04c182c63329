"""The run ends with only a handful of points in its log.

What it does:
  Reports ``log_every`` and ``eval_every`` of dreamerv3-torch above a tenth of the run's frames.

Why is this bad:
  With fewer than ten points nobody sees when a run goes wrong, and the last point may be far from the end. A checkpoint
  is only written once per ``eval_every``.

How to mend:
  Both count frames; upstream's are 10 000.

References:
  https://github.com/NM512/dreamerv3-torch/blob/6ef8646/dreamer.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.model import Finding, Severity
from dreamerguard.resolved import ResolvedRun
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.sources.scalars import spell_scalar

rule = Rule("DG724", "rare-logs", Severity.WARNING, unless=("zero-interval",), dialects=("nm512_torch",))

GOOD = [Example("python dreamer.py --configs dmc_vision --eval_every 5e4 --logdir logs")]
BAD = [Example("python dreamer.py --configs dmc_vision --eval_every 5e5 --logdir logs", mark="--eval_every 5e5")]

#: Shorter runs are tests.
_LONG = 1e5


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    steps = run.setting("frames")
    for key in ("eval_every", "log_every"):
        setting = run.settings.get(key)
        if setting is None or not setting.chosen or steps is None or steps.number < _LONG:
            continue
        if not setting.number > 0.1 * steps.number:
            continue
        yield rule.at(
            run.place(setting),
            f"{key} {spell_scalar(setting.value)} gives {steps.number / setting.number:.2g} points in the whole run",
            label=f"{steps.key} is {spell_scalar(steps.value)}",
            key=key,
        )
