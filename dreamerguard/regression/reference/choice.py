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
    envelope_tasks,
    load_calibration,
    load_envelope,
    load_reference_file,
    task_releases,
)
from dreamerguard.regression.published.agents import curves_caveat
from dreamerguard.regression.published.laboratories import disagreement
from dreamerguard.schema.suites import has_free_names
from dreamerguard.schema.tasks import TaskDefaults, UnknownTask, find_task
from dreamerguard.util.paths import exists
from dreamerguard.util.text import number_of

from .judged_scores import kind_caveat
from .slower import slower_calibration


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


def find_reference(
    log: RunLog, task: str | None, suite: str | None, name: str | None, *, other_laboratory: bool = False
) -> Reference:
    """Returns the reference of a run.

    Args:
      log: the run; its directory may state task, suite, action repeat and length.
      task, suite: the user's values; they override those of the directory.
      name: a release of published curves, or a file of ``dreamerguard reference build``; by default the
        newest published curves.
      other_laboratory: whether the run is of a laboratory or program that may learn up to 20 % slower; see `slower`.

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
    release = _release(found, name)
    envelope, calibration = load_envelope(found.suite, found.name, release), load_calibration(found.suite, release)
    assert envelope is not None and calibration is not None
    if name is None:
        _check_observation(found, envelope)
    rate = found.updates_per_1000_frames(envelope.edition) if envelope.edition in found.editions else None
    caveats = [] if given or log.layout.states_suite else _suite_caveat(found.suite, task)
    caveats += [curves_caveat(envelope.edition, log.program), *filter(None, (disagreement(envelope), envelope.note))]
    if other_laboratory:
        calibration, note = _for_others(envelope, *calibration)
        caveats.append(note)
    return Reference(envelope, *calibration, rate, (*caveats, *_differences(log, envelope)))


def _for_others(envelope: Envelope, calibration: Calibration, method: Method) -> tuple[tuple[Calibration, Method], str]:
    """Returns the statistics for a slower laboratory, and a note about them."""
    if envelope.release == "tdmpc2":
        return (calibration, method), "--other-laboratory has no effect: the curves have too few seeds"
    found = slower_calibration(envelope.suite, envelope.release, calibration.spread, method)
    return (found, method), "--other-laboratory: the run may learn 20 % slower; fewer worse runs are detected"


def known_task(log: RunLog, task: str | None, suite: str | None) -> tuple[str, str] | None:
    """Returns suite and name of a run's task; None if it is unknown. Arguments as in `find_reference`."""
    name = task or log.facts.task
    try:
        found = find_task(name, suite or log.facts.suite or _suite_by_length(name, log.facts.frames)) if name else None
    except UnknownTask:
        return None
    return (found.suite, found.name) if found else None


def _release(task: TaskDefaults, name: str | None) -> Release:
    """Returns the release to use: the named one, or the newest of DreamerV3's authors, or another laboratory's."""
    known = task_releases(task.suite, task.name)
    for release in known:
        if name in (None, release):
            return release
    if not known and any(envelope_tasks(task.suite, release) for release in get_args(Release)):
        raise NoReference(f"no curves of DreamerV3 are published for {task.name} in suite {task.suite}")
    others = f"; curves of {task.name} are in release {' and '.join(known)}" if known else ""
    where = f"the suite {task.suite}{f' in release {name}' if known else ''}"
    raise NoReference(f"{_unpublished(where)}{others}")


def _check_observation(task: TaskDefaults, envelope: Envelope) -> None:
    """Raises NoReference if the suite's runs see something else by default than the published agent did."""
    ours, theirs = (
        task.editions.get(edition, {}).get("env.observation") for edition in (task.default_edition, envelope.edition)
    )
    if ours is not None and theirs is not None and ours.value != theirs.value:
        raise NoReference(
            f"the published curves of {task.name} were learned from {theirs.value}, runs of suite {task.suite} learn"
            f" from {ours.value} by default; for a run from {theirs.value}, set --reference {envelope.release}"
        )


def _unpublished(what: str) -> str:
    return (
        f"no curves of DreamerV3 are published for {what}; build a reference from your runs with"
        " `dreamerguard reference build`"
    )


@cache
def own_curves(path: Path) -> ReferenceSet:
    """Reads a custom reference file once and keeps it in memory; see `load_reference_file`.

    Raises:
      ValueError: there is no such file, or it is not valid.
    """
    if not path.suffix and not exists(path):
        raise ValueError(f"{path} is neither a release ({', '.join(get_args(Release))}) nor a file")
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
    if caveat := kind_caveat(log, envelope):
        found.append(caveat)
    if frames is not None and frames < 0.9 * envelope.budget:
        found.append(f"the run plans {frames:,.0f} frames, the reference has {envelope.budget:,}")
    return found
