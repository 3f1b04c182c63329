"""Turns errors of the YAML parser into problems that say what to change, and where."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import yaml

from dreamerguard.core.finding import Problem
from dreamerguard.core.source import Label, Source

_CLOSING = {"[": "]", "{": "}"}
#: Contexts of errors inside brackets; the last one is that of a missing value.
_IN_BRACKETS = ("while parsing a flow sequence", "while parsing a flow mapping", "while parsing a flow node")
#: Message of the parser -> help text.
_HINTS = {
    "found character that cannot start any token": "YAML indents with spaces",
    "mapping values are not allowed in this context": "check the indentation, and quote text that contains ': '",
    "could not find expected ':'": "write `key: value`",
    "did not find expected key": "check the indentation and closing brackets",
}


def syntax_problem(source: Source, error: yaml.YAMLError, brackets: Sequence[int]) -> Problem:
    """Returns the problem for an error of the parser, at the place that the user has to change.

    Args:
      source: the file.
      error: the parser's error.
      brackets: places of the open collections, the innermost last; those with indentation have no bracket.
    """
    if isinstance(error, yaml.reader.ReaderError):
        return _at(source, _unprintable_at(source.text), "a control character is not allowed in YAML", "")
    mark: Any = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = getattr(error, "problem", None) or getattr(error, "context", None) or "not readable as YAML"
    position = mark.index if mark is not None and mark.index is not None else 0
    if unclosed := _unclosed(source, error, position, brackets):
        return unclosed
    tab = source.text[position : position + 1] == "\t"
    message = "a tab indents this line; YAML indents with spaces" if tab else str(said)
    help = "replace the tab with spaces" if tab else _HINTS.get(str(said), "")
    return _at(source, position, message, help)


def _unclosed(source: Source, error: yaml.YAMLError, position: int, brackets: Sequence[int]) -> Problem | None:
    """Returns the problem at a bracket or quote that nothing closes. The parser names a later place."""
    context, text = str(getattr(error, "context", None)), source.text
    mark: Any = getattr(error, "context_mark", None)
    if context == "while scanning a quoted scalar" and mark is not None and not text[position:].strip():
        quote = text[mark.index : mark.index + 1]
        return _at(source, mark.index, f"no {quote} ends this text", f"add {quote}")
    start = next((place for place in reversed(brackets) if text[place : place + 1] in _CLOSING), None)
    if start is None or context not in _IN_BRACKETS:
        return None
    ends = not text[position:].strip()
    if not ends and (context == _IN_BRACKETS[-1] or "\n" not in text[start:position]):
        return None  # a comma is missing, or one too many is there
    closing, line = _CLOSING[text[start]], source.span(position).line
    help = f"add {closing}" if ends else f"add {closing} before line {line}, or a comma if the list goes on there"
    return _at(source, start, f"no {closing} closes this {text[start]}", help)


def _at(source: Source, position: int, message: str, help: str) -> Problem:
    """Returns the problem with one character."""
    return Problem("invalid-yaml", message, Label(source.span(position, position + 1)), help=help)


_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _unprintable_at(text: str) -> int:
    found = _UNPRINTABLE.search(text)
    return found.start() if found else 0
