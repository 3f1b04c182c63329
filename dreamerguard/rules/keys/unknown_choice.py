"""The value is not one of the key's choices.

What it does:
  Reports a size, edition, purpose, platform or other named choice that does not exist, and suggests the nearest one.
  In a fork, reports values that its code refuses: the code decides by the setting in a chain of conditions with
  ``else: raise``, in ``match``, in a dictionary of choices or in an assertion, and does not accept the value.

Why is this bad:
  The run does not start, or stops when it reaches that code.

How to fix:
  Use one of the choices. ``dreamerguard explain KEY`` lists those of the bundled trainer; the finding names the line of
  the fork's code. If the value is new, add a branch for it there.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Problem, Severity
from dreamerguard.core.run import ResolvedRun, fix
from dreamerguard.core.source import Edit
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.helpers.example_files import TORCH_COMMAND, with_torch_preset
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.util.hints import did_you_mean, nearest

rule = Rule("DG304", "unknown-choice", Severity.ERROR)

_SCRIPT = {
    "dreamer.py": """
import pathlib
path = pathlib.Path("configs.yaml")

def main(config):
  if config.critic["loss"] == "huber":
    return 1
  elif config.critic["loss"] in ("mse", "symlog"):
    return 2
  else:
    raise NotImplementedError(config.critic["loss"])
"""
}

GOOD = [
    Example("dreamerguard train dmc_walker_walk size=size25m edition=paper-2023"),
    Example(TORCH_COMMAND, files=with_torch_preset("critic: {loss: mse}") | _SCRIPT),
]
BAD = [
    Example(
        "dreamerguard train dmc_walker_walk size=size25",
        mark="size=size25",
        fixed="dreamerguard train dmc_walker_walk size=size25m",
    ),
    Example("dreamerguard train dmc_walker_walk edition=2030", mark="edition=2030"),
    Example(TORCH_COMMAND, files=with_torch_preset("critic: {loss: l1}") | _SCRIPT, mark="loss: l1"),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Offers the nearest choice."""
    for problem in run.problems:
        if problem.rule == rule.name:
            yield _refused(problem) if problem.message else _unknown(run, problem)


def _unknown(run: ResolvedRun, problem: Problem) -> Finding:
    """Returns the finding of a value that the table of keys does not list."""
    key = run.keys[problem.key]
    given = spell_scalar(problem.value)
    near = nearest(given, (spell_scalar(choice) for choice in key.choices))
    place = problem.place
    return rule.at(
        problem.label.span,
        f"{given} is not a valid choice for {key.path}{did_you_mean(near[0] if near else None)}",
        key=key.path,
        fix=fix(Edit(place, near[0]), f"choose {near[0]}", safe=True) if near and place is not None else None,
        help=f"{key.path} is {key.expects}",
    )


def _refused(problem: Problem) -> Finding:
    """Returns the finding of a value that the code of a checkout refuses."""
    choices = problem.help.split(", ")
    near = nearest(str(problem.value), choices) if isinstance(problem.value, str) else []
    return rule.at(
        problem.label.span,
        problem.message + did_you_mean(near[0] if near else None),
        key=problem.key,
        severity=problem.severity,
        fix=fix(Edit(problem.place, near[0]), f"choose {near[0]}", safe=True)
        if near and problem.place is not None
        else None,
        help=f"it takes {problem.help}",
    )
