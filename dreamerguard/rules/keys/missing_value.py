"""A mandatory setting has no value.

What it does:
  Reports settings of sheeprl that are ``???`` after composition, because no file and no override gives them a value.
  In an experiment's file, an open value of the environment is information: commands set it.

Why is this bad:
  ``???`` marks a mandatory value. sheeprl checks all settings before it trains and stops at the first one.

How to fix:
  Set the value in the experiment or on the command line: ``algo.total_steps=100000``. An experiment that no longer
  lists ``dreamer_v3`` in its defaults has to set what that experiment set.

References:
  https://omegaconf.readthedocs.io/en/2.3_branch/usage.html#mandatory-missing-values
  https://github.com/Eclectic-Sheep/sheeprl/blob/33b6366/sheeprl/cli.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG344", "missing-value", Severity.ERROR, unless=("unknown-option",), dialects=("sheeprl",))

_FILES = {
    "sheeprl/configs/config.yaml": "defaults:\n  - algo: default\n  - exp: ???\n  - _self_\n",
    "sheeprl/configs/algo/default.yaml": "name: dreamer_v3\ncls: sheeprl.own\ntotal_steps: ???\n",
    "sheeprl/configs/exp/mine.yaml": "# @package _global_\nseed: 1\n",
}

GOOD = [Example("sheeprl exp=mine algo.total_steps=1000", files=_FILES)]
BAD = [Example("sheeprl exp=mine", files=_FILES, mark="sheeprl exp=mine")]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Reports the problem that composing kept for this rule."""
    if not run.other:
        yield from rule.reported(run)
