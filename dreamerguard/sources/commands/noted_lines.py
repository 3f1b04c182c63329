"""Lines of plain text that are commands: they begin with an interpreter and have an option or an override."""

from __future__ import annotations

import re

LINE = re.compile(
    r"^[ \t]*(?:[$%>][ \t]+)?(?=(?:[A-Z_][A-Z0-9_]*=\S{0,60}[ \t]+){0,4}"
    r"(?:(?:nohup|srun|uv[ \t]+run|xvfb-run(?:[ \t]+-a)?)[ \t]+)?python[\d.]{0,4}[ \t]"
    r"(?:-\w[ \t]+)?(?:[\w./~$-]+\.py\b|[\w.]+[ \t]+--)[^\n]*(?:[ \t]--?\w|=|\\[ \t]*$))",
    re.MULTILINE,
)
#: Statements of a shell: the text is a script, and its lines depend on each other.
SCRIPT = re.compile(r"^[ \t]*(?:export|set|cd|source|echo|for|if|while|function|\w+=\S*)(?:[ \t;]|$)", re.MULTILINE)
#: A docstring at the head of a module, behind comments.
_QUOTES = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n){0,40}[rRuU]?(?:\"\"\"|''')")
_HEAD = 6000


def holds_commands(text: str) -> bool:
    """Returns whether a plain text holds a line with a command."""
    return LINE.search(text) is not None


def documents_commands(text: str) -> bool:
    """Returns whether a Python file may begin with a docstring that holds a command."""
    return _QUOTES.match(text) is not None and LINE.search(text, 0, _HEAD) is not None
