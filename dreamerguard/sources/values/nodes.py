"""Defines the tree of a configuration file: values with their positions."""

from __future__ import annotations

from dreamerguard.core.finding import Problem
from dreamerguard.core.source import Plain, Source, Span
from dreamerguard.util.fast_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value. ``plain`` is false for a quoted value, which is text."""

    value: Plain
    span: Span
    plain: bool = True


@dataclass(frozen=True, slots=True)
class Listing:
    """A sequence of values."""

    items: tuple[Node, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping and its value. ``via`` is the position of the ``<<`` that merged it; None if not merged."""

    key: Scalar
    value: Node
    via: Span | None = None

    @property
    def name(self) -> str:
        """The key as text."""
        return self.key.span.text if self.key.plain else str(self.key.value)


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values in file order; merged entries come first, since entries written beside them win."""

    entries: tuple[Entry, ...]
    span: Span


Node = Scalar | Listing | Mapping


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file. ``root`` is None if problems prevented parsing."""

    source: Source
    root: Mapping | None
    problems: tuple[Problem, ...] = ()
