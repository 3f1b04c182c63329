"""Chooses the reference curves of a run: the published curves of its task, or a custom reference file."""

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
from dreamerguard.regression.published.agents import curves_caveat
from dreamerguard.schema.suites import has_free_names
from dreamerguard.schema.tasks import UnknownTask, find_task
from dreamerguard.util.text import number_of


class NoReference(LookupError):
    """No reference curves match a run. The message states the reason and the fix."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The reference of one run.

    Attributes:
      envelope, calibration, method: arguments of `judge`.
      published_rate: gradient updates per 1000 environment frames of the published run; None if unknown.
      caveats: assumptions, and differences between the run and the reference.
    """

    envelope: Envelope
    calibration: Calibration
    method: Method
    published_rate: float | None
    caveats: tuple[str, ...]


def find_reference(log: RunLog, task: str | None, suite: str | None, name: str | None) -> Reference:
    """Returns the reference of a run.

    Args:
      log: the run; its directory may state task, suite, action repeat and length.
      task, suite: the user's values; they override those of the directory.
      name: ``2024`` or ``2023`` for published curves, or a file of ``dreamerguard reference build``; by default the
        newest published curves.

    Raises:
      NoReference: the task is unknown or has no curves.
    """
    task = task or log.facts.task
    if task is None:
        raise NoReference("the log does not state the task: set --task, for example --task dmc_walker_walk")
    given = suite or log.facts.suite or _suite_by_length(task, log.facts.frames)
    if not is_published(name):
        return _custom_reference(log, task, given, Path(str(name)))
    try:
        found = find_task(task, given)
    except UnknownTask as error:
        if given is None and (has_free_names(task) or log.facts.settings.get("env.make")):
            raise NoReference(_unpublished(task)) from error
        raise NoReference(str(error)) from error
    known = releases(found.suite)
    if not known or (name and name not in known):
        what = f"the suite {found.suite} in release {name}" if known else f"the suite {found.suite}"
        raise NoReference(_unpublished(what))
    release: Release = "2023" if name == "2023" or "2024" not in known else "2024"
    envelope, calibration = load_envelope(found.suite, found.name, release), load_calibration(found.suite, release)
    if envelope is None or calibration is None:
        raise NoReference(f"no curves of DreamerV3 are published for {found.name} in suite {found.suite}")
    rate = found.updates_per_1000_frames(envelope.edition) if envelope.edition in found.editions else None
    caveats = [] if given or log.layout.states_suite else _suite_caveat(found.suite, task)
    caveats += [curves_caveat(envelope.edition, log.program), *([envelope.note] if envelope.note else [])]
    return Reference(envelope, *calibration, rate, (*caveats, *_differences(log, envelope)))


def _unpublished(what: str) -> str:
    return (
        f"no curves of DreamerV3 are published for {what}; build a reference from your runs with"
        " `dreamerguard reference build`"
    )


@cache
def own_curves(path: Path) -> ReferenceSet:
    """Reads a custom reference file once and keeps it in memory; see `load_reference_file`."""
    return load_reference_file(path)


def is_published(name: str | None) -> bool:
    """Returns whether a ``--reference`` value names published curves, not a file."""
    return name is None or name in get_args(Release)


def _custom_reference(log: RunLog, task: str, suite: str | None, path: Path) -> Reference:
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
    """Returns Atari 100k for Atari runs of at most a million frames: its curves have 400K frames, Atari's 200M."""
    return "atari100k" if task.startswith("atari_") and frames is not None and frames <= 1e6 else None


def _suite_caveat(suite: str, task: str) -> list[str]:
    if not task.startswith(("dmc_", "atari_")):
        return []
    return [f"the log does not state the suite: {suite} is assumed, set --suite if the run is of another"]


def _differences(log: RunLog, envelope: Envelope) -> list[str]:
    found = []
    repeat, frames = log.facts.action_repeat, log.facts.frames
    if repeat is not None and repeat != envelope.action_repeat:
        found.append(f"the run uses {number_of(repeat, 'frame')} per action, the reference {envelope.action_repeat}")
    if log.facts.edition and log.facts.edition != envelope.edition and envelope.release != "own":
        found.append(
            f"the run has settings of edition {log.facts.edition}, the reference of edition {envelope.edition}"
        )
    if log.scores[1] == "eval":
        found.append("the run has evaluation scores, the reference training scores, which are lower")
    if frames is not None and frames < 0.9 * envelope.budget:
        found.append(f"the run plans {frames:,.0f} frames, the reference has {envelope.budget:,}")
    return found
