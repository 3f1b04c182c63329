"""The actor's distribution does not fit the actions of the suite.

What it does:
  Compares ``actor.dist`` of dreamerv3-torch with the actions of known suites: continuous in DeepMind Control, discrete
  in Atari, Crafter, Minecraft, DMLab and Memory Maze. For a suite of a fork, the wrapper in its branch of ``make_env``
  decides: ``OneHotAction`` for discrete actions, ``NormalizeActions`` for continuous ones.

Why is this bad:
  ``normal`` on discrete actions stops with "Invalid one-hot action". ``onehot`` on continuous actions runs, but moves
  one joint at a time.

How to fix:
  For continuous actions, set ``actor.dist`` to normal and ``imag_gradient`` to dynamics. For discrete actions, set them
  to onehot and reinforce.

References:
  https://github.com/NM512/dreamerv3-torch/blob/6ef8646/dreamer.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.helpers.example_files import with_torch_preset
from dreamerguard.rules.rule import Example, Rule

rule = Rule(
    "DG624",
    "action-distribution",
    Severity.ERROR,
    unless=("mismatched-preset", "unknown-preset"),
    dialects=("nm512_torch",),
)

GOOD = [Example("python dreamer.py --configs atari100k --task atari_pong --logdir logs")]
BAD = [
    Example(
        "python dreamer.py --task atari_pong --configs mine --logdir logs",
        files=with_torch_preset("action_repeat: 4", "train_ratio: 1024"),
        mark="--task atari_pong",
    )
]

_DISCRETE = ("atari", "crafter", "minecraft", "dmlab", "memorymaze")


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    yield from rule.reported(run)
    task, dist = run.setting("task"), run.settings.get("actor.dist", run.settings.get("actor_dist"))
    if task is None or dist is None or not (task.chosen or dist.chosen):
        return
    suite = str(task.value).split("_", 1)[0]
    discrete = str(dist.value).startswith("onehot")
    if (suite in _DISCRETE and not discrete) or (suite == "dmc" and discrete):
        cause = task if task.chosen else dist
        kind = "continuous" if discrete else "discrete"
        yield rule.at(
            run.place(cause),
            f"{suite} has {kind} actions, but {dist.key} is {dist.value}",
            key=dist.key,
        )
