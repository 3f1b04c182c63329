"""A log file that only grows, survives a full disk, and notices when it is removed or replaced."""

from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_BLOCK = 1 << 20


class UnusableLogs(Exception):
    """The logs of a run directory cannot be continued. Nothing was changed; the message says how to go on."""


class AppendFile:
    """An open log file.

    Bytes that another process cuts off are lost, but the next line is whole. Bytes that a full disk refuses stay in
    memory and are written with the next `append` or `sync`, so no line is torn or lost while the process lives.

    Attributes:
      path: its place.
      failure: why the last `append` could not write everything; None if it did.
    """

    def __init__(self, path: Path) -> None:
        """Opens ``path``, made when missing.

        Raises:
          UnusableLogs: it is a link or no regular file.
          OSError: it cannot be opened.
        """
        self.path = path
        self.failure: OSError | None = None
        self._pending = bytearray()
        self._writing = threading.Lock()
        self._handle = _open(path)
        self._identity = _identity(os.fstat(self._handle))
        self._size, self._cut = os.fstat(self._handle).st_size, 0

    def append(self, data: bytes) -> None:
        """Writes ``data`` at once, or keeps it and sets `failure`."""
        with self._writing:
            self._pending += data
            try:
                self._drain()
            except OSError as error:
                self.failure = error
            else:
                self.failure = None

    def sync(self) -> None:
        """Waits until everything appended so far is on the disk. Another thread may append meanwhile.

        Raises:
          OSError: it cannot be written; nothing is lost while the process lives.
        """
        with self._writing:
            self._drain()
        os.fsync(self._handle)

    def size(self) -> int:
        """Returns the number of bytes of the file, those in memory included."""
        with self._writing:
            return os.fstat(self._handle).st_size + len(self._pending)

    def in_place(self) -> bool:
        """Returns whether the open file is still the one at its path."""
        try:
            return _identity(self.path.lstat()) == self._identity
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True  # nobody knows; a later write fails or not

    def tail(self, most: int) -> bytes:
        """Returns at most ``most`` bytes from the end of the file."""
        return os.pread(self._handle, most, max(0, os.fstat(self._handle).st_size - most))

    def content(self) -> bytes:
        """Returns the whole content, also if the file was removed."""
        return b"".join(_blocks(self._handle)) + bytes(self._pending)

    def put_back(self, path: Path) -> None:
        """Writes the whole content to ``path``, in place of what may be there, and goes on there.

        Raises:
          OSError: it cannot be written there; this object is unchanged.
        """
        with self._writing:
            write_new(path, self.content())
            handle = _open(path)
            os.close(self._handle)
            self.path, self._handle, self._identity = path, handle, _identity(os.fstat(handle))
            self._size = os.fstat(handle).st_size
            self._pending.clear()

    def take_cut(self) -> int:
        """Returns the bytes that another process has cut off since the last call."""
        with self._writing:
            cut, self._cut = self._cut, 0
        return cut

    def close(self) -> None:
        """Writes what is still in memory, if possible, and closes the file."""
        self.append(b"")
        os.close(self._handle)

    def _drain(self) -> None:
        found = os.fstat(self._handle).st_size
        if found < self._size:
            self._cut += self._size - found
            self._size = found
            if found and os.pread(self._handle, 1, found - 1) != b"\n":
                self._pending[:0] = b"\n"  # so that half a row does not spoil the next one
        while self._pending:
            written = os.write(self._handle, self._pending)
            del self._pending[:written]
            self._size += written


def write_new(path: Path, data: bytes) -> None:
    """Writes a file under a name that cannot be guessed and moves it to ``path``; a link there is not followed.

    Raises:
      OSError: it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}.unfinished")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Waits until the names in a folder are on the disk; some file systems cannot, and then it does nothing."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(handle)


def check_regular(path: Path, mode: int) -> None:
    """Checks the mode of a file.

    Raises:
      UnusableLogs: it is a link or no regular file.
    """
    if stat.S_ISLNK(mode):
        raise UnusableLogs(f"{path} is a link. Logs are not written through links: remove it, or put the file there")
    if not stat.S_ISREG(mode):
        raise UnusableLogs(f"{path} is not a regular file: remove it, or use another --logdir")


def _open(path: Path) -> int:
    try:
        handle = os.open(path, _FLAGS, 0o666)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.EISDIR, errno.ENXIO):
            check_regular(path, path.lstat().st_mode)
        raise
    try:
        check_regular(path, os.fstat(handle).st_mode)
    except UnusableLogs:
        os.close(handle)
        raise
    return handle


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _blocks(handle: int) -> list[bytes]:
    blocks: list[bytes] = []
    start = 0
    while block := os.pread(handle, _BLOCK, start):
        blocks.append(block)
        start += len(block)
    return blocks
