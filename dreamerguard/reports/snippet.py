"""Renders the source line of a finding, with carets under the place."""

from __future__ import annotations

from collections.abc import Sequence

from dreamerguard.core.finding import Finding
from dreamerguard.core.source import Label, Source
from dreamerguard.util.text import paint, plain, shortened, width

from .look import ReportLook

#: Longer lines are cut around the place, so that the carets stay visible.
_LONGEST = 180
_BEFORE = 60


def snippet(primary: Label, secondary: Sequence[Label], style: str, look: ReportLook) -> list[str]:
    """Returns the source lines of all labels: the primary label first, the others after ``:::``."""
    places: dict[tuple[Source, int], list[tuple[Label, bool]]] = {}
    for label, first in [(primary, True), *((label, False) for label in secondary)]:
        places.setdefault((label.span.source, label.span.line), []).append((label, first))
    gutter = max((len(str(line)) for source, line in places if source.kind == "file"), default=1)
    shown: list[str] = []
    for index, labels in enumerate(places.values()):
        arrow = paint("-->" if index == 0 else ":::", "blue", color=look.color)
        shown.append(f"{' ' * gutter}{arrow} {plain(str(labels[0][0].span))}")
        shown += _line(labels, gutter, style, look)
    return shown


def told_places(finding: Finding) -> list[str]:
    """Returns the places of a finding in words, one on each line, as a screen reader reads them well."""
    lines = []
    for label in (finding.primary, *finding.secondary):
        span = label.span
        code = span.text.split("\n")[0].strip()
        said = f": {label.message}" if label.message else ""
        lines.append(f"  at {plain(str(span))}: {plain(shortened(code, _LONGEST))}{plain(said)}")
    return lines


def _line(labels: list[tuple[Label, bool]], gutter: int, style: str, look: ReportLook) -> list[str]:
    color = look.color
    span = labels[0][0].span
    bar = paint("|", "blue", color=color)
    number = str(span.line) if span.source.kind == "file" else ""
    longest = _LONGEST if look.columns is None else min(max(look.columns - gutter - 3, _BEFORE), _LONGEST)
    offset, text = _window(span.lines[0], min(label.span.column - 1 for label, _ in labels), longest)
    rows = [f"{number:>{gutter}} {bar} {plain(text)}".rstrip()]
    for label, first in labels:
        start = max(label.span.column - 1 - offset, 0)
        same_line = label.span.end_line == label.span.line
        end = label.span.end_column - 1 - offset if same_line else len(text)
        pad = " " * width(plain(text[:start]))
        marks = ("^" if first else "-") * max(width(plain(text[start:end])), 1)
        styles = (style, "bold") if first else ("blue",)
        message = plain(label.message)
        fits = look.columns is None or gutter + 3 + len(pad) + len(marks) + 1 + width(message) <= look.columns
        told = [f"{pad}{marks} {message}".rstrip()] if fits else [f"{pad}{marks}", message]
        rows += [f"{' ' * gutter} {bar} {_painted(row, styles, color)}" for row in told]
    return rows


def _painted(row: str, styles: Sequence[str], color: bool) -> str:
    """Returns a row in colours behind its leading spaces."""
    shown = row.lstrip(" ")
    return " " * (len(row) - len(shown)) + paint(shown, *styles, color=color)


def _window(line: str, column: int, longest: int) -> tuple[int, str]:
    """Returns the number of characters cut at the start of a line, and the part of the line that holds the column."""
    start = max(column - min(_BEFORE, longest // 3), 0) if len(line) > longest else 0
    return start, line[start : start + longest]
