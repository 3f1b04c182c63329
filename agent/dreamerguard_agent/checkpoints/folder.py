"""The checkpoints of one run directory: choosing a sound one, publishing, removing old ones.

Only names that this program makes are ever changed: numbers, ``damaged-*``, and the temporary ``saving-*`` and
``removing-*``, which hold random digits.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from .array_file import Array, sync_folder
from .checkpoint import Checkpoint
from .chunks import ChunkCopy, StoredReplay
from .draft import Draft, ReplayPlan
from .errors import Damaged, NoSoundCheckpoint, NotSaved, OtherFormat

#: Folders of killed saves and removals, of this version and of dreamerguard 0.1.0.
_LEFT_OVER = re.compile(r"(saving|removing)-\d+-[0-9a-f]{16}|\d+\.orbax-checkpoint-tmp(-\d+)?")

_STEP = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)

Say = Callable[[str], None]


def steps_in(directory: Path) -> list[int]:
    """Returns the numbers of the checkpoints in a folder, newest first; empty if there is no such folder."""
    try:
        found = [int(path.name) for path in directory.iterdir() if _STEP.fullmatch(path.name)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(found, reverse=True)


def _free_name(directory: Path) -> Path:
    """Returns the next free folder for files that are set aside: ``before-1``, ``before-2``, ..."""
    number = 1
    while os.path.lexists(free := directory / f"before-{number}"):
        number += 1
    return free


def newest_sound(directory: Path) -> tuple[Checkpoint | None, dict[int, str]]:
    """Opens the newest sound checkpoint and changes nothing.

    Returns:
      The checkpoint, or None if there are none at all, and why newer ones cannot be used, by number.

    Raises:
      NoSoundCheckpoint: there are checkpoints, but all are damaged.
      OtherFormat: the newest usable one was written by another version.
    """
    damaged: dict[int, str] = {}
    left = _readable_steps(directory)
    while left:
        step = left.pop(0)
        folder = directory / str(step)
        try:
            return Checkpoint.open(folder), damaged
        except (Damaged, FileNotFoundError) as error:
            if folder.is_symlink() or folder.exists():
                damaged[step] = str(error)
            else:  # a running trainer has just removed it, and saved newer ones
                left = [other for other in steps_in(directory) if other not in damaged]
        except OtherFormat as error:
            raise OtherFormat(f"the checkpoint {folder} {error}") from None
        except OSError as error:
            raise _unreadable(folder, error) from error
    if damaged:
        lines = "\n".join(f"  {step}: {reason}" for step, reason in damaged.items())
        raise NoSoundCheckpoint(
            f"no checkpoint in {directory} can be used:\n{lines}\nRestore one from a backup, or start a new run with"
            " another --logdir. Nothing was changed"
        )
    return None, {}


def _readable_steps(directory: Path) -> list[int]:
    try:
        return steps_in(directory)
    except OSError as error:
        raise _unreadable(directory, error) from error


def _unreadable(path: Path, error: OSError) -> NoSoundCheckpoint:
    return NoSoundCheckpoint(f"{path} cannot be read: {error.strerror or error}. Nothing was changed")


class Checkpoints:
    """The checkpoints of a run that this process trains.

    Args:
      directory: their folder; made when missing.
      keep: number of checkpoints to keep.

    Raises:
      NoSoundCheckpoint: the folder cannot be read, or is a link, which may lead out of the run directory.
      NotSaved: the folder cannot be made.
    """

    def __init__(self, directory: Path, keep: int = 1) -> None:
        self.directory, self._keep = directory, keep
        if directory.is_symlink():
            raise NoSoundCheckpoint(f"{directory} is a link, which is not followed: replace it by a folder")
        try:
            directory.mkdir(exist_ok=True)
        except OSError as error:
            raise NotSaved(f"{directory} cannot be made: {error.strerror or error}") from error
        self._inode = directory.lstat().st_ino
        _readable_steps(directory)
        self._stored: dict[int, StoredReplay] = {}

    @property
    def latest(self) -> int | None:
        """Agent steps of the newest checkpoint; None without one."""
        return next(iter(steps_in(self.directory)), None)

    def open_newest(self, say: Say, frames_per_step: int = 1) -> Checkpoint | None:
        """Opens the newest sound checkpoint. Renames damaged newer ones and removes unfinished saves.

        Args:
          say: receives one line for every checkpoint that is renamed.
          frames_per_step: environment frames of an agent step, for these lines.

        Raises:
          NoSoundCheckpoint: there are checkpoints, but all are damaged; nothing was changed.
          OtherFormat: the newest usable one was written by another version.
          NotSaved: the folder cannot be written.
        """
        found, damaged = newest_sound(self.directory)
        try:
            self._clear(found, damaged, say, frames_per_step)
        except OSError as error:
            raise NotSaved(f"{self.directory} cannot be written: {error.strerror or error}") from error
        if found and found.tables:
            self._stored[found.step] = StoredReplay(found.folder, found.packs, found.tables, 0)
        return found

    def _clear(self, found: Checkpoint | None, damaged: Mapping[int, str], say: Say, frames_per_step: int) -> None:
        """Renames damaged checkpoints and removes unfinished saves."""
        for step, reason in damaged.items():
            assert found is not None
            aside = self._set_aside(step)
            say(
                f"warning: checkpoint {step} is damaged ({reason}). It was renamed to {aside.name}; the run continues"
                f" from checkpoint {found.step}, and {(step - found.step) * frames_per_step:,} frames are repeated"
            )
        for path in list(self.directory.iterdir()):
            if _LEFT_OVER.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)

    def shared(self) -> StoredReplay | None:
        """Returns the checkpoint with which the next one shares unchanged chunks of the replay.

        If several are kept, it is the newest but one: so no damage to a file of one checkpoint reaches the other.
        """
        steps = steps_in(self.directory)
        place = min(self._keep, 2) - 1
        return self._stored.get(steps[place]) if len(steps) > place else None

    def save(
        self,
        step: int,
        numbers: Mapping[str, Any],
        parts: Mapping[str, Mapping[str, Array]],
        plan: ReplayPlan | None = None,
        pieces: Iterable[ChunkCopy] = (),
        epoch: int = 0,
    ) -> None:
        """Writes, verifies and publishes a checkpoint, then removes the oldest ones. May run in a thread.

        Args:
          step: agent steps.
          numbers: counters of the run, as JSON.
          parts: arrays by part and name.
          plan: chunks of the replay, or None to store none.
          pieces: the chunks that are not in the plan's tables yet.
          epoch: see `StoredReplay`.

        Raises:
          OSError: it cannot be written; no trace of it is left.
        """
        self.check_present()
        temporary = self.directory / f"saving-{step}-{secrets.token_hex(8)}"
        try:
            draft = Draft(temporary)
            for part, arrays in parts.items():
                draft.add_part(part, arrays)
            if plan is not None:
                draft.add_chunks(plan, pieces, f"replay-{step}-{secrets.token_hex(4)}.bin")
            target = self.directory / str(step)
            if target.exists():
                self._remove(target)
            stored = draft.publish(target, numbers)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        if stored:
            self._stored[step] = replace(stored, epoch=epoch)
        self._rotate(step)

    def check_present(self) -> None:
        """Checks that the folder is still the one that was opened.

        Raises:
          OSError: it was removed or replaced; `put_back` makes it again.
        """
        if not self._in_place():
            raise OSError(errno.ESTALE, "the folder was removed or replaced", str(self.directory))

    def put_back(self) -> str | None:
        """Makes the folder again if it was removed or replaced. Call only while the run directory is in place.

        Returns:
          A line about it; None if the folder is in its place or cannot be made, which the next save reports.
        """
        where = ""
        try:
            if self._in_place():
                return None
            if os.path.lexists(self.directory):
                aside = _free_name(self.directory.parent)
                aside.mkdir()
                self.directory.rename(aside / self.directory.name)
                where = f"; what was found there is now in {aside.name}/"
            self.directory.mkdir()
            self._inode = self.directory.lstat().st_ino
        except OSError:
            return None
        self._stored.clear()
        return f"{self.directory} was removed or replaced by another process: it is made again{where}"

    def holds(self, step: int | None) -> bool:
        """Returns whether there is a checkpoint of a step, sound or not."""
        return step in steps_in(self.directory)

    def _in_place(self) -> bool:
        try:
            return self.directory.lstat().st_ino == self._inode
        except FileNotFoundError:
            return False

    def _rotate(self, newest: int) -> None:
        """Removes all but the newest checkpoints. A start removes what could not be removed here."""
        for step in [step for step in steps_in(self.directory) if step <= newest][self._keep :]:
            self._stored.pop(step, None)
            try:
                self._remove(self.directory / str(step))
            except OSError:
                return

    def _remove(self, folder: Path) -> None:
        """Removes a checkpoint. It loses its name first, so that a kill leaves no half of it under that name."""
        doomed = self.directory / f"removing-{folder.name}-{secrets.token_hex(8)}"
        folder.rename(doomed)
        shutil.rmtree(doomed)

    def _set_aside(self, step: int) -> Path:
        for again in range(1, 1000):
            aside = self.directory / (f"damaged-{step}" if again == 1 else f"damaged-{step}-{again}")
            if not os.path.lexists(aside):
                break
        (self.directory / str(step)).rename(aside)
        sync_folder(self.directory)
        return aside
