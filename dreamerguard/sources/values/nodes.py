"""The tree that a configuration file becomes: values that know where they were written."""

from __future__ import annotations

from dreamerguard.core.model import Plain, Problem, Source, Span
from dreamerguard.util.fast_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value. ``plain`` is false when it was quoted, which makes it text."""

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
    """One key of a mapping. ``via`` is the place of the ``<<`` that brought it in, if it was merged."""

    key: Scalar
    value: Node
    via: Span | None = None

    @property
    def name(self) -> str:
        """The key as text."""
        return self.key.span.text if self.key.plain else str(self.key.value)


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values in the order of the file; merged entries first, since what is written beside them wins."""

    entries: tuple[Entry, ...]
    span: Span


Node = Scalar | Listing | Mapping


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read. ``root`` is none when the problems left nothing to read."""

    source: Source
    root: Mapping | None
    problems: tuple[Problem, ...] = ()
