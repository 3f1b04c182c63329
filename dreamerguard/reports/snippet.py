"""Renders the source line of a finding, with carets under the place."""

from __future__ import annotations

from collections.abc import Sequence

from dreamerguard.core.source import Label, Source
from dreamerguard.util.text import paint, plain, width

#: Longer lines are cut around the place, so that the carets stay visible.
_LONGEST = 180
_BEFORE = 60


def snippet(primary: Label, secondary: Sequence[Label], style: str, color: bool) -> list[str]:
    """Returns the source lines of all labels: the primary label first, the others after ``:::``."""
    places: dict[tuple[Source, int], list[tuple[Label, bool]]] = {}
    for label, first in [(primary, True), *((label, False) for label in secondary)]:
        places.setdefault((label.span.source, label.span.line), []).append((label, first))
    gutter = max((len(str(line)) for source, line in places if source.kind == "file"), default=1)
    shown: list[str] = []
    for index, labels in enumerate(places.values()):
        arrow = paint("-->" if index == 0 else ":::", "blue", color=color)
        shown.append(f"{' ' * gutter}{arrow} {plain(str(labels[0][0].span))}")
        shown += _line(labels, gutter, style, color)
    return shown


def _line(labels: list[tuple[Label, bool]], gutter: int, style: str, color: bool) -> list[str]:
    span = labels[0][0].span
    bar = paint("|", "blue", color=color)
    number = str(span.line) if span.source.kind == "file" else ""
    offset, text = _window(span.lines[0], min(label.span.column - 1 for label, _ in labels))
    rows = [f"{number:>{gutter}} {bar} {plain(text)}".rstrip()]
    for label, first in labels:
        start = max(label.span.column - 1 - offset, 0)
        same_line = label.span.end_line == label.span.line
        end = label.span.end_column - 1 - offset if same_line else len(text)
        pad = " " * width(plain(text[:start]))
        marks = ("^" if first else "-") * max(width(plain(text[start:end])), 1)
        row = paint(f"{marks} {plain(label.message)}".rstrip(), *((style, "bold") if first else ("blue",)), color=color)
        rows.append(f"{' ' * gutter} {bar} {pad}{row}")
    return rows


def _window(line: str, column: int) -> tuple[int, str]:
    """Returns the number of characters cut at the start of a line, and the part of the line that holds the column."""
    start = max(column - _BEFORE, 0) if len(line) > _LONGEST else 0
    return start, line[start : start + _LONGEST]
