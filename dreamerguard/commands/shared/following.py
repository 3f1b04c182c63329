"""Trains in a process that does not lead its run: it writes nothing, and ends as process 0 does."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dreamerguard.util.terminal import echo

from .errors import fail

if TYPE_CHECKING:
    from dreamerguard.schema import RunConfig
    from dreamerguard_agent.processes.group import ProcessGroup

    from .start_from import Start
    from .stop_signals import StopSignals


class OtherProcess:
    """Observes a run in a process that does not lead it: only facts about this process are shown.

    Args:
      number: of the process.
    """

    def __init__(self, number: int) -> None:
        self._number = number

    def phase(self, text: str) -> None:
        """Shows nothing: process 0 shows it."""

    def note(self, text: str) -> None:
        """Prints a fact, for example about this machine's memory."""
        echo(f"process {self._number}: {text}", error=True)

    def episode(self, frames: int, episode: Any) -> None:
        """Shows nothing."""

    def metrics(self, row: Mapping[str, float]) -> None:
        """Shows nothing."""

    def evaluated(self, frames: int, scores: Sequence[float]) -> None:
        """Shows nothing."""

    def saved(self, frames: int) -> None:
        """Shows nothing."""


def follow_training(
    config: RunConfig, directory: Path, stop: StopSignals, start: Start | None, group: ProcessGroup
) -> int:
    """Trains this process's share of a run.

    Args:
      config: the run.
      directory: its run directory, from which a checkpoint is read.
      stop: the signals that stop it.
      start: where its parameters come from; None for a new agent.
      group: the processes.

    Returns:
      The exit code.

    Raises:
      CommandFailed: the run failed, or another process ended.
    """
    from dreamerguard_agent.checkpoints.errors import DoesNotMatch, NoSoundCheckpoint, NotSaved, OtherFormat
    from dreamerguard_agent.envs import EnvError
    from dreamerguard_agent.failures import EnvironmentFailed, NumbersFailed, RunFailed
    from dreamerguard_agent.loop import train as train_agents
    from dreamerguard_agent.processes.group import ProcessLost
    from dreamerguard_agent.runtime.device import PlatformError, configure
    from dreamerguard_agent.runtime.memory_budget import DoesNotFit

    from .exit_codes import CLEAN, DAMAGED, ENVIRONMENT_FAILED, NOT_FINITE, NOT_SAVED, SIGNALLED

    observer, pretrained = OtherProcess(group.share.process), start.pretrained if start else None
    try:
        configure(config.runtime)
        check_connection(config)
        outcome = train_agents(config, directory, observer, stop, pretrained, group)
    except ProcessLost as lost:
        fail(str(lost), lost.code)
    except (PlatformError, EnvError, DoesNotFit, DoesNotMatch, OtherFormat) as error:
        fail(str(error))
    except NoSoundCheckpoint as error:
        fail(str(error), DAMAGED)
    except NotSaved as error:
        fail(str(error), NOT_SAVED)
    except RunFailed as failed:
        own = ENVIRONMENT_FAILED if isinstance(failed, EnvironmentFailed) else NOT_FINITE
        fail(str(failed), own if isinstance(failed, EnvironmentFailed | NumbersFailed) else ENVIRONMENT_FAILED)
    return CLEAN if outcome.finished else SIGNALLED + stopped_by(stop, group)


def check_connection(config: RunConfig) -> None:
    """Adds a number on the devices of all processes, so that a network that does not work is noticed at once.

    Raises:
      CommandFailed: they do not reach each other.
    """
    from dreamerguard_agent.processes.jax_service import check_devices
    from dreamerguard_agent.runtime.device import batch_devices

    from .exit_codes import PROCESS_LOST

    try:
        check_devices(batch_devices(config.runtime))
    except (RuntimeError, ValueError) as error:
        reason = (str(error).strip() or type(error).__name__).partition("\n")[0][:300]
        fail(f"the devices of the processes do not reach each other: {reason}", PROCESS_LOST)


def stopped_by(stop: StopSignals, group: ProcessGroup | None) -> int:
    """Returns the signal that ended a run; SIGTERM if another process got it."""
    return int(stop.received or (signal.SIGTERM if group is not None else 0))
