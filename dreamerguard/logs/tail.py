"""Reads the bytes appended to a file since the last poll, also after it was truncated, replaced or removed.

Reading ends at the size that the file has when it is opened, so a file that grows faster than it is read ends too.
"""

from __future__ import annotations

import errno
import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from dreamerguard.util.regular_files import open_regular, require_regular, why_unreadable

from .parts import Parts, stride

#: Bytes read at once, and the length from which a line is skipped: no program writes such a row.
BLOCK, LONGEST = 2 << 20, 4 << 20

#: Bytes before the reading position that are compared to detect a file that was truncated and grew again.
_CHECKED = 64

_ZEROS = re.compile(rb"\0+")

Event = Literal["cut back", "replaced file", "removed", "unreadable"]


@dataclass(slots=True)
class Tail:
    """The reading position in one file.

    Attributes:
      path: file to read; may not exist yet.
      offset: bytes read so far, without an unfinished last line.
      events: events of the file, oldest first; cleared by the reader.
      reason: why the file cannot be read; empty if it can.
      modified: modification time of the file; None while it does not exist.
      taken: bytes that were read since the start of the file, without those of holes.
      long_lines: number of lines that were skipped because they are longer than any row.
      parts: number of parts between which a long backlog was passed over.
    """

    path: Path
    offset: int = 0
    events: list[Event] = field(default_factory=list)
    reason: str = ""
    modified: float | None = None
    size: int = 0
    taken: int = 0
    long_lines: int = 0
    parts: int = 0
    _stored: int = 0
    _inode: tuple[int, int] | None = None
    _before: bytes = b""
    _seen: tuple[int, int, int] | None = None
    _in_long_line: bool = False

    def poll(self) -> bool:
        """Checks the file without reading it. Returns whether it may have changed."""
        try:
            stat = self.path.stat()
            require_regular(stat)
        except FileNotFoundError:
            if self._inode is not None:
                self.events.append("removed")
                self._inode = self._seen = self.modified = None
            return False
        except OSError as error:
            return self._note_unreadable(error)
        identity = (stat.st_ino, stat.st_dev)
        if self.offset and identity != self._inode:
            self._restart("replaced file")
        self._inode, self.size, self.modified = identity, stat.st_size, stat.st_mtime
        if stat.st_size < self.offset:
            self._restart("cut back")
        self._stored = stat.st_blocks * 512 if hasattr(stat, "st_blocks") else stat.st_size  # a hole takes none
        seen = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        changed, self._seen = seen != self._seen, seen
        return changed

    @contextmanager
    def opened(self) -> Iterator[tuple[io.FileIO, int] | None]:
        """Opens the file at the reading position, with its size; None if that fails. An error of reading is noted."""
        file = self._open()
        if file is None:
            yield None
            return
        try:
            with file:
                yield file, os.fstat(file.fileno()).st_size
        except OSError as error:
            self._note_unreadable(error)

    def blocks(self, *, in_parts: bool = False) -> Iterator[bytes]:
        """Yields blocks of whole appended lines, each ending with a line feed. An unfinished last line is not read.

        Zero bytes end a line, because a row that they tear must not be read as another one. A block may be empty.

        Args:
          in_parts: whether to read only evenly spaced parts and the end of a long backlog.
        """
        with self.opened() as opened:
            if opened is not None:
                file, end = opened
                every = self.stride(end) if in_parts else 1
                yield from self._lines(file, end, Parts(self.offset, end, every) if every > 1 else None)

    def stride(self, end: int) -> int:
        """Returns of how many parts one is read, up to a position."""
        return stride(min(end - self.offset, self._stored))

    def rest(self, most: int = 4096) -> bytes:
        """Returns the unfinished last line, at most ``most`` bytes."""
        with self.opened() as opened:
            return b"" if opened is None else opened[0].read(most)
        return b""

    def advance(self, data: bytes) -> None:
        """Marks the bytes after the position as read."""
        self.offset += len(data)
        self._before = (self._before + data[-_CHECKED:])[-_CHECKED:]

    def skip(self, file: io.FileIO, position: int) -> None:
        """Moves the position forward over bytes that nobody needs to read."""
        start = max(0, position - _CHECKED)
        file.seek(start)
        self._before = file.read(position - start)
        file.seek(position)
        self.offset = position

    def pass_over(self, file: io.FileIO, position: int) -> None:
        """Goes on at a later position, where the rest of a line is left out."""
        self.skip(file, position)
        self.parts += 1
        self._in_long_line = True

    def _open(self) -> io.FileIO | None:
        try:
            file = open_regular(self.path)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._note_unreadable(error)
            return None
        try:
            if not self._unchanged(file):
                self._restart("cut back")
            file.seek(self.offset)
        except OSError as error:
            file.close()
            self._note_unreadable(error)
            return None
        self.reason = ""
        return file

    def _lines(self, file: io.FileIO, end: int, parts: Parts | None) -> Iterator[bytes]:
        held: list[bytes] = []
        length, position, whole_line = 0, self.offset, False
        while position < end:
            if parts is not None and whole_line and (following := parts.next(position)) > position:
                held, length, position, whole_line = [], 0, following, False
                self.pass_over(file, position)
            data = _next_data(file, position, end)
            if data > position:  # a hole reads as zeros
                block, position = b"\n", data
            else:
                stop = end if parts is None else parts.stop(position)
                raw = file.read(min(BLOCK, stop - position))
                if not raw:
                    return
                position += len(raw)
                self.taken += len(raw)
                block = _ZEROS.sub(b"\n", raw) if b"\0" in raw else raw
            cut = block.rfind(b"\n") + 1
            if not cut:
                held.append(block)
                length += len(block)
                if length > LONGEST:
                    self._drop(file, position)
                    held, length = [], 0
                    yield b""
                continue
            whole = b"".join((*held, block[:cut])) if held else block[:cut]
            held, length = [], 0
            position -= len(block) - cut  # the start of the next line is read again: that is less than to copy a block
            self.skip(file, position)
            lines = self._after_long_line(whole)
            whole_line = whole_line or bool(lines)
            yield lines

    def _drop(self, file: io.FileIO, position: int) -> None:
        """Drops the start of a line that is too long, or its next part."""
        self.long_lines += not self._in_long_line
        self._in_long_line = True
        self.skip(file, position)

    def _after_long_line(self, block: bytes) -> bytes:
        if not self._in_long_line:
            return block
        self._in_long_line = False
        return block[block.find(b"\n") + 1 :]

    def _unchanged(self, file: io.FileIO) -> bool:
        file.seek(self.offset - len(self._before))
        return file.read(len(self._before)) == self._before

    def _restart(self, event: Event) -> None:
        self.events.append(event)
        self.offset, self._before, self._in_long_line, self.long_lines = 0, b"", False, 0
        self.taken = self.parts = 0

    def _note_unreadable(self, error: OSError) -> bool:
        self.reason = why_unreadable(error)
        if "unreadable" not in self.events:
            self.events.append("unreadable")
        self._seen = None
        return False


def _next_data(file: io.FileIO, position: int, end: int) -> int:
    """Returns where the next data of a sparse file begin, at the position or after it; the end if there are none."""
    try:
        return min(os.lseek(file.fileno(), position, os.SEEK_DATA), end)
    except AttributeError:
        return position
    except OSError as error:  # ENXIO: a hole up to the end; anything else: the file system cannot tell
        return end if error.errno == errno.ENXIO else position
