"""Reads the bytes appended to a file since the last poll, also after it was truncated, replaced or removed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

#: Bytes read at once, and the length after which an unfinished line is skipped.
BLOCK, LONGEST = 2 << 20, 64 << 20

#: Bytes before the reading position that are compared to detect a file that was truncated and grew again.
_CHECKED = 64

Event = Literal["cut back", "replaced file", "removed", "unreadable"]


@dataclass(slots=True)
class Tail:
    """The reading position in one file.

    Attributes:
      path: file to read; may not exist yet.
      offset: bytes read so far, without an unfinished last line.
      events: events of the file, oldest first; cleared by the reader.
      modified: modification time of the file; None while it does not exist.
    """

    path: Path
    offset: int = 0
    events: list[Event] = field(default_factory=list)
    modified: float | None = None
    size: int = 0
    _inode: tuple[int, int] | None = None
    _before: bytes = b""
    _seen: tuple[int, int, int] | None = None

    def poll(self) -> bool:
        """Checks the file without reading it. Returns whether it may have changed."""
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            if self._inode is not None:
                self.events.append("removed")
                self._inode = self._seen = self.modified = None
            return False
        except OSError:
            return self._note_unreadable()
        identity = (stat.st_ino, stat.st_dev)
        if self.offset and identity != self._inode:
            self._restart("replaced file")
        self._inode, self.size, self.modified = identity, stat.st_size, stat.st_mtime
        if stat.st_size < self.offset:
            self._restart("cut back")
        seen = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        changed, self._seen = seen != self._seen, seen
        return changed

    def blocks(self) -> Iterator[bytes]:
        """Yields blocks of whole appended lines, each ending with a line feed. An unfinished last line is not read."""
        try:
            with self.path.open("rb") as file:
                if not self._unchanged(file):
                    self._restart("cut back")
                file.seek(self.offset)
                yield from self._lines(file)
        except FileNotFoundError:
            return
        except OSError:
            self._note_unreadable()

    def rest(self, most: int = 4096) -> bytes:
        """Returns the unfinished last line, at most ``most`` bytes."""
        try:
            with self.path.open("rb") as file:
                file.seek(self.offset)
                return file.read(most)
        except OSError:
            return b""

    def read_at(self) -> bytes:
        """Returns all bytes after the position, for files without lines; the caller moves the position by `advance`."""
        try:
            with self.path.open("rb") as file:
                if not self._unchanged(file):
                    self._restart("cut back")
                file.seek(self.offset)
                return file.read()
        except FileNotFoundError:
            return b""
        except OSError:
            self._note_unreadable()
            return b""

    def advance(self, data: bytes) -> None:
        """Marks the bytes after the position as read."""
        self.offset += len(data)
        self._before = (self._before + data[-_CHECKED:])[-_CHECKED:]

    def _lines(self, file: BinaryIO) -> Iterator[bytes]:
        held = b""
        while block := file.read(BLOCK):
            held += block
            end = held.rfind(b"\n") + 1
            if end:
                whole, held = held[:end], held[end:]
                self.advance(whole)
                yield whole
            elif len(held) > LONGEST:
                self.advance(held)
                held = b""

    def _unchanged(self, file: BinaryIO) -> bool:
        file.seek(self.offset - len(self._before))
        return file.read(len(self._before)) == self._before

    def _restart(self, event: Event) -> None:
        self.events.append(event)
        self.offset, self._before = 0, b""

    def _note_unreadable(self) -> bool:
        if "unreadable" not in self.events:
            self.events.append("unreadable")
        self._seen = None
        return False
