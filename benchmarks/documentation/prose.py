"""Help texts and descriptions as Markdown."""

from __future__ import annotations

import re

_CODE = re.compile(r"``[^`]+``|`[^`]+`")
_SPECIAL = re.compile(r"([\\*_\[\]|])")
_OPTION = re.compile(r"(?<![\w`-])(--[a-z][\w-]*)")


def prose(text: str) -> str:
    """Returns a text in which Markdown shows every character; code stays code, and options become code."""
    out, end = [], 0
    for match in _CODE.finditer(text):
        out += [_plain(text[end : match.start()]), f"`{match[0].strip('`')}`".replace("|", "\\|")]
        end = match.end()
    return "".join([*out, _plain(text[end:])])


def code(text: str) -> str:
    """Returns a text as code, also inside a table."""
    return f"`{text}`".replace("|", "\\|")


def _plain(text: str) -> str:
    shown = _SPECIAL.sub(r"\\\1", text.replace("&", "&amp;").replace("<", "&lt;"))
    return _OPTION.sub(r"`\1`", shown)
