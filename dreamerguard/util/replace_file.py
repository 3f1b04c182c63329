"""Replaces files in folders where other users may have put files, so that a crash leaves the old or the new file."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

#: End of the names of unfinished files; a process that was killed leaves them.
UNFINISHED = ".unfinished"


def replace_file(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Replaces a file in one step. A link at ``path`` is replaced and not followed; permissions stay as they are.

    The unfinished file has a name that nobody can prepare a link for.

    Args:
      path: file to write, in an existing folder.
      data: new content.
      durable: whether to wait until the content is on the disk, so that a power cut cannot leave an empty file.

    Raises:
      OSError: the file cannot be written, or there is a device at ``path``; nothing is changed.
    """
    _refuse_device(path)
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}{UNFINISHED}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o666)
    try:
        with os.fdopen(handle, "wb") as stream:
            _copy_mode(path, stream.fileno())
            stream.write(data)
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def _refuse_device(path: Path) -> None:
    """Fails for what a file must not take the place of: root may replace even ``/dev/null``."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        raise OSError(errno.EINVAL, "it is a device and no file", str(path))


def sync_folder(folder: Path) -> None:
    """Waits until new and replaced names in a folder are on the disk. Does nothing where folders cannot be synced."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)


def remove_unfinished(folder: Path) -> None:
    """Removes unfinished files of processes that were killed. Call only while no other process writes there."""
    for path in folder.glob(f".*{UNFINISHED}"):
        if path.is_symlink() or not path.is_dir():
            path.unlink(missing_ok=True)


def _copy_mode(path: Path, handle: int) -> None:
    """Gives an open file the permissions of the file that it will replace, unless there is none or it is a link."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return
    if stat.S_ISREG(mode):
        os.fchmod(handle, stat.S_IMODE(mode))
