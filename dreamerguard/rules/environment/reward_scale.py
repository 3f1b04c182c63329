"""Rewards are very large, or there are none.

What it does:
  Reports rewards beyond a thousand or returns beyond a hundred thousand in two random episodes. No reward at all is
  information: the task may be sparse. Rewards that are not finite are reported by ``observation-contract``.

Why is this bad:
  The discrete runs of dreamerv3-torch do not normalise returns, so large rewards outweigh exploration. Failures become
  frequent as rewards grow (https://github.com/Eclectic-Sheep/sheeprl/issues/147).

How to fix:
  Scale the reward in the environment.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.environment import Episode, Probe
from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG806", "reward-scale", Severity.WARNING)

_REWARD, _RETURN = 1e3, 1e5

GOOD = [Example("dreamerguard train dmc_walker_walk", probe=Probe(episodes=(Episode(1000, 31.4, 0.2),)))]
BAD = [
    Example(
        "dreamerguard train dmc_walker_walk",
        mark="dmc_walker_walk",
        probe=Probe(episodes=(Episode(1000, 2e6, 2e4),)),
    )
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    if run.probe is None or not run.probe.episodes:
        return
    episodes = run.probe.episodes
    largest, total = max(item.largest for item in episodes), max(abs(item.total) for item in episodes)
    if largest > _REWARD or total > _RETURN:
        text = f"rewards reach {largest:,.4g} and returns {total:,.4g} in random episodes"
        yield rule.at_task(run, text)
    elif largest == 0 and not any(item.not_finite for item in episodes):
        yield rule.at_task(
            run,
            "two random episodes gave no reward",
            severity=Severity.INFO,
            help="correct for a sparse task; otherwise check that the environment returns the reward",
        )
