"""Episodes do not end, or end after their first step.

What it does:
  Reports environments in which no random episode ended within 10,000 agent steps, and environments in which every
  random episode has fewer than two steps.

Why is this bad:
  The program logs a score only when an episode ends, and an evaluation waits for it. dreamerv3-torch loops for ever
  where every episode has fewer than two steps (``tools.py:332`` at 6ef8646).

How to fix:
  Set a time limit.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.environment import Episode, Probe
from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG807", "endless-episode", Severity.WARNING, unless=("no-time-limit",))

GOOD = [Example("dreamerguard train dmc_walker_walk", probe=Probe(episodes=(Episode(1000, 31.4, 0.2),)))]
BAD = [
    Example(
        "dreamerguard train dmc_walker_walk",
        mark="dmc_walker_walk",
        probe=Probe(episodes=(Episode(10_000, 31.4, 0.2, last=False),)),
    )
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    if run.probe is None or not run.probe.episodes or any(item.cut for item in run.probe.episodes):
        return
    episodes = run.probe.episodes
    if not any(item.last for item in episodes):
        text = f"no random episode ended within {episodes[0].length:,} steps"
    elif all(item.length < 2 for item in episodes):
        text = "random episodes end after their first step"
    else:
        return
    yield rule.at_task(run, text)
