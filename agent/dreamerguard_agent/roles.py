"""What a process does for its run beside training: everything if it is alone; writing if it leads; else telling."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from dreamerguard.schema import RunConfig

from .checkpoints.checkpoint import Checkpoint
from .checkpoints.errors import Damaged, NoSoundCheckpoint
from .checkpoints.folder import Checkpoints
from .events import Observer
from .journal import Journal, Report
from .lockstep import Alone, Following, Leading, Lockstep
from .processes.group import ProcessGroup
from .processes.messages import ProcessMessage
from .run_saver import RunSaver
from .run_state import RunState
from .runtime.records import SeedRecords
from .shared_saver import FollowingSaver, LeadingSaver
from .shared_saves import JoinedExperience, SentSaves


class Roles(NamedTuple):
    """The parts of a run that differ from process to process.

    Attributes:
      journal: takes episodes and metrics.
      saver: saves the run, or takes part.
      lockstep: keeps the processes at one step.
    """

    journal: Journal | Report
    saver: RunSaver | FollowingSaver
    lockstep: Lockstep


class Files(NamedTuple):
    """The files of a run, of the process that writes them."""

    checkpoints: Checkpoints
    logs: SeedRecords


def choose_roles(
    config: RunConfig, state: RunState, files: Files | None, observer: Observer, group: ProcessGroup | None
) -> Roles:
    """Returns the roles of this process.

    Args:
      config: the run.
      state: the run, as this process has it.
      files: its files; None in a process that does not lead.
      observer: receives the events.
      group: the processes of the run; None if there is one.
    """
    if files is None:
        assert group is not None
        report, saves = Report(), SentSaves(group, state)
        following = Following(group, state, report.take, saves)
        return Roles(report, FollowingSaver(saves, following), following)
    journal = Journal(config, state.counters, files.logs, observer)
    if group is None:
        return Roles(journal, RunSaver(state, *files, observer), Alone())
    saver = LeadingSaver(state, *files, observer, JoinedExperience(group, state))
    saver.lockstep = Leading(group, state, journal.episode, saver.begin_due)
    return Roles(journal, saver, saver.lockstep)


def name_checkpoint(found: Checkpoint | None, group: ProcessGroup) -> None:
    """Tells the other processes from which checkpoint the run continues.

    Raises:
      ProcessLost: a process has ended.
    """
    group.tell(ProcessMessage({"checkpoint": None if found is None else found.step}))


def named_checkpoint(directory: Path, group: ProcessGroup) -> Checkpoint | None:
    """Opens the checkpoint that process 0 names.

    Args:
      directory: the folder of the checkpoints.
      group: the processes.

    Raises:
      NoSoundCheckpoint: this process does not find it.
      ProcessLost: process 0 has ended.
    """
    step = group.hear().numbers["checkpoint"]
    if step is None:
        return None
    try:
        return Checkpoint.open(directory / str(int(step)))
    except (OSError, Damaged) as error:
        reason = getattr(error, "strerror", None) or error
        raise NoSoundCheckpoint(
            f"process {group.share.process} ({group.names[group.share.process]}) cannot read the checkpoint"
            f" {directory / str(step)}, from which process 0 continues: {reason}. All machines need the run directory"
            " at the same path"
        ) from error
