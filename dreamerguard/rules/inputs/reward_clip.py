"""The environment clips rewards.

What it does:
  Reports ``clip_reward`` for Atari in danijar/dreamerv3, which takes the sign. Also reports ``env.clip_rewards`` in
  sheeprl, which applies tanh.

Why is this bad:
  The environment of danijar/dreamerv3 returns the sign of the reward, and the logged score is the sum of these signs.
  It is not comparable with published scores. sheeprl logs the game's own score and trains on tanh, where the usual
  clipping takes the sign: rewards of 1 become 0.76, and all large ones 1. The agent needs neither, because it predicts
  rewards in symlog space.

How to fix:
  Leave the setting out.

References:
  https://github.com/danijar/dreamerv3/blob/e3f02248693a79dc8b0ebd62c93683888ddaccfe/embodied/envs/atari.py
  https://github.com/Eclectic-Sheep/sheeprl/blob/33b636681fd8b5340b284f2528db8821ab8dcd0b/sheeprl/algos/dreamer_v3/dreamer_v3.py#L409
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG615", "reward-clip", Severity.WARNING, dialects=("danijar", "sheeprl"))

GOOD = [
    Example("python dreamerv3/main.py --configs atari --logdir logs"),
    Example("sheeprl exp=dreamer_v3 env.clip_rewards=False"),
]
BAD = [
    Example(
        "python dreamerv3/main.py --configs atari --env.atari.clip_reward True --logdir logs",
        mark="--env.atari.clip_reward True",
        fixed="python dreamerv3/main.py --configs atari --env.atari.clip_reward False --logdir logs",
    ),
    Example(
        "sheeprl exp=dreamer_v3 env.clip_rewards=True",
        mark="env.clip_rewards=True",
        fixed="sheeprl exp=dreamer_v3 env.clip_rewards=False",
    ),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Looks for the switch."""
    sheeprl = run.dialect == "sheeprl"
    setting = run.settings.get("env.clip_rewards" if sheeprl else f"env.{_suite(run)}.clip_reward")
    if setting is None or not setting.chosen or setting.value is not True or (sheeprl and run.budget is None):
        return
    effect = "applies tanh, not the sign" if sheeprl else "makes the logged score a sum of signs"
    yield rule.at(
        run.place(setting),
        f"{setting.key} {effect}",
        key=setting.key,
        severity=Severity.INFO if sheeprl else None,
        fix=run.correct(setting, "False", f"set {setting.key} to False"),
    )


def _suite(run: ResolvedRun) -> str:
    task = run.setting("task")
    return str(task.value).split("_", 1)[0] if task is not None else ""
