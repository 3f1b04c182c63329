"""Reads run directories into the input of `compare`: seeds grouped by task, on one grid, and only if comparable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dreamerguard.logs import read_run
from dreamerguard.regression.published import Envelope, load_calibration, releases
from dreamerguard.regression.reference.choice import NoReference, find_reference
from dreamerguard.regression.reference.comparability import NotComparable, Side, agree, check_reference_fits, drift
from dreamerguard.regression.reference.judged_scores import judged_scores
from dreamerguard.regression.statistics.binned_curve import Curve, relative_spread, to_cells
from dreamerguard.schema.tasks import UnknownTask, find_task

from .decision import TaskSeeds
from .questions import question_sides

#: Suite and task -> frames.
Ends = Mapping[tuple[str, str], float]

#: Number of cells of the common budget if no reference gives a grid.
CELLS = 50


@dataclass(frozen=True, slots=True)
class Material:
    """The input of a comparison.

    Attributes:
      tasks: argument of `compare`.
      caveats: assumptions, allowed differences and cuts.
    """

    tasks: tuple[TaskSeeds, ...]
    caveats: tuple[str, ...]


def read_sides(
    runs: Iterable[Path], task: str | None = None, suite: str | None = None, action_repeat: int | None = None
) -> list[Side]:
    """Reads runs. ``task``, ``suite`` and ``action_repeat`` override the values that a run states.

    Raises:
      dreamerguard.logs.LogError: a run cannot be read.
      NotComparable: a run has no scores, or no known task.
    """
    sides = []
    for run in runs:
        log = read_run(run, action_repeat)
        if not len(log.scores[0]):
            why = "; ".join(str(problem) for problem in log.problems if problem.loses_rows)
            raise NotComparable(f"{run} has no scores" + (f": {why}" if why else ""))
        name = task or log.facts.task
        if name is None:
            raise NotComparable(f"{run} does not state its task: set --task")
        try:
            found = find_task(name, suite or log.facts.suite)
        except UnknownTask as error:
            if suite or log.facts.suite or task:
                sides.append(Side(log, name, suite or log.facts.suite or name.split("_")[0]))
                continue
            raise NotComparable(f"{run}: {error} A custom task needs --task and --suite") from error
        sides.append(Side(log, found.name, found.suite))
    return sides


def lost_rows(sides: Iterable[Side]) -> list[str]:
    """Returns a caveat for each log of which rows are left out."""
    return [f"{side.log.directory}/{item}" for side in sides for item in side.log.problems if item.loses_rows]


def against_runs(
    candidates: Sequence[Side], baselines: Sequence[Side], allow: Sequence[str] = (), ends: Ends | None = None
) -> Material:
    """Pairs candidate and baseline runs by task, cut to the shortest run of each task.

    Args:
      candidates, baselines: runs of both sides.
      allow: properties that may differ.
      ends: frames up to which the runs of each task are compared; by default those of the shortest run.

    Raises:
      NotComparable: the runs share no task, or differ in a property that must agree.
    """
    caveats = question_sides(candidates, baselines)
    caveats += [*agree([*candidates, *baselines], allow), *lost_rows([*candidates, *baselines])]
    caveats += drift(candidates, baselines)
    tasks = []
    spreads: dict[str, list[list[Curve]]] = {}
    for key in _common_tasks(candidates, baselines, caveats):
        both = [[side for side in group if (side.suite, side.task) == key] for group in (baselines, candidates)]
        end = ends[key] if ends else min(side.log.frames for group in both for side in group)
        longest = max(side.log.frames for group in both for side in group)
        if end < 0.9 * longest and not ends:
            caveats.append(f"{key[1]}: compared up to {end:,.0f} frames, the end of the shortest run")
        grid = [end * (i + 1) / CELLS for i in range(CELLS)]
        base, cand = (_curves(group, grid) for group in both)
        spreads.setdefault(key[0], []).append(base)
        tasks.append((key, base, cand))
    known = {suite: published_spread(suite) or relative_spread(curves, 0.16) for suite, curves in spreads.items()}
    return Material(
        tuple(TaskSeeds(key[1], key[0], tuple(base), tuple(cand), known[key[0]]) for key, base, cand in tasks),
        tuple(caveats),
    )


def against_reference(
    candidates: Sequence[Side], name: str | None, allow: Sequence[str] = (), ends: Ends | None = None
) -> Material:
    """Pairs candidates with published or custom reference curves, cut to the shortest candidate of each task.

    Args:
      candidates: runs of the candidate.
      name: ``2024``, ``2023`` or a file of curves.
      allow: properties that may differ.
      ends: frames up to which the runs of each task are compared; by default those of the shortest run.

    Raises:
      NotComparable: there are no such curves, or a property that must agree differs.
    """
    caveats = [*agree(candidates, allow), *lost_rows(candidates)]
    tasks = []
    for key in dict.fromkeys((side.suite, side.task) for side in candidates):
        group = [side for side in candidates if (side.suite, side.task) == key]
        try:
            reference = find_reference(group[0].log, key[1], key[0], name)
        except NoReference as error:
            raise NotComparable(str(error)) from error
        caveats += check_reference_fits(group, reference, allow)
        envelope = reference.envelope
        end = ends[key] if ends else min(side.log.frames for side in group)
        cells = sum(edge <= end * (1 + 1e-9) + 0.5 * envelope.grid[0] for edge in envelope.grid)
        if cells < len(envelope.grid) // 10:
            raise NotComparable(
                f"{key[1]}: a run of {end:,.0f} frames is too short for a budget of {envelope.budget:,}"
            )
        if cells < 0.9 * len(envelope.grid):
            caveats.append(f"{key[1]}: compared up to {envelope.grid[cells - 1]:,.0f} of {envelope.budget:,} frames")
        grid = envelope.grid[:cells]
        cand = tuple(_curves(group, grid, envelope))
        base = tuple(tuple(curve[:cells]) for curve in envelope.curves)
        whole = cells == len(envelope.grid)
        prior = reference.calibration.spread
        tasks.append(TaskSeeds(key[1], key[0], base, cand, prior, reference.calibration if whole else None))
    return Material(tuple(tasks), tuple(dict.fromkeys(caveats)))


def _curves(group: Sequence[Side], grid: Sequence[float], envelope: Envelope | None = None) -> list[Curve]:
    """Returns the curve of each run. Raises NotComparable if a run has no score in the compared frames."""
    curves: list[Curve] = []
    for side in group:
        scores = judged_scores(side.log, envelope)[0]
        curve: Curve = tuple(to_cells(scores.frames, scores.values, grid))
        if all(value is None for value in curve):
            raise NotComparable(f"{side.log.directory} has no score in the compared {grid[-1]:,.0f} frames")
        curves.append(curve)
    return curves


def _common_tasks(candidates: Sequence[Side], baselines: Sequence[Side], caveats: list[str]) -> list[tuple[str, str]]:
    ours, theirs = ({(side.suite, side.task) for side in group} for group in (candidates, baselines))
    if not ours & theirs:
        names = (", ".join(sorted(f"{task} ({suite})" for suite, task in group)) for group in (ours, theirs))
        raise NotComparable("candidates and baselines share no task: {} against {}".format(*names))
    caveats += [f"{task} ({suite}) is on one side only and is left out" for suite, task in sorted(ours ^ theirs)]
    return sorted(ours & theirs)


def published_spread(suite: str) -> float | None:
    """Returns the relative spread of a suite's published seeds; None without curves."""
    known = releases(suite)
    stored = load_calibration(suite, known[0]) if known else None
    return stored[0].spread if stored else None
