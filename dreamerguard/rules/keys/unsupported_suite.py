"""The bundled trainer cannot run the task.

What it does:
  Reports tasks of suites for which the bundled trainer has no environments.

Why is this bad:
  The run ends when its environments are made.

How to fix:
  Choose a task of a suite that the trainer runs: ``dreamerguard tasks`` shows them in the column ``trainer``. Start
  another training program with ``dreamerguard guard``.
"""

from __future__ import annotations

from dreamerguard.core.finding import Severity
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG348", "unsupported-suite", Severity.ERROR, dialects=("native",))

GOOD = [Example("dreamerguard train dmc_walker_walk"), Example("dreamerguard train gym:CartPole-v1")]
BAD = [Example("dreamerguard train procgen_coinrun", mark="procgen_coinrun")]

rule.check(rule.reported)
