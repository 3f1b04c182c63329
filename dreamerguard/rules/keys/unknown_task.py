"""The task does not exist.

What it does:
  Reports a task that no suite lists, or that the chosen suite does not list, and suggests the nearest names. For
  other training programs than the bundled trainer, reports names that are near to a known task, and suites that the
  program cannot make. An Atari game in a spelling that the Arcade Learning Environment lacks is an error.

Why is this bad:
  The environment cannot be made, and there are no published numbers to check the run against.

How to fix:
  Use a listed task: ``dreamerguard tasks`` lists the suites, ``dreamerguard tasks --suite SUITE`` the tasks of one.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Confidence, Finding, Severity
from dreamerguard.core.run import ResolvedRun, fix
from dreamerguard.core.source import Edit
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.util.hints import did_you_mean, nearest

rule = Rule("DG302", "unknown-task", Severity.ERROR)

GOOD = [Example("dreamerguard train dmc_walker_walk")]
BAD = [
    Example(
        "dreamerguard train dmc_walker_wlak",
        mark="dmc_walker_wlak",
        fixed="dreamerguard train dmc_walker_walk",
    ),
    Example("dreamerguard train dmc_no_such_thing", mark="dmc_no_such_thing"),
    Example(
        "python dreamerv3/main.py --configs dmc_proprio --task dmc_walker_wlk",
        mark="--task dmc_walker_wlk",
        fixed="python dreamerv3/main.py --configs dmc_proprio --task dmc_walker_walk",
    ),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Reports an unknown task, with a fix if one name is near."""
    for problem in run.problems:
        if problem.rule != rule.name:
            continue
        if problem.value is None:  # the program cannot read the name at all
            yield rule.from_problem(problem)
            continue
        setting = run.setting("task")
        native = run.dialect == "native"
        place = setting.last.value_span if setting is not None else None
        near = nearest(str(problem.value), problem.help.split(", "))
        best = near[0] if near else ""
        yield rule.at(
            problem.label.span,
            problem.message + did_you_mean(best),
            key=problem.key,
            severity=problem.severity or (None if native else Severity.WARNING),
            confidence=None if native or problem.severity else Confidence.MEDIUM,
            fix=fix(Edit(place, best), f"train {best}", safe=True) if best and place is not None else None,
            help=_hint(problem.help) if native else "",
        )


def _hint(suggestions: str) -> str:
    listed = "`dreamerguard tasks` lists the suites, `dreamerguard tasks --suite SUITE` their tasks"
    return f"similar names: {suggestions}; {listed}" if suggestions else listed
