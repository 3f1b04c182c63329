"""Finds the two sides among the arguments of `report` and compares them as `compare` does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import CommandFailed, fail, note
from .two_sides import Given, read_material

if TYPE_CHECKING:
    from dreamerguard.regression.charts.two_sides import TwoSides


@dataclass(frozen=True, slots=True)
class Sides:
    """The runs of a report.

    Attributes:
      runs: run directories, candidates first.
      candidates, baseline: arguments of the two sides; ``baseline`` is empty for a report of one side.
      count: number of candidates among the runs.
      assumed: whether the order of two folders made the sides, and not ``--baseline``.
    """

    runs: tuple[Path, ...]
    candidates: tuple[Path, ...]
    baseline: tuple[Path, ...] = ()
    count: int = 0
    assumed: bool = False


def split_sides(runs: Sequence[Path], baseline: Sequence[Path]) -> Sides:
    """Returns the sides: runs and baselines, or the first and the second of two folders of runs.

    Args:
      runs, baseline: arguments of the command that exist; the command ends if they are files.
    """
    from dreamerguard.logs.follow import find_runs
    from dreamerguard.logs.row_sources import SUFFIXES
    from dreamerguard.util.paths import is_dir

    for path in (*runs, *baseline):
        if not is_dir(path) and path.suffix not in SUFFIXES:
            fail(f"{path} is not a directory, and no export of W&B ({', '.join(SUFFIXES)})")
    ours, theirs = find_runs(runs), find_runs(baseline)
    if baseline:
        return Sides((*ours, *theirs), tuple(runs), tuple(baseline), len(ours))
    folders = [find_runs([run]) for run in runs]
    if len(runs) == 2 and all(found != [run] for found, run in zip(folders, runs, strict=True)):
        return Sides(tuple(ours), (runs[0],), (runs[1],), len(folders[0]), assumed=True)
    return Sides(tuple(ours), tuple(runs))


def compare_sides(sides: Sides, given: Given, margin: float, allow: Sequence[str]) -> TwoSides | None:
    """Returns the comparison of the sides; None for one side, and for assumed sides that cannot be compared.

    Args:
      sides: result of `split_sides`.
      given: task, suite and action repeat that the logs do not state.
      margin, allow: as in `compare`.
    """
    if not sides.baseline:
        return None
    from dreamerguard.regression.charts.two_sides import TwoSides
    from dreamerguard.regression.compare.comparison_report import COLUMNS, LEGEND, comparison_facts, comparison_table
    from dreamerguard.regression.compare.decision import decide

    try:
        material = read_material(sides.candidates, sides.baseline, None, given, allow)
    except CommandFailed as error:
        if not sides.assumed:
            raise
        note(f"note: the two folders are not compared: {error.message}")
        return None
    result = decide(material.tasks, margin)
    names = side_names(sides.candidates, sides.baseline)
    order = f"{names[0]} is the candidate because it was named first; --baseline states it"
    return TwoSides(
        result.outcome.value, result.reason, names,
        tuple(int(index >= sides.count) for index in range(len(sides.runs))),
        COLUMNS, tuple(comparison_table(result)), LEGEND, tuple(comparison_facts(result)),
        (*((order,) if sides.assumed else ()), *material.caveats),
    )  # fmt: skip


def side_names(candidates: Sequence[Path], baseline: Sequence[Path]) -> tuple[str, str]:
    """Returns short names of the sides: the folder or the common parent of the runs, else candidate and baseline."""
    ours, theirs = (_name(side) for side in (candidates, baseline))
    return (ours, theirs) if ours and theirs and ours != theirs else ("candidate", "baseline")


def _name(paths: Sequence[Path]) -> str:
    found = [path.resolve() for path in paths]
    if len(found) == 1:
        return found[0].name
    parents = {path.parent for path in found}
    return parents.pop().name if len(parents) == 1 else ""
