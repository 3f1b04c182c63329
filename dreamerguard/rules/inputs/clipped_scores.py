"""Logged scores are not the game's.

What it does:
  Reports ``clip_reward`` for Atari in danijar/dreamerv3.

Why is this bad:
  The environment hands out the sign of the reward, and the logged score is their sum. It cannot be compared with
  published scores; the agent needs no clipping, since it predicts rewards in symlog space.

How to mend:
  Leave it out.

References:
  https://github.com/danijar/dreamerv3/blob/e3f02248693a79dc8b0ebd62c93683888ddaccfe/embodied/envs/atari.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.model import Finding, Severity
from dreamerguard.resolved import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG625", "clipped-scores", Severity.WARNING, dialects=("danijar",))

GOOD = [Example("python dreamerv3/main.py --configs atari --logdir logs")]
BAD = [
    Example(
        "python dreamerv3/main.py --configs atari --env.atari.clip_reward True --logdir logs",
        mark="--env.atari.clip_reward True",
        fixed="python dreamerv3/main.py --configs atari --env.atari.clip_reward False --logdir logs",
    )
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    task = run.setting("task")
    suite = str(task.value).split("_", 1)[0] if task is not None else ""
    setting = run.settings.get(f"env.{suite}.clip_reward")
    if setting is not None and setting.chosen and setting.value is True:
        yield rule.at(
            run.place(setting),
            f"{setting.key} makes the logged score a sum of signs",
            key=setting.key,
            fix=run.correct(setting, "False", f"set {setting.key} to False"),
        )
