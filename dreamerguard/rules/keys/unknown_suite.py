"""The suite does not exist.

What it does:
  Reports a suite without published defaults.

Why is this bad:
  The run would silently use the schema's defaults instead of the task's.

How to fix:
  Leave ``suite`` out where the task's name is enough. A task of the DeepMind Control Suite uses ``dmc_proprio`` unless
  ``suite=dmc_vision`` is set.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.util.hints import did_you_mean, nearest

rule = Rule("DG303", "unknown-suite", Severity.ERROR)

GOOD = [Example("dreamerguard train dmc_walker_walk suite=dmc_vision")]
BAD = [
    Example(
        "dreamerguard train dmc_walker_walk suite=dmc_visoin",
        mark="suite=dmc_visoin",
        fixed="dreamerguard train dmc_walker_walk suite=dmc_vision",
    )
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Reports an unknown suite, with a fix if one name is near."""
    setting = run.chosen("suite")
    for finding in rule.reported(run):
        near = nearest(str(setting.value), run.suites) if setting is not None else []
        yield rule.at(
            finding.primary.span,
            finding.message + did_you_mean(near[0] if near else None),
            key="suite",
            fix=run.correct(setting, near[0], f"choose {near[0]}", safe=True) if near and setting else None,
            help=f"suites are {', '.join(run.suites)}",
        )
