"""Finds comments with their positions. The parsers drop comments, so this module searches between the tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from dreamerguard.core.source import Source, Span

_IN_GAP = re.compile(r"(?:^|(?<=\s))#[^\n]*", re.MULTILINE)
#: Quoted text, an escaped character, or a comment of a shell script.
_IN_SHELL = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"|\\.|(?:^|(?<=[\s;&|()]))#[^\n]*", re.MULTILINE | re.DOTALL)


def is_yaml(source: Source) -> bool:
    """Returns whether a source is read as YAML, from its name."""
    return PurePath(source.name).suffix.lower() in (".yaml", ".yml")


def comments(source: Source) -> Iterator[Span]:
    """Yields comments from ``#`` to the end of the line; in an invalid YAML file, those before the error."""
    found = _yaml(source.text) if is_yaml(source) else _shell(source.text)
    for start, end in found:
        while end > start and source.text[end - 1] in "\r \t":
            end -= 1
        yield source.span(start, end)


def _yaml(text: str) -> Iterator[tuple[int, int]]:
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    behind = 0
    try:
        for token in yaml.scan(text, Loader=loader):
            yield from _gap(text, behind, token.start_mark.index)
            behind = max(behind, token.end_mark.index)
    except yaml.YAMLError:
        return
    yield from _gap(text, behind, len(text))


def _gap(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    if "#" in text[start:end]:
        yield from (match.span() for match in _IN_GAP.finditer(text, start, end))


def _shell(text: str) -> Iterator[tuple[int, int]]:
    return (match.span() for match in _IN_SHELL.finditer(text) if match[0].startswith("#"))
