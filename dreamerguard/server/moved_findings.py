"""Findings of a text at their places in a later text, until the later text is checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from dreamerguard.core.finding import Finding
from dreamerguard.core.source import Label, Source, Span

from .documents import changed_part


@dataclass(frozen=True)
class Moved:
    """Findings outside of a change.

    Attributes:
      findings: without their fixes, which the next check makes again.
      changed_at: first changed character of the new text.
    """

    findings: tuple[Finding, ...]
    changed_at: int


def moved(findings: Iterable[Finding], old: str, new: Source) -> Moved:
    """Moves findings; what touches the change is dropped.

    Args:
      findings: of the old text; those in other files stay as they are.
      old: the text that was checked.
      new: the text after the change.
    """
    front, back = changed_part(old, new.text)
    behind, shift = len(old) - back, len(new.text) - len(old)

    def move(span: Span) -> Span | None:
        if span.source.name != new.name:
            return span
        if span.end < front or new.text == old:
            return Span(new, span.start, span.end)
        return Span(new, span.start + shift, span.end + shift) if span.start > behind else None

    def all_moved() -> Iterator[Finding]:
        for item in findings:
            primary = move(item.primary.span)
            if primary is None:
                continue
            labels = ((label, move(label.span)) for label in item.secondary)
            secondary = tuple(Label(span, label.message) for label, span in labels if span is not None)
            yield replace(item, primary=Label(primary, item.primary.message), secondary=secondary, fix=None)

    return Moved(tuple(all_moved()), front)
