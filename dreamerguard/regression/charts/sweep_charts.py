"""Draws the curves of a sweep: one chart per task, one colour per combination, over the reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from dreamerguard.regression.statistics.binned_curve import Curve, to_cells
from dreamerguard.regression.sweep.board import FEWEST
from dreamerguard.regression.sweep.references import TaskReference
from dreamerguard.regression.sweep.runs import SweepRun, by_combination, by_task
from dreamerguard.util.text import number_of, shortened

from .curves import CELLS, CellMeans, envelope_means, mean_of
from .html import axis_figure, count
from .run_charts import STYLES
from .svg import Band, Chart, Line, Point

#: Combinations that a chart shows; the others stand in the tables.
SHOWN = STYLES


def task_charts(
    runs: Sequence[SweepRun], references: Mapping[str, TaskReference], labels: Sequence[str]
) -> Iterator[Chart]:
    """Yields a chart for each task with scores.

    Args:
      runs: the runs.
      references: key -> reference curves.
      labels: combinations to draw, at most `SHOWN`; a combination has the same colour in all charts.
    """
    for index, (task, group) in enumerate(by_task(runs).items()):
        drawn = {label: found for label, found in by_combination(group).items() if label in labels}
        if any(run.reached for found in drawn.values() for run in found):
            yield _chart(f"task-{index}", task, drawn, references.get(group[0].reference_key), labels)


def _chart(
    name: str,
    task: str,
    groups: Mapping[str, Sequence[SweepRun]],
    reference: TaskReference | None,
    labels: Sequence[str],
) -> Chart:
    end = max(run.budget for group in groups.values() for run in group)
    envelope = reference.envelope if reference and end >= FEWEST * reference.grid[0] else None
    cells = CellMeans(envelope.grid if envelope else [end * (i + 1) / CELLS for i in range(CELLS)])
    bands, median = envelope_means(envelope) if envelope else ((), ())
    bands = tuple(Band(band.label, [point for point in band.points if point[0] <= end]) for band in bands)
    median = tuple(replace(line, points=[point for point in line.points if point[0] <= end]) for line in median)
    thin: list[Line] = []
    thick: list[Line] = []
    for label in labels:
        curves = [_curve(run, cells) for run in groups.get(label, ()) if run.reached]
        style = f"run-{labels.index(label) % STYLES}"
        thin += [_line("", points, f"{style} seed") for curve in curves if (points := cells.points(curve))]
        if points := cells.points(mean_of(curves)) if curves else []:
            thick.append(_line(f"{shortened(label, 48)}: {number_of(len(curves), 'seed')}", points, f"{style} side"))
    text = f"Scores over environment frames, {cells.name}, of {number_of(len(groups), 'combination')}."
    lines = (*median, *thin, *thick)
    return Chart(name, f"{task}: scores, {cells.name}", text, lines, end, count, axis_figure, bands)


def _line(label: str, points: Sequence[Point], style: str) -> Line:
    """Returns a line, or a dot for a single point."""
    return Line(label, points, style if len(points) > 1 else f"{style} dots")


def _curve(run: SweepRun, cells: CellMeans) -> Curve:
    return to_cells(*run.up_to(cells.grid[-1]), cells.grid, run.reached)
