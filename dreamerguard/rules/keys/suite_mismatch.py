"""The task belongs to another suite than the chosen environment.

What it does:
  Compares the suite in ``env.task`` with the suite of the chosen ``env=`` file.

Why is this bad:
  The task's prefix selects the environment, which reads keys that the other suite's file does not have, so the program
  stops. Where it does not stop, run length, action repeat and train ratio are those of another benchmark.

How to fix:
  Choose the environment of the task, for example ``env=atari100k env.task=atari_pong``.

References:
  https://github.com/NM512/r2dreamer/blob/546e4fab8146ea4b14e1d7726bbc1a8a1d50322f/envs/__init__.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.source import Label
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG320", "suite-mismatch", Severity.ERROR, dialects=("r2dreamer",))

GOOD = [Example("python train.py env=atari100k env.task=atari_pong")]
BAD = [
    Example("python train.py env=dmc_vision env.task=atari_pong", mark="env.task=atari_pong"),
    Example("python train.py model=size12M env.task=crafter_reward", mark="env.task=crafter_reward"),
]

_SUITES = frozenset({"dmc", "atari", "memorymaze", "crafter", "metaworld", "isaaclab"})


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares the two suites where upstream has both."""
    task = run.chosen("task")
    if task is None or not isinstance(task.value, str) or len(task.chain) < 2:
        return
    before = next((layer for layer in reversed(task.chain[:-1]) if layer.kind == "preset" and layer.upstream), None)
    if before is None or not isinstance(before.value, str):
        return
    asked, made = task.value.split("_")[0], before.value.split("_")[0]
    if asked == made or asked not in _SUITES or made not in _SUITES:
        return
    chosen = next((item for item in run.presets if item.name.startswith("env=")), None)
    yield rule.at(
        run.place(task),
        f"{task.value} is a task of {asked}, but {before.name.replace('/', '=', 1)} is made for {made}",
        key=task.key,
        secondary=(Label(chosen.span, "chosen here"),) if chosen is not None else (),
        help=f"choose an env of {asked}",
    )
