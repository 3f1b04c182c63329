"""Escapes, measures and colours text for a terminal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

#: Control, format (also right-to-left overrides), surrogate, private, line-breaking and unusual blank characters. A
#: non-breaking space looks like a space, but YAML does not treat it as a space.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
_COLORS = re.compile(r"\x1b\[[0-9;]*m")
#: Narrower screens are treated as this wide, because words no longer fit.
_NARROWEST = 40
_CODES = {"bold": "1", "red": "31", "yellow": "33", "blue": "34", "cyan": "36", "dim": "2"}


def plain(text: str) -> str:
    """Returns the text with an escape for every character that could move the cursor, or hide or reorder text."""
    return "".join(_escape(char) for char in text)


def shortened(text: str, longest: int = 60) -> str:
    """Returns the text; of a long one, the beginning and an ellipsis."""
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def number_of(count: int | str, noun: str, plural: str = "") -> str:
    """Returns a number and its noun in singular or plural: ``1 run``, ``1,200 runs``, ``1 batch``, ``2.5 batches``.

    Args:
      count: a number, or its text.
      noun: the noun in the singular.
      plural: the noun in the plural; by default with an s.
    """
    shown = count if isinstance(count, str) else f"{count:,}"
    return f"{shown} {noun if shown == '1' else plural or noun + 's'}"


def width(text: str) -> int:
    """Returns the number of terminal columns of plain text."""
    return sum(_width(char) for char in text)


def folded(line: str, columns: int | None, indent: int = 6) -> str:
    """Returns a line, broken between words where it is wider than a screen. Colours have no width.

    Args:
      line: the line, perhaps with colours.
      columns: width of the screen; None for lines of any length.
      indent: spaces before the further lines.
    """
    if columns is None:
        return line
    room = max(columns, _NARROWEST)
    words = line.lstrip(" ").split(" ")
    lines, now = [], " " * (len(line) - len(line.lstrip(" "))) + words[0]
    for word in words[1:]:
        longer = f"{now} {word}"
        if width(_COLORS.sub("", longer)) > room:
            lines.append(now)
            longer = f"{' ' * indent}{word}"
        now = longer
    return "\n".join([*lines, now])


def paint(text: str, *styles: str, color: bool) -> str:
    """Returns the text in the given styles if ``color`` is set."""
    if not color or not text:
        return text
    return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"


def wants_color(terminal: bool, environment: Mapping[str, str]) -> bool:
    """Returns whether to use colours: ``NO_COLOR`` forbids, ``FORCE_COLOR`` requires, otherwise only on a terminal.

    See https://no-color.org and https://force-color.org.
    """
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return terminal and environment.get("TERM") != "dumb"


def _escape(char: str) -> str:
    if char == "\t":
        return "    "
    if char == " " or unicodedata.category(char) not in _HIDDEN:
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _width(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1
