"""Characters that a terminal shows as they are, and how wide they are there."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

#: Control, format (also right-to-left overrides), surrogate, private, line-breaking and odd blank characters. A
#: non-breaking space looks like a space and is none to YAML.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
_CODES = {"bold": "1", "red": "31", "yellow": "33", "blue": "34", "cyan": "36", "dim": "2"}


def plain(text: str) -> str:
    """The text with every character that could move the cursor, hide or reorder text written out as an escape."""
    return "".join(_escape(char) for char in text)


def width(text: str) -> int:
    """Columns that plain text takes on a terminal."""
    return sum(_width(char) for char in text)


def paint(text: str, *styles: str, color: bool) -> str:
    """The text in a style, if colours are on."""
    if not color or not text:
        return text
    return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"


def wants_color(terminal: bool, environment: Mapping[str, str]) -> bool:
    """Whether to use colours: ``NO_COLOR`` forbids, ``FORCE_COLOR`` demands, else a terminal decides.

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
