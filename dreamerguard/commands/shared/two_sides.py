"""Reads the two sides of `compare` and of a `report` about two sides, or ends the command with the reason why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import fail

if TYPE_CHECKING:
    from dreamerguard.regression.compare.compared_runs import Material
    from dreamerguard.regression.reference.comparability import Side

#: Task, suite and action repeat as typed; None without the option.
Given = tuple[str | None, str | None, int | None]


def read_material(
    candidates: Sequence[Path], baseline: Sequence[Path], reference: str | None, given: Given, allow: Sequence[str]
) -> Material:
    """Returns the input of a comparison. Ends the command if runs cannot be read or are not comparable.

    Args:
      candidates, baseline: runs or folders of runs; ``baseline`` is empty with a reference.
      reference: release or file of the reference; None with baseline runs.
      given: task, suite and action repeat that the logs do not state.
      allow: properties that may differ.
    """
    from dreamerguard.regression.compare.compared_runs import against_reference, against_runs
    from dreamerguard.regression.reference.comparability import NotComparable

    ours, theirs, skipped = read_both(candidates, baseline, given, allow)
    try:
        material = against_reference(ours, reference, allow) if reference else against_runs(ours, theirs, allow)
    except NotComparable as error:
        fail(str(error))
    return replace(material, caveats=(*material.caveats, *skipped))


def read_both(
    candidates: Sequence[Path], baseline: Sequence[Path], given: Given, allow: Sequence[str]
) -> tuple[list[Side], list[Side], list[str]]:
    """Returns the runs of both sides, and one line for each file that is left out. See `read_material`."""
    from dreamerguard.logs import LogError
    from dreamerguard.logs.follow import find_runs
    from dreamerguard.regression.compare.compared_runs import read_sides
    from dreamerguard.regression.reference.comparability import MUST_AGREE, NotComparable

    unknown = [name for name in allow if name not in MUST_AGREE]
    if unknown:
        fail(f"--allow {unknown[0]}: unknown; use one of {', '.join(MUST_AGREE)}")
    skipped: list[str] = []
    new, old = (find_runs(without_files(side, skipped)) for side in (candidates, baseline))
    require_apart(new, old)
    try:
        return read_sides(new, *given), read_sides(old, *given), skipped
    except (LogError, NotComparable) as error:
        fail(str(error))


def without_files(paths: Sequence[Path], skipped: list[str]) -> list[Path]:
    """Returns the paths without the files that a shell's ``*`` adds. Paths that are all files stay as they are.

    Args:
      paths: existing paths; the command ends if one does not exist.
      skipped: gets one line for each file that is left out.
    """
    from dreamerguard.util.paths import exists, is_dir

    for path in paths:
        if not exists(path):
            hint = "; the shell expands * only after a space, not after =" if "*" in path.name else ""
            fail(f"{path} does not exist{hint}")
    folders = [path for path in paths if is_dir(path)]
    if not folders:
        return list(paths)
    skipped += [f"{path} is a file, not a run: it is left out" for path in paths if path not in folders]
    return folders


def require_apart(candidates: Sequence[Path], baseline: Sequence[Path]) -> None:
    """Ends the command if a run is on both sides: its comparison with itself would count as evidence."""
    theirs = {run.resolve() for run in baseline}
    both = [str(run) for run in candidates if run.resolve() in theirs]
    if both:
        verb = "is" if len(both) == 1 else "are"
        fail(f"{', '.join(both)} {verb} both candidate and baseline; give different runs on the two sides")
