"""The environments step together, so sheeprl cannot update as often as ``algo.train_every`` says.

What it does:
  Reports an ``algo.train_every`` of sheeprl's old edition that is at most a quarter of ``env.num_envs``.

Why is this bad:
  The program divides ``train_every`` by the policy steps of one step of all environments and rounds down. With 1 and 8
  environments that is 0, so it makes one update after every 8 policy steps: an eighth of the updates.

How to fix:
  Use at most ``train_every`` environments, or raise ``algo.per_rank_gradient_steps`` by the same factor.

References:
  https://github.com/Eclectic-Sheep/sheeprl/blob/v0.5.4/sheeprl/algos/dreamer_v3/dreamer_v3.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.source import Label
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG129", "rounded-interval", Severity.WARNING, dialects=("sheeprl",))

_COMMAND = "sheeprl exp=mine"


def _files(every: int, envs: int, updates: int = 1) -> dict[str, str]:
    """A small configuration folder of the old edition with the experiment ``mine``."""
    algorithm = (
        f"  name: dreamer_v3\n  train_every: {every}\n  per_rank_gradient_steps: {updates}\n  total_steps: 1000000\n"
        "  learning_starts: 1024\n  per_rank_batch_size: 16\n  per_rank_sequence_length: 64\n"
    )
    environment = f"  id: mine_a\n  num_envs: {envs}\n  action_repeat: 1\n"
    return {
        "sheeprl/configs/config.yaml": "defaults:\n  - _self_\n  - exp: ???\nseed: 1\n",
        "sheeprl/configs/exp/mine.yaml": f"# @package _global_\n# sheeprl.\nalgo:\n{algorithm}env:\n{environment}",
    }


GOOD = [
    Example(_COMMAND, files=_files(16, 8)),
    Example(_COMMAND, files=_files(4, 8)),
    Example(_COMMAND, files=_files(1, 8, updates=8)),
]
BAD = [Example(_COMMAND, files=_files(1, 8), mark="train_every: 1")]

#: Upstream's own experiments had half of their updates.
_FACTOR = 4


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares the interval with the environments."""
    every, envs = run.setting("train_ratio"), run.setting("envs")
    if every is None or envs is None or run.budget is None or every.key != "algo.train_every":
        return
    steps = run.settings.get("algo.per_rank_gradient_steps")
    if (steps is not None and steps.number > 1) or not 0 < _FACTOR * every.number <= envs.number:
        return
    place, count = envs.last.span, spell_scalar(envs.value)
    yield rule.at(
        run.place(every),
        f"{every.key} is {spell_scalar(every.value)}, but {count} environments step together: the run makes one update"
        f" per {count} policy steps",
        key=every.key,
        secondary=(Label(place, f"{envs.key} is {count}"),) if place is not None else (),
        help=f"{envs.key}={spell_scalar(every.value)} keeps the updates",
    )
