"""Which curves a run is held against: the published ones of its task, or a file of own curves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import get_args

from dreamerguard.logs import RunLog
from dreamerguard.regression.published import (
    Calibration,
    Envelope,
    Method,
    ReferenceSet,
    Release,
    load_calibration,
    load_envelope,
    load_reference_file,
    releases,
)
from dreamerguard.schema.tasks import UnknownTask, find_task


class NoReference(LookupError):
    """There are no curves to hold a run against. The message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The curves of one task.

    Attributes:
      envelope, calibration, method: for `judge`.
      published_rate: gradient updates per 1000 environment frames of the published run; None where unknown.
      caveats: what was assumed, and what differs between the run and the reference.
    """

    envelope: Envelope
    calibration: Calibration
    method: Method
    published_rate: float | None
    caveats: tuple[str, ...]


def find_reference(log: RunLog, task: str | None, suite: str | None, name: str | None) -> Reference:
    """The curves for a run.

    Args:
      log: the run; its directory may tell task, suite, action repeat and length.
      task, suite: what the user says; wins over the directory.
      name: ``2024`` or ``2023`` for the published curves, else a file of ``dreamerguard reference build``; by default
        the newest published curves.

    Raises:
      NoReference: the task is unknown or has no curves.
    """
    task = task or log.facts.task
    if task is None:
        raise NoReference("the log does not tell the task: set --task, for example --task dmc_walker_walk")
    given = suite or log.facts.suite or _suite_by_length(task, log.facts.frames)
    if not is_published(name):
        return _own(log, task, given, Path(str(name)))
    try:
        found = find_task(task, given)
    except UnknownTask as error:
        raise NoReference(str(error)) from error
    known = releases(found.suite)
    if not known or (name and name not in known):
        what = f"the suite {found.suite} in release {name}" if known else f"the suite {found.suite}"
        raise NoReference(f"no curves of DreamerV3 are published for {what}; build a reference from own runs with"
                          " `dreamerguard reference build`")  # fmt: skip
    release: Release = "2023" if name == "2023" or "2024" not in known else "2024"
    envelope, calibration = load_envelope(found.suite, found.name, release), load_calibration(found.suite, release)
    if envelope is None or calibration is None:
        raise NoReference(f"no curves of DreamerV3 are published for {found.name} in suite {found.suite}")
    rate = found.updates_per_1000_frames(envelope.edition) if envelope.edition in found.editions else None
    caveats = [] if given or log.layout.states_suite else _guessed_suite(found.suite, task)
    caveats += [envelope.note] if envelope.note else []
    return Reference(envelope, *calibration, rate, (*caveats, *_differences(log, envelope)))


@cache
def own_curves(path: Path) -> ReferenceSet:
    """A reference file, kept in memory once read; see `load_reference_file`."""
    return load_reference_file(path)


def is_published(name: str | None) -> bool:
    """Whether a ``--reference`` means published curves and not a file."""
    return name is None or name in get_args(Release)


def _own(log: RunLog, task: str, suite: str | None, path: Path) -> Reference:
    try:
        curves = own_curves(path)
    except ValueError as error:
        raise NoReference(str(error)) from error
    if suite and suite != curves.suite:
        raise NoReference(f"{path} holds curves of suite {curves.suite}, not {suite}")
    envelope = curves.envelopes.get(task)
    if envelope is None:
        raise NoReference(f"{path} holds no curves of {task}; it has {', '.join(curves.envelopes)}")
    caveats = (*([curves.note] if curves.note else []), *_differences(log, envelope))
    return Reference(envelope, curves.calibration, curves.method, None, caveats)


def _suite_by_length(task: str, frames: float | None) -> str | None:
    """Atari runs of at most a million frames are Atari 100k; its curves have 400K frames, those of Atari 200M."""
    return "atari100k" if task.startswith("atari_") and frames is not None and frames <= 1e6 else None


def _guessed_suite(suite: str, task: str) -> list[str]:
    if not task.startswith(("dmc_", "atari_")):
        return []
    return [f"the log does not tell the suite: taken for {suite}, set --suite if the run is of another"]


def _differences(log: RunLog, envelope: Envelope) -> list[str]:
    found = []
    repeat, frames = log.facts.action_repeat, log.facts.frames
    if repeat is not None and repeat != envelope.action_repeat:
        found.append(f"the run plays {repeat} frames per action, the reference {envelope.action_repeat}")
    if log.facts.edition and log.facts.edition != envelope.edition and envelope.release != "own":
        found.append(f"the run follows edition {log.facts.edition}, the curves show {envelope.edition}")
    if log.scores[1] == "eval":
        found.append("scores are of evaluations, the reference's of training episodes: evaluations sit higher")
    if frames is not None and frames < 0.9 * envelope.budget:
        found.append(f"the run plans {frames:,.0f} frames, the reference has {envelope.budget:,}")
    return found
