"""An option is abbreviated.

What it does:
  Reports options that the program completes to a longer option.

Why is this bad:
  The abbreviation works until another option with the same beginning appears, for example through a preset. Then the
  program stops, or uses the new option.

How to fix:
  Write the full option.

References:
  https://github.com/NM512/dreamerv3-torch/issues/75
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun, fix
from dreamerguard.core.source import Edit
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG331", "abbreviated-flag", Severity.INFO, dialects=("nm512_torch",))

GOOD = [Example("python dreamer.py --configs dmc_vision --task dmc_walker_walk --logdir logs")]
BAD = [
    Example(
        "python dreamer.py --config dmc_vision --task dmc_walker_walk --logdir logs",
        mark="config",
        fixed="python dreamer.py --configs dmc_vision --task dmc_walker_walk --logdir logs",
    ),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    for problem in run.problems:
        if problem.rule == rule.name and problem.place is not None:
            whole = fix(Edit(problem.place, problem.key), f"write --{problem.key}", safe=False)
            yield rule.at(problem.label.span, problem.message, key=problem.key, fix=whole)
