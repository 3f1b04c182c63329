"""Chooses what is read of a long backlog: evenly spaced parts, and the end."""

from __future__ import annotations

from dataclasses import dataclass

#: Bytes of a backlog that are read at most, but for the end.
READ = 96 << 20
#: Bytes of a part, and of the end that is read as a whole.
PART, END = 128 << 10, 2 << 20


def stride(backlog: int) -> int:
    """Returns of how many parts of a backlog one is read. Its holes must not be counted."""
    return 1 + backlog // (READ + 1)


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a backlog that are read. All but the first begin at a multiple of `PART`.

    Attributes:
      start, end: positions of the backlog in its file, in bytes.
      stride: of how many parts one is read; 1 if the whole backlog is.
    """

    start: int
    end: int
    stride: int

    @property
    def last(self) -> int:
        """Position from which on everything is read."""
        return self.start if self.stride == 1 else (self.end - END) // PART * PART

    def next(self, position: int) -> int:
        """Returns the first position from this one on that is read."""
        part, every = position // PART, self.stride
        if position >= self.last or part % every == 0:
            return position
        return min((part // every + 1) * every * PART, self.last)

    def stop(self, position: int) -> int:
        """Returns where the part with a position ends."""
        return self.end if position >= self.last else (position // PART + 1) * PART
