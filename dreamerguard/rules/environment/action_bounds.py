"""The actions have no finite bounds, or bounds other than -1 and 1 that nothing scales.

What it does:
  Reports continuous actions without finite bounds; 1e10, MuJoCo's largest number, counts as none. For gym environments
  of dreamerv3-torch and r2dreamer, also reports bounds other than -1 and 1, because only the programs' own suites are
  wrapped.

Why is this bad:
  The policy acts between -1 and 1. It never reaches wider bounds, and wrappers leave infinite bounds as they are
  (``NormalizeAction``, embodied/core/wrappers.py at e3f0224).

How to fix:
  Declare the bounds, or scale the actions in the environment.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.environment import Probe, Space
from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG805", "action-bounds", Severity.WARNING)

#: Bound from which a control counts as unlimited: MuJoCo's largest number (``mjMAXVAL``).
_UNLIMITED = 1e10
#: Bounds of the policy's actions: continuous ones, and one-hot ones, which their wrappers declare as a box.
_FINE = ((-1.0, 1.0), (0.0, 1.0))

GOOD = [Example("dreamerguard train dmc_walker_walk", probe=Probe(actions={"action": Space((6,), low=-1.0, high=1.0)}))]
BAD = [
    Example(
        "dreamerguard train dmc_walker_walk",
        mark="dmc_walker_walk",
        probe=Probe(actions={"action": Space((6,), low=float("-inf"), high=float("inf"))}),
    )
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    if run.probe is None:
        return
    scaled = run.probe.interface != "gym" or run.dialect not in ("nm512_torch", "r2dreamer")
    for name, space in run.probe.actions.items():
        if space.classes is not None or space.kind != "float" or space.low is None or space.high is None:
            continue
        if not max(-space.low, space.high) < _UNLIMITED:  # also true for NaN
            text = f"{name} has no finite bounds, but the policy acts between -1 and 1"
        elif not scaled and (space.low, space.high) not in _FINE:
            text = f"{name} is bounded by {space.low:g} and {space.high:g}, but the policy acts between -1 and 1"
        else:
            continue
        yield rule.at_task(run, text)
