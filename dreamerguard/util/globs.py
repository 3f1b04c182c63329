"""Globs of git (https://git-scm.com/docs/gitignore) as regular expressions that take bounded time.

Stars are translated into atomic groups: between two stars, the leftmost match is always good enough. So the work grows
with the length of the glob times the length of the name, whatever the glob.
"""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"[*?\[\\]")
_CLASSES = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "blank": r" \t", "cntrl": r"\x00-\x1f\x7f", "digit": "0-9",
    "graph": "!-~", "lower": "a-z", "print": " -~", "punct": r"!-/:-@\[-`{-~", "space": r"\t-\r ", "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}  # fmt: skip
#: Parts of a glob that are no expressions for one character.
_STAR, _STARS, _SLASH = "*", "**", "/"


class GlobError(ValueError):
    """A glob that matches nothing, because it ends within a set or behind a backslash."""


def literal_length(glob: str) -> int:
    """Returns the length of the beginning of a glob that has no special character."""
    found = _SPECIAL.search(glob)
    return found.start() if found else len(glob)


def name_expression(glob: str) -> str:
    """The expression of a glob for one name without slashes.

    Raises:
      GlobError: the glob matches nothing.
    """
    return _segment(_parts(glob))


def path_expression(glob: str) -> str:
    """The expression of a glob for a path, in which only ``**`` matches slashes.

    Raises:
      GlobError: the glob matches nothing.
    """
    start = literal_length(glob)  # as in git, ** right behind this beginning counts as if it stood behind a slash
    segments: list[list[str]] = [[]]
    for part in _parts(glob[start:]):
        if part == _SLASH:
            segments.append([])
        else:
            segments[-1].append(part)
    return re.escape(glob[:start]) + _path(segments)


def _path(segments: list[list[str]]) -> str:
    """The expression of segments: blocks of them, with ``**`` in between."""
    blocks: list[list[str]] = [[]]
    for segment in segments[:-1]:
        if segment == [_STARS]:
            blocks.append([])
        else:
            blocks[-1].append(_segment(segment) + "/")
    texts = ["".join(blocks[0]), *(f"(?>(?:[^/]*/)*?{''.join(block)})" for block in blocks[1:-1])]
    last = "" if len(blocks) == 1 else "(?:[^/]*/)*?" + "".join(blocks[-1])
    return "".join(texts) + last + (".*" if segments[-1] == [_STARS] else _segment(segments[-1]))


def _segment(parts: list[str]) -> str:
    pieces: list[str] = [""]
    for part in parts:
        if part in (_STAR, _STARS):
            pieces.append("")
        else:
            pieces[-1] += part
    middle = "".join(f"(?>[^/]*?{piece})" for piece in pieces[1:-1] if piece)
    return pieces[0] + middle + (f"[^/]*{pieces[-1]}(?![^/])" if len(pieces) > 1 else "")


def _parts(glob: str) -> list[str]:
    found: list[str] = []
    at = 0
    while at < len(glob):
        char = glob[at]
        end = at + 1
        if char == "*":
            while glob.startswith("*", end):
                end += 1
            found.append(_STARS if end - at > 1 else _STAR)
        elif char == "[":
            text, end = _set(glob, at + 1)
            found.append(text)
        elif char == "\\":
            end = at + 2
            if end > len(glob):
                raise GlobError("the glob ends behind a backslash")
            found.append(_SLASH if glob[at + 1] == "/" else re.escape(glob[at + 1]))
        else:
            found.append(_SLASH if char == "/" else "[^/]" if char == "?" else re.escape(char))
        at = end
    return found


def _set(glob: str, at: int) -> tuple[str, int]:
    """The expression of a set that begins at a place, and the place behind it."""
    negated = glob[at : at + 1] in ("!", "^") and glob[at : at + 1] != ""
    first = at = at + negated
    inner: list[str] = []
    before = ""  # the character that a range can begin with
    while at == first or glob[at : at + 1] != "]":
        if glob.startswith("[:", at) and (named := _class(glob, at)) is not None:
            inner.append(named[0])
            before, at = "", named[1]
            continue
        if glob[at : at + 1] == "-" and before and glob[at + 1 : at + 2] not in ("", "]"):
            last, at = _char(glob, at + 1)
            inner.append(f"{re.escape(before)}-{re.escape(last)}" if before <= last else "")
            before = ""
            continue
        before, at = _char(glob, at)
        inner.append(re.escape(before))
    body = "".join(inner)
    if not body:
        return ("[^/]" if negated else "(?!)"), at + 1
    return (f"[^/{body}]" if negated else f"(?!/)[{body}]"), at + 1


def _class(glob: str, at: int) -> tuple[str, int] | None:
    """A class such as ``[:digit:]`` and the place behind it; None for other text."""
    close = glob.find("]", at + 2)
    if close < 0:
        raise GlobError("the glob ends within a set")
    if close < at + 3 or glob[close - 1] != ":":
        return None
    try:
        return _CLASSES[glob[at + 2 : close - 1]], close + 1
    except KeyError:
        raise GlobError("the glob has an unknown class") from None


def _char(glob: str, at: int) -> tuple[str, int]:
    at += glob.startswith("\\", at)
    if at >= len(glob):
        raise GlobError("the glob ends within a set")
    return glob[at], at + 1
