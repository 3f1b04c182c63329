"""Where the cursor is in a command that is being typed."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: The word in front of the cursor, in a script, a list of JSON or a text.
_TYPED = re.compile(r"[^\s\"'`,\[\](){}]*$")
_OPTION = re.compile(r"--(?P<name>[\w.-]+)")
_QUOTES = "\"'`,[]"
#: Characters in front of the cursor that are looked at.
_MOST = 4000


@dataclass(frozen=True)
class CommandCursor:
    """The place in a command.

    Attributes:
      option: the last option in front of the cursor, without dashes, if it has no value with ``=``; else empty.
      typed: what is typed of the word so far.
    """

    option: str
    typed: str


def command_cursor(text: str, offset: int) -> CommandCursor:
    """Returns the place of a character in its command, which may continue over lines that end with a backslash."""
    before = text[max(offset - _MOST, 0) : offset]
    match = _TYPED.search(before)
    typed = match[0] if match is not None else ""
    line = before[: len(before) - len(typed)].replace("\\\r\n", " ").replace("\\\n", " ").rpartition("\n")[2]
    words = line.translate(str.maketrans(_QUOTES, " " * len(_QUOTES))).split()
    option = next((word for word in reversed(words) if word.startswith("--")), "")
    found = _OPTION.fullmatch(option)
    return CommandCursor(found["name"] if found is not None and _is_open(words, option) else "", typed)


def _is_open(words: list[str], option: str) -> bool:
    """Returns whether the next word belongs to an option: it has no value yet, or takes several."""
    behind = words[::-1].index(option)
    return behind == 0 or option == "--configs"
