"""The logs of a run: JSON lines and TensorBoard events of every agent, in step with the checkpoints.

``scores.jsonl`` has one line per finished training episode, ``metrics.jsonl`` one per logging interval, ``eval.jsonl``
one per evaluation. x is always ``frames``, environment frames. A run that continues from a checkpoint first brings the
files back to it (see `log_repair`), so no frame is reported twice. While the run trains, every write notices whether a
file was removed or replaced, and puts it back from the open file.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from .agent_records import FILES, Row, RunRecords, Say
from .append_file import UnusableLogs

#: Errors that mean that a directory is not where it was.
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ESTALE)


class RunDirectoryLost(Exception):
    """The run directory was removed or replaced while the run trained.

    Attributes:
      directory: the run directory.
      saved: directory with a new checkpoint and the whole logs; None if the run could not be saved again.
      frames: environment frames of the run.
      reason: why it could not be saved again; None if it was.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__(f"the run directory {directory} was removed or replaced while the run trained")
        self.directory = directory
        self.saved: Path | None = None
        self.frames = 0
        self.reason: str | None = None


class SeedRecords:
    """The log files of every agent of a run.

    A single agent logs into the run directory itself. Several log into ``seed<k>/`` below it, each as in a
    separate run, so that readers of runs find them there.

    Args:
      directory: the run directory.
      seeds: seeds of the agents.
      sizes: as ``sizes()`` returned them at the checkpoint; empty for a new run.
      tensorboard: also write TensorBoard events.
      frames: environment frames of the checkpoint.
      evaluating: environment frames of an evaluation that had not ended at the checkpoint; None if there is none.
      ahead: see `RunRecords`.
      say: prints what is unusual about the files.

    Raises:
      UnusableLogs: the logs cannot be continued, for example because there are rows but no checkpoint.
    """

    def __init__(
        self,
        directory: Path,
        seeds: Sequence[int],
        sizes: Mapping[str, Any],
        *,
        tensorboard: bool,
        frames: int = 0,
        evaluating: int | None = None,
        ahead: int = 0,
        say: Say = lambda text: None,
    ) -> None:
        self._seeds, self._directory = tuple(seeds), directory
        self._written: set[int] = set()
        _check_numbers(sizes, frames)
        self._records: dict[int, RunRecords] = {}
        try:
            for seed in seeds:
                kept = sizes if len(seeds) == 1 else sizes.get(str(seed), {})
                folder = seed_directory(directory, seed, len(seeds))
                _check_numbers(kept, frames)
                self._records[seed] = RunRecords(
                    folder,
                    kept,
                    tensorboard=tensorboard,
                    frames=frames,
                    evaluating=evaluating,
                    ahead=ahead,
                    say=say,
                    inner=len(seeds) > 1,
                )
            for seed, records in self._records.items():
                seed_directory(directory, seed, len(seeds)).mkdir(exist_ok=True)
                records.open()
        except OSError as error:
            where = error.filename or directory
            raise UnusableLogs(f"cannot open the logs in {directory}: {error.strerror} ({where})") from error
        self._identity = _identity(directory)

    def write(self, seed: int, name: str, row: Row) -> None:
        """Appends ``row`` to file ``name`` of the agent with ``seed``."""
        self._records[seed].write(name, row)
        self._written = self._written | {seed}

    def check(self, *, everything: bool = False) -> None:
        """Checks that the run directory is in place, and puts back files that were removed or replaced.

        Args:
          everything: look at all files, not only at those of agents with rows since the last call.

        Raises:
          RunDirectoryLost: the run directory was removed or replaced.
        """
        self._check_directory()
        written, self._written = self._written, set()
        for seed in self._records if everything else written:
            self._records[seed].try_heal()
        self._check_directory()  # it may have been removed in between

    def sizes(self) -> dict[str, Any]:
        """Bytes of each file, to be stored with a checkpoint: by seed where there are several.

        Call `sync` before that checkpoint gets its final name.
        """
        sizes = {str(seed): records.sizes() for seed, records in self._records.items()}
        return next(iter(sizes.values())) if len(self._seeds) == 1 else sizes

    def sync(self) -> None:
        """Waits until all rows are on the disk. May be called from another thread than the other methods.

        Raises:
          RunDirectoryLost: the run directory was removed or replaced.
          OSError: the rows cannot be written, or a log is not in its place, which `check` will put right. They stay in
            memory, and nothing is lost while the process lives.
        """
        self._check_directory()
        try:
            for records in self._records.values():
                records.sync()
        except OSError:
            self._check_directory()
            self._written = set(self._records)
            raise

    def rescue(self) -> Path:
        """Writes the whole logs of a lost run directory to a new one and goes on there. Returns the new directory.

        Raises:
          OSError: they cannot be written.
        """
        target, number = self._directory, 1
        while _holds_run(target):
            target = self._directory.with_name(f"{self._directory.name}-rescued-{number}")
            number += 1
        target.mkdir(parents=True, exist_ok=True)
        for seed, records in self._records.items():
            records.move_to(seed_directory(target, seed, len(self._seeds)))
        self._directory, self._identity = target, _identity(target)
        return target

    def _check_directory(self) -> None:
        try:
            found = _identity(self._directory)
        except OSError:
            return  # a later save fails or not
        if self._identity != found:
            raise RunDirectoryLost(self._directory)

    def __enter__(self) -> SeedRecords:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ExitStack() as stack:
            for records in self._records.values():
                stack.callback(records.close)


def seed_directory(directory: Path, seed: int, seeds: int) -> Path:
    """Returns the log directory of the agent with ``seed`` in a run of ``seeds`` agents."""
    return directory if seeds == 1 else directory / f"seed{seed}"


def _check_numbers(sizes: object, frames: object) -> None:
    whole = isinstance(frames, int) and not isinstance(frames, bool) and 0 <= frames < 1 << 62
    if not isinstance(sizes, Mapping) or not whole:
        raise UnusableLogs(
            "the checkpoint's numbers on frames and logs cannot be read: the checkpoint is damaged. Remove that"
            " checkpoint, or start from the beginning with --restart"
        )


def _holds_run(directory: Path) -> bool:
    """Returns whether something is in the way that may be another run."""
    if not directory.is_dir():
        return os.path.lexists(directory)
    return any((directory / name).exists() for name in ("run.yaml", "run.lock", *(f"{name}.jsonl" for name in FILES)))


def _identity(directory: Path) -> tuple[int, int] | None:
    """Returns device and number of a directory; None if it is gone.

    Raises:
      OSError: nobody knows, for example because a server does not answer.
    """
    try:
        found = directory.stat()
    except OSError as error:
        if error.errno in _GONE:
            return None
        raise
    return found.st_dev, found.st_ino
