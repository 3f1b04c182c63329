"""A folder for results that can be computed again, in the user's cache directory. Only commands turn it on."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

#: Environment variable that turns the cache off, whatever its value.
OFF = "DREAMERGUARD_NO_CACHE"
_OPEN: ContextVar[list[Callable[[], None]] | None] = ContextVar("open", default=None)


@contextmanager
def user_cache_scope(*, on: bool = True) -> Iterator[None]:
    """Allows the cache inside the block; at its end, whoever has new results writes them."""
    if not on or os.environ.get(OFF):
        yield
        return
    writers: list[Callable[[], None]] = []
    token = _OPEN.set(writers)
    try:
        yield
    finally:
        _OPEN.reset(token)
        for write in writers:
            with suppress(OSError):
                write()


def is_on() -> bool:
    """Returns whether the cache may be used."""
    return _OPEN.get() is not None


def write_at_end(write: Callable[[], None]) -> None:
    """Registers a function that writes new results at the end of the scope."""
    writers = _OPEN.get()
    if writers is not None:
        writers.append(write)


def cache_folder(name: str) -> Path | None:
    """Returns a folder of the user's cache directory, which may not exist; None if the system names no directory."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(given):  # noqa: PTH117 - a relative one is not valid
        home = os.path.expanduser("~")  # noqa: PTH111 - it does not raise
        given = os.environ.get("LOCALAPPDATA", "") if sys.platform == "win32" else os.path.join(home, ".cache")  # noqa: PTH118
    return Path(given) / "dreamerguard" / name if os.path.isabs(given) else None  # noqa: PTH117


def is_ours(status: os.stat_result) -> bool:
    """Returns whether only this user can have written a file or folder."""
    if not hasattr(os, "getuid"):
        return True
    return status.st_uid == os.getuid() and not status.st_mode & 0o022


def remove_oldest(folder: Path, *, most_files: int, most_bytes: int) -> None:
    """Removes the files of a folder that were written longest ago, until number and size are within the limits."""
    with os.scandir(folder) as entries:
        found = [entry for entry in entries if entry.is_file(follow_symlinks=False)]
    rows = []
    for entry in found:
        with suppress(OSError):
            status = entry.stat(follow_symlinks=False)
            rows.append((status.st_mtime, status.st_size, entry.path))
    size = 0
    for number, (_, length, path) in enumerate(sorted(rows, reverse=True), start=1):
        size += length
        if number > most_files or size > most_bytes:
            with suppress(OSError):
                os.unlink(path)  # noqa: PTH108 - another process may have removed it
