"""The value is not one of the key's choices.

What it does:
  Reports a size, edition, purpose, platform or other named choice that does not exist, and suggests the nearest one.

Why is this bad:
  The run does not start.

How to fix:
  Use one of the choices. ``dreamerguard explain KEY`` lists them.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun, fix
from dreamerguard.core.source import Edit
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.util.hints import did_you_mean, nearest

rule = Rule("DG304", "unknown-choice", Severity.ERROR)

GOOD = [Example("dreamerguard train dmc_walker_walk size=size25m edition=paper-2023")]
BAD = [
    Example(
        "dreamerguard train dmc_walker_walk size=size25",
        mark="size=size25",
        fixed="dreamerguard train dmc_walker_walk size=size25m",
    ),
    Example("dreamerguard train dmc_walker_walk edition=2030", mark="edition=2030"),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Offers the nearest choice."""
    for problem in run.problems:
        if problem.rule != rule.name:
            continue
        key = run.keys[problem.key]
        given = spell_scalar(problem.value)
        near = nearest(given, (spell_scalar(choice) for choice in key.choices))
        place = problem.place
        yield rule.at(
            problem.label.span,
            f"{given} is not a valid choice for {key.path}{did_you_mean(near[0] if near else None)}",
            key=key.path,
            fix=fix(Edit(place, near[0]), f"choose {near[0]}", safe=True) if near and place is not None else None,
            help=f"{key.path} is {key.expects}",
        )
