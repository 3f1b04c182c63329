"""The first image of an episode has only one colour.

What it does:
  Reports images that are blank when an episode begins.

Why is this bad:
  Every Atari episode of danijar/dreamerv3 began with a black frame until it was noticed
  (https://github.com/danijar/dreamerv3/pull/213). The agent sees nothing at the start, and learns the reset as a
  separate state.

How to fix:
  Render after the reset, not before it.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.environment import Observed, Probe
from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG803", "blank-image", Severity.WARNING)

GOOD = [Example("dreamerguard train dmc_walker_walk", probe=Probe(observations={"image": Observed((64, 64, 3))}))]
BAD = [
    Example(
        "dreamerguard train dmc_walker_walk",
        mark="dmc_walker_walk",
        probe=Probe(observations={"image": Observed((64, 64, 3), "integer", blank=True)}),
    )
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    if run.probe is None:
        return
    for name in (name for name, seen in run.probe.observations.items() if seen.blank):
        yield rule.at_task(
            run,
            f"observation {name} is an image of only one colour when an episode begins",
        )
