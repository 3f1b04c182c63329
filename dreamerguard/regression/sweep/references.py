"""The reference curves of a sweep's tasks: published ones, or a file of ``dreamerguard reference build``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dreamerguard.regression.published import (
    Calibration,
    Envelope,
    Method,
    load_calibration,
    load_envelope,
    task_releases,
)
from dreamerguard.regression.reference.choice import is_published, own_curves
from dreamerguard.regression.statistics.binned_curve import Curve
from dreamerguard.regression.statistics.seed_band import SeedBand
from dreamerguard.regression.watch.verdict import WATCH_RATE, p_value
from dreamerguard.schema.tasks import UnknownTask, find_task

from .track import Track


@dataclass(frozen=True, slots=True)
class TaskReference:
    """The curves that the runs of a task are compared with.

    Attributes:
      grid: right edge of each cell in environment frames, ascending and equally spaced.
      tracks: curves of the seeds.
      band: middle and width of the seeds.
      calibration: false alarm statistics of the reference's suite.
      decidable: whether one run that learns nothing would be called too low at some look.
      envelope: the whole reference, for charts; None for curves without one.
    """

    grid: tuple[float, ...]
    tracks: tuple[Track, ...]
    band: SeedBand
    calibration: Calibration
    decidable: bool
    envelope: Envelope | None = None

    @classmethod
    def of(cls, envelope: Envelope, calibration: Calibration, method: Method) -> TaskReference:
        """Takes the curves of an envelope, with the statistics of its suite."""
        return cls.from_curves(envelope.grid, envelope.curves, calibration, method, envelope)

    @classmethod
    def from_curves(
        cls,
        grid: Sequence[float],
        curves: Sequence[Curve],
        calibration: Calibration,
        method: Method,
        envelope: Envelope | None = None,
    ) -> TaskReference:
        """Takes the curves of some seeds."""
        band = SeedBand.of(curves, calibration.spread, method)
        flat = max(band.deficits([band.start] * len(grid)))
        decidable = p_value(flat, calibration) <= WATCH_RATE
        return cls(tuple(grid), tuple(map(Track.of, curves)), band, calibration, decidable, envelope)


def task_references(
    tasks: Iterable[str], *, suite: str | None = None, name: str | None = None
) -> tuple[dict[str, TaskReference], tuple[str, ...]]:
    """Returns the reference of each task that has one, and a note for each that has none.

    Args:
      tasks: names of tasks; unknown names have no reference.
      suite: suite of the tasks, if it is known.
      name: release of published curves, or a file of ``dreamerguard reference build``; by default the newest curves.

    Raises:
      ValueError: the file cannot be read or is no reference file.
    """
    found: dict[str, TaskReference] = {}
    notes: list[str] = []
    for task in dict.fromkeys(tasks):
        curves = _published(task, suite, name) if is_published(name) else _own(task, name)
        if curves is None or curves[0].measure != "return" or curves[0].episodes != "train":
            notes.append(f"no reference curves of training episodes for {task}: its runs are compared with each other")
        else:
            found[task] = TaskReference.of(*curves)
    return found, tuple(notes)


def _published(task: str, suite: str | None, name: str | None) -> tuple[Envelope, Calibration, Method] | None:
    try:
        known = find_task(task, suite)
    except UnknownTask:
        return None
    release = next((one for one in task_releases(known.suite, known.name) if name in (None, one)), None)
    envelope = load_envelope(known.suite, known.name, release) if release else None
    statistics = load_calibration(known.suite, release) if release else None
    return (envelope, *statistics) if envelope and statistics else None


def _own(task: str, name: str | None) -> tuple[Envelope, Calibration, Method] | None:
    curves = own_curves(Path(str(name)))
    envelope = curves.envelopes.get(task)
    return (envelope, curves.calibration, curves.method) if envelope else None
