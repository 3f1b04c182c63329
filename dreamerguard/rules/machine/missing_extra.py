"""Packages of the task's environments are not installed.

What it does:
  Reports tasks of the bundled trainer for which this Python lacks packages, and names the extra that installs them. It
  is information if the run is for another machine.

Why is this bad:
  The run ends when its environments are made.

How to fix:
  Install the extra that the finding names, for example ``pip install 'dreamerguard[atari]'``.
"""

from __future__ import annotations

from dreamerguard.core.finding import Severity
from dreamerguard.core.machine import Machine
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG510", "missing-extra", Severity.ERROR, dialects=("native",))

GOOD = [Example("dreamerguard train dmc_walker_walk", machine=Machine(cpus=16, lacking=frozenset({"gymnasium"})))]
BAD = [
    Example(
        "dreamerguard train gym:CartPole-v1",
        mark="gym:CartPole-v1",
        machine=Machine(cpus=16, lacking=frozenset({"gymnasium"})),
    )
]

rule.check(rule.reported)
