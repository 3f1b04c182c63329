"""Lines with options behind a command that lacks the backslash at its end, so that the shell runs them on their own."""

from __future__ import annotations

import re

from dreamerguard.core.source import Span
from dreamerguard.sources.argv import Command

#: Ends a line without continuing it, and begins the next one with an option or an override of a nested key.
_LOST = re.compile(
    r"[\"')\]}]?[ \t]*(?:[ \t]#[^\n]*)?\r?\n"
    r"[ \t]*(?P<words>(?:--[A-Za-z][\w.-]*(?=[ \t=\r\n\\]|\Z)|(?<=[ \t])[+~]{0,2}[A-Za-z_]\w*(?:[.@/]\w+)+=)[^\n]*)"
)
#: Sources in which a line end separates commands.
_NOT_SHELL = (".py", ".ipynb", ".json", ".yaml", ".yml", ".bat", ".cmd", ".ps1")
_MOST = 20_000


def lost_line(command: Command) -> Span | None:
    """Returns the place of the first line of options that the shell does not give to the command; None without one."""
    source = command.source
    own = [word for word in command.words if word.span.source is source]
    if source.kind != "file" or source.name.endswith(_NOT_SHELL) or len(own) < len(command.words) or not own:
        return None
    start, end = own[0].span.start, own[-1].span.end
    if any(word.span.start < start for word in own) or not 0 < end - start < _MOST:
        return None  # words of an array or a function stand elsewhere
    lines = source.text[start:end].split("\n")
    if not all(line.rstrip().endswith("\\") for line in lines[:-1]):
        return None
    found = _LOST.match(source.text, end)
    return source.span(found.start("words"), found.end("words")) if found is not None else None
