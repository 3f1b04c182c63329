"""The preset does not exist.

What it does:
  Looks every name after ``--configs`` up in the program's ``configs.yaml``. When that file is not visible, upstream's
  file is used. An unknown name is then only information unless a similar preset exists, because a fork may have the
  preset.

Why is this bad:
  The program stops with a KeyError before it trains.

How to fix:
  Use the suggested name. Presets change between versions: read the file of the checkout that you run.

References:
  https://github.com/danijar/dreamerv2/issues/31
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Confidence, Finding, Problem, Severity
from dreamerguard.core.run import ResolvedRun, fix
from dreamerguard.core.source import Edit
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.util.hints import did_you_mean, nearest

rule = Rule("DG311", "unknown-preset", Severity.ERROR, dialects=("danijar", "nm512_torch"))

GOOD = [
    Example("python dreamerv3/main.py --configs crafter --logdir logs"),
    Example("python dreamerv3/main.py --configs $CONFIG --logdir logs"),
]
BAD = [
    Example(
        "python dreamerv3/main.py --configs craftr --logdir logs",
        mark="craftr",
        fixed="python dreamerv3/main.py --configs crafter --logdir logs",
    ),
    Example("python dreamerv3/main.py --configs tetris --logdir logs", mark="tetris"),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Offers the nearest preset."""
    for problem in run.problems:
        if problem.rule == rule.name:
            yield _finding(problem)


def _finding(problem: Problem) -> Finding:
    names = problem.help.split(", ")
    near = nearest(problem.key, names)
    seen = problem.value is True
    edit = Edit(problem.place, near[0]) if near and problem.place is not None else None
    return rule.at(
        problem.label.span,
        f"{problem.message}{did_you_mean(near[0] if near else None)}",
        key=problem.key,
        severity=None if seen or near else Severity.INFO,
        confidence=None if seen else Confidence.MEDIUM,
        fix=fix(edit, f"use {near[0]}", safe=True) if edit is not None else None,
        help=f"presets: {problem.help}" if seen else "run dreamerguard in the checkout to read the presets there",
    )
