"""Failures of a run that trains. The run was saved if possible; the messages are for users."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jax

from .envs import ActionNotFinite, EnvError, WaitEnded


class RunFailed(Exception):
    """The run cannot go on.

    Attributes:
      frames: environment frames at which the run was saved because of the failure; None if it was not saved.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.frames: int | None = None


class EnvironmentFailed(RunFailed):
    """An environment raised an error, or worker processes ended or hung too often."""


class DeviceFailed(RunFailed):
    """Memory ran out, or the device or its driver failed. Nothing is saved: an update may be half done."""


class NumbersFailed(RunFailed):
    """Losses, gradients or actions are not finite."""


class PolicyDiverged(NumbersFailed):
    """An action is not finite. Nothing is saved, because a resumed run would choose it again.

    Attributes:
      kept: file with the values from which it was chosen.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.kept: Path | None = None

    def explained(self, frames: int) -> PolicyDiverged:
        """Returns the failure with the frames at which it happened and how to continue."""
        where = f" Parameters and observations are in {self.kept}." if self.kept else ""
        return PolicyDiverged(
            f"{self}, at {frames:,} frames: the policy has diverged.{where} Nothing was saved here; the last checkpoint"
            " stays. Start again with a lower optimizer.lr or with runtime.dtype=float32"
        )


class OutOfStep(Exception):
    """The processes of a run have learned different things. Nothing is saved. The message is for users."""


class EndlessEpisodes(Exception):
    """Evaluation episodes did not end, so there is no score. The message is for users."""


@contextmanager
def device_failures() -> Iterator[None]:
    """Converts errors of memory and of the device.

    Raises:
      DeviceFailed: for each of them.
    """
    try:
        yield
    except (MemoryError, jax.errors.JaxRuntimeError) as error:
        reason = (str(error).strip() or "out of memory").partition("\n")[0][:300]
        if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in reason:
            help = "Close other programs on this machine, or lower replay.batch_size, run.envs or size"
            raise DeviceFailed(f"memory ran out: {reason}. {help}; the last checkpoint stays") from error
        raise DeviceFailed(f"the device failed: {reason}. The last checkpoint stays") from error


@contextmanager
def environment_failures() -> Iterator[None]:
    """Converts errors of environments that step.

    Raises:
      PolicyDiverged: an action is not finite.
      EnvironmentFailed: every other error.
      WaitEnded, EndlessEpisodes: unchanged; the run is to stop, or an evaluation has no score.
    """
    try:
        yield
    except (WaitEnded, EndlessEpisodes):
        raise
    except ActionNotFinite as error:
        raise PolicyDiverged(str(error)) from error
    except EnvError as error:
        raise EnvironmentFailed(str(error)) from error
    except Exception as error:  # the code of an environment may raise anything
        raise EnvironmentFailed(f"an environment failed: {type(error).__name__}: {error}") from error
