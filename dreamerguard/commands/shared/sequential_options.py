"""The options of ``compare --sequential``, and one call of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .errors import fail
from .two_sides import Given, read_both

if TYPE_CHECKING:
    from dreamerguard.regression.compare.decision import Outcome

#: File of the plan without ``--plan``, in the working directory.
PLAN_FILE = Path("sequential-plan.json")

Sequential = Annotated[
    bool,
    typer.Option("--sequential", help="Look after each batch of seeds, and say whether more seeds are needed."),
]
PlanFile = Annotated[
    Path | None,
    typer.Option("--plan", help=f"File that keeps the plan and the runs of --sequential. Default: {PLAN_FILE}"),
]
MaxSeeds = Annotated[
    int | None,
    typer.Option("--max-seeds", min=1, max=100, help="With --sequential: most candidate seeds per task. Default: 5"),
]
Looks = Annotated[
    str | None,
    typer.Option("--looks", help="With --sequential: candidate seeds per task at each look, for example 2,3,5."),
]


@dataclass(frozen=True, slots=True)
class SequentialWords:
    """The options of a sequential comparison as typed; None where an option was not typed."""

    plan: Path | None
    max_seeds: int | None
    looks: str | None
    margin: float | None
    seed: int | None


def compare_sequentially(
    words: SequentialWords,
    sides: tuple[Sequence[Path], Sequence[Path]],
    reference: str | None,
    given: Given,
    allow: Sequence[str],
    form: str,
) -> tuple[Outcome, str]:
    """Makes the looks that the runs allow; returns the verdict so far and the report.

    Ends the command if runs cannot be read, are not comparable, or do not fit the plan.

    Args:
      words: options of the sequential comparison.
      sides: candidate and baseline runs or folders of runs.
      reference: release or file of the reference; None with baseline runs.
      given: task, suite and action repeat that the logs do not state.
      allow: properties that may differ.
      form: output format.
    """
    from dreamerguard.regression.compare.sequential_plan import PlanError
    from dreamerguard.regression.compare.sequential_report import SEQUENTIAL_FORMATS
    from dreamerguard.regression.compare.sequential_session import Wishes, continue_comparison
    from dreamerguard.regression.reference.comparability import NotComparable

    path = words.plan or PLAN_FILE
    ours, theirs, skipped = read_both(*sides, given, allow)
    wishes = Wishes(_numbers(words.looks), words.max_seeds, words.margin, words.seed, reference, tuple(allow))
    try:
        result, caveats = continue_comparison(path, ours, theirs, wishes)
    except (PlanError, NotComparable) as error:
        fail(str(error))
    skipped = [line for line in skipped if not line.startswith(f"{path} ")]
    return result.comparison.outcome, SEQUENTIAL_FORMATS[form](result, path, (*caveats, *skipped))


def _numbers(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    words = text.split(",")
    if not all(word.strip().isdecimal() for word in words):
        fail(f"--looks {text}: write numbers of seeds with commas, for example 2,3,5")
    return tuple(int(word) for word in words)
