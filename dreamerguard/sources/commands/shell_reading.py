"""The commands of a shell that read text into variables: ``read -r a b``, ``read -ra ARGS``, ``mapfile -t ARGS``."""

from __future__ import annotations

from collections.abc import Sequence

from dreamerguard.sources.argv import UNKNOWN
from dreamerguard.util.fast_dataclass import dataclass

from .shell_tokens import Token
from .shell_values import PlacedText, Value

_LINES = frozenset({"mapfile", "readarray"})
#: Options that take a value, of ``read`` and of ``mapfile``.
_VALUED, _VALUED_OF_LINES = frozenset("nNtupi"), frozenset("nsOucC")
_MOST_ITEMS = 500


@dataclass(frozen=True, slots=True)
class ShellReading:
    """What a command reads into.

    Attributes:
      names: variables; the last one of several gets the rest.
      array: whether the only one is an array.
      lines: whether each line is an item, instead of each word.
      separator: character between the items; empty for blanks.
    """

    names: tuple[str, ...]
    array: bool
    lines: bool
    separator: str


def reading_of(words: Sequence[Token]) -> ShellReading | None:
    """Returns what ``read``, ``mapfile`` and ``readarray`` read into; None for other commands."""
    parts = [token.plain for token in words]
    separator = ""
    while parts and parts[0] is not None and parts[0].startswith("IFS="):
        separator = (parts.pop(0) or "").removeprefix("IFS=").strip()
    if not parts or parts[0] not in ("read", *_LINES) or None in parts or len(separator) > 1:
        return None
    lines = parts[0] in _LINES
    names: list[str] = []
    array, valued = lines, _VALUED_OF_LINES if lines else _VALUED
    rest = iter([part or "" for part in parts[1:]])
    for part in rest:
        if not part.startswith("-"):
            names.append(part)
        elif "a" in part and not lines:
            array = True
        elif part[-1] == "d":
            separator = next(rest, "") or "\0"
        elif part[-1] in valued:
            next(rest, "")
    if not names and lines:
        names = ["MAPFILE"]
    return ShellReading(tuple(names), array, lines, separator) if all(name.isidentifier() for name in names) else None


def filled(reading: ShellReading, parts: Sequence[str]) -> dict[str, Value]:
    """Returns the variables behind the command, for the parts of the text that it reads.

    What is unknown in it stays so. Items that are parts, or in them, have their places.
    """
    text = "".join(parts)
    if reading.lines:
        return {reading.names[0]: tuple(_lines(parts, reading.separator or "\n")[:_MOST_ITEMS])}
    line = text.split("\n", 1)[0]
    words = line.split(reading.separator or None)
    if reading.array:
        return {reading.names[0]: tuple(words[:_MOST_ITEMS])}
    known = line.split(reading.separator or None, len(reading.names) - 1)
    open_from = next((at for at, word in enumerate(known) if UNKNOWN in word), len(known))
    return {
        name: (known[at].strip() if at < len(known) else "") if at < open_from or UNKNOWN not in line else None
        for at, name in enumerate(reading.names)
    }


def _lines(parts: Sequence[str], separator: str) -> list[str]:
    text = "".join(parts)
    if separator != "\n" or not all(part.endswith("\n") for part in parts):
        return text.rstrip("\n").split(separator) if text else []
    return [
        PlacedText(line, part.span) if isinstance(part, PlacedText) else line
        for part in parts
        for line in part[:-1].split("\n")
    ]
