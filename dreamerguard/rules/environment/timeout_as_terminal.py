"""The environment reports a time limit as the end of the task.

What it does:
  Reports environments in which all random episodes end as terminal after the same number of steps.

Why is this bad:
  The agent learns that nothing after the limit has any value, and the values of good states drop to those of a fall.

How to fix:
  Report a time limit as ``is_last`` without ``is_terminal``, as ``truncated`` in gymnasium.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.environment import Episode, Probe
from dreamerguard.core.finding import Confidence, Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG804", "timeout-as-terminal", Severity.ERROR, confidence=Confidence.MEDIUM)

#: Random play fails at the same step by chance where episodes are short.
_SHORTEST = 50

GOOD = [
    Example(
        "dreamerguard train dmc_walker_walk", probe=Probe(episodes=(Episode(1000, 31.4, 0.2), Episode(1000, 31.4, 0.2)))
    ),
    Example(
        "dreamerguard train dmc_walker_walk",
        probe=Probe(episodes=(Episode(71, 31.4, 0.2, terminal=True), Episode(88, 31.4, 0.2, terminal=True))),
    ),
]
BAD = [
    Example(
        "dreamerguard train dmc_walker_walk",
        mark="dmc_walker_walk",
        probe=Probe(episodes=(Episode(1000, 31.4, 0.2, terminal=True), Episode(1000, 31.4, 0.2, terminal=True))),
    )
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    if run.probe is None:
        return
    episodes = run.probe.episodes
    lengths = {episode.length for episode in episodes}
    same = len(episodes) > 1 and len(lengths) == 1 and min(lengths) >= _SHORTEST
    if same and all(episode.terminal for episode in episodes):
        yield rule.at_task(
            run,
            f"every random episode ends as terminal after {episodes[0].length:,} steps, which looks like a time limit",
        )
