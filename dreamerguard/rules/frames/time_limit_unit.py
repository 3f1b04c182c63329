"""The episodes' time limit does not fit the action repeat.

What it does:
  Reports a chosen ``env.time_limit`` of r2dreamer, in frames, that is not a multiple of the action repeat. In sheeprl,
  reports the Atari limit in frames, 108000, where policy steps are expected.

Why is this bad:
  r2dreamer rounds the limit down. sheeprl counts policy steps, so episodes last four times as long as in the benchmark.

How to fix:
  In r2dreamer, use a multiple of the action repeat. In sheeprl, the benchmark's limit is
  ``env.max_episode_steps=27000``.

References:
  https://github.com/Eclectic-Sheep/sheeprl/blob/33b636681fd8b5340b284f2528db8821ab8dcd0b/howto/work_with_steps.md
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG206", "time-limit-unit", Severity.WARNING, dialects=("r2dreamer", "sheeprl"))

GOOD = [Example("python train.py env=dmc_vision env.time_limit=500"), Example("sheeprl exp=dreamer_v3_100k_boxing")]
BAD = [
    Example("python train.py env=dmc_vision env.time_limit=501", mark="env.time_limit=501"),
    Example(
        "sheeprl exp=dreamer_v3_100k_boxing env.max_episode_steps=108000",
        mark="env.max_episode_steps=108000",
        fixed="sheeprl exp=dreamer_v3_100k_boxing env.max_episode_steps=27000",
    ),
]

_ATARI_FRAMES = 108_000


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares the limit with the repeat."""
    repeat = run.setting("action_repeat")
    key = "env.max_episode_steps" if run.dialect == "sheeprl" else "env.time_limit"
    limit = run.settings.get(key)
    if repeat is None or limit is None or not limit.chosen or not repeat.number >= 1 or not limit.number > 0:
        return
    if run.dialect == "sheeprl":
        if limit.number == _ATARI_FRAMES and repeat.number == 4:
            yield rule.at(
                run.place(limit),
                f"{key} 108000 is the time limit of Atari in frames; in policy steps it is 27000",
                key=key,
                fix=run.correct(limit, "27000", f"set {key} to 27000"),
            )
    elif limit.number % repeat.number > 0:
        yield rule.at(
            run.place(limit),
            f"{key} {spell_scalar(limit.value)} is not a multiple of the action repeat {spell_scalar(repeat.value)}",
            label=f"episodes end after {spell_scalar(limit.number // repeat.number * repeat.number)} frames",
            key=key,
        )
