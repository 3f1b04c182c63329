"""Parses YAML into a tree with positions.

The tree is built from the parser's events, not by ``yaml.load``: events carry exact positions of scalars, keep both
positions of a duplicate key, and construct no objects, so no tag can run code. Depth and expanded size are limited, so
that neither deep nesting nor repeated aliases can exhaust the process.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import yaml

from dreamerguard.core.finding import Problem
from dreamerguard.core.source import Label, Source, Span
from dreamerguard.core.values import resolve_scalar

from .nodes import Document, Entry, Listing, Mapping, Node, Scalar
from .yaml_errors import syntax_problem

MAX_DEPTH = 32
MAX_NODES = 20_000
_CORE_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq"))
_TEXT_TAGS = frozenset({"tag:yaml.org,2002:str", "!"})
_READ_TAGS = _CORE_TAGS - _TEXT_TAGS
#: Events with an exact end mark. The end mark of a block is at the next token, after comments.
_EXACT = (yaml.ScalarEvent, yaml.AliasEvent)
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Refused(Exception):
    """A problem that stops the parser."""

    def __init__(self, message: str, span: Span, help: str = "") -> None:
        super().__init__(message)
        self.problem = Problem("invalid-yaml", message, Label(span), help=help)


@lru_cache(maxsize=1)  # several training programs read the same file in turn
def read_yaml(source: Source) -> Document:
    """Parses one document with a mapping as its root. An empty file is an empty mapping."""
    composer = _Composer(source)
    try:
        return composer.document()
    except _Refused as refused:
        return Document(source, None, (refused.problem,))
    except yaml.YAMLError as error:
        return Document(source, None, (syntax_problem(source, error, composer.brackets),))
    except UnicodeEncodeError as error:
        problem = Problem("invalid-yaml", "the text contains half a surrogate pair", Label(source.span(error.start)))
        return Document(source, None, (problem,))


class _Composer:
    """Builds the tree.

    ``size`` counts values with aliases expanded, since readers of the tree expand them. ``brackets`` holds the places
    of the brackets that are open where reading stops.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.brackets: list[int] = []
        self.size = 0

    def document(self) -> Document:
        loader = _LOADER(self.source.text)
        try:
            root = self._root(loader.get_event)
        finally:
            loader.dispose()
        if root is None or (isinstance(root, Scalar) and root.value is None):
            root = Mapping((), self.source.span(0))
        if not isinstance(root, Mapping):
            raise _Refused("the file must contain `key: value` lines", _first_line(root.span))
        return Document(self.source, root, tuple(self.problems))

    def _root(self, events: Callable[[], Any]) -> Node | None:
        root: Node | None = None
        while not isinstance(event := events(), yaml.StreamEndEvent):
            if isinstance(event, yaml.NodeEvent):
                if root is not None:
                    raise _Refused("a second document starts here; one file describes one run", self._span(event))
                root = self._node(event, events, 0)
        return root

    def _node(self, event: Any, events: Callable[[], Any], depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise _Refused(f"nested deeper than {MAX_DEPTH} levels", self._span(event))
        before = self.size
        self.size += 1
        if self.size > MAX_NODES:
            self._count(0, event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if event.tag is not None:
            self._check_tag(event)
        if isinstance(event, yaml.ScalarEvent):
            node: Node = self._scalar(event)
        else:
            self.brackets.append(event.start_mark.index)
            sequence = isinstance(event, yaml.SequenceStartEvent)
            node = self._sequence(event, events, depth) if sequence else self._mapping(event, events, depth)
            self.brackets.pop()
        if event.anchor:
            self.anchors[event.anchor] = (node, self.size - before)
        return node

    def _alias(self, event: Any) -> Node:
        if event.anchor not in self.anchors:
            raise _Refused(f"*{event.anchor} has no anchor &{event.anchor} before it", self._span(event))
        node, size = self.anchors[event.anchor]
        self._count(size, event)
        return replace(node, span=self._span(event)) if isinstance(node, Scalar) else node

    def _count(self, number: int, event: Any) -> None:
        self.size += number
        if self.size > MAX_NODES:
            raise _Refused(f"more than {MAX_NODES} values, counting values that aliases repeat", self._span(event))

    def _check_tag(self, event: Any) -> None:
        tag = event.tag
        if tag not in _CORE_TAGS and tag != "!":
            shown = tag.replace("tag:yaml.org,2002:", "!!")
            raise _Refused(
                f"the tag {shown} is refused: a configuration contains only plain values, never objects",
                self._span(event),
                help="remove the tag",
            )

    def _scalar(self, event: Any) -> Scalar:
        plain = bool(event.implicit[0]) and event.tag not in _TEXT_TAGS
        value = resolve_scalar(event.value) if plain or event.tag in _READ_TAGS else event.value
        return Scalar(value, Span(self.source, event.start_mark.index, event.end_mark.index), plain)

    def _sequence(self, event: Any, events: Callable[[], Any], depth: int) -> Listing:
        items: list[Node] = []
        while not isinstance(inner := events(), yaml.SequenceEndEvent):
            items.append(self._node(inner, events, depth + 1))
        return Listing(tuple(items), self._span(event))

    def _mapping(self, event: Any, events: Callable[[], Any], depth: int) -> Mapping:
        own: dict[str, Entry] = {}
        merged: dict[str, Entry] = {}
        while not isinstance(inner := events(), yaml.MappingEndEvent):
            key = self._node(inner, events, depth + 1)
            if not isinstance(key, Scalar):
                raise _Refused("a key must be plain text", _first_line(key.span))
            value = self._node(events(), events, depth + 1)
            if key.plain and key.value == "<<":
                merged = self._merge(key.span, value) | merged
                continue
            entry = Entry(key, value)
            name = entry.name
            if name in own:
                self.problems.append(duplicate(name, own[name].key.span, key.span))
            own[name] = entry
        entries = (*(entry for name, entry in merged.items() if name not in own), *own.values())
        return Mapping(entries, self._span(event))

    def _merge(self, site: Span, value: Node) -> dict[str, Entry]:
        parts = value.items if isinstance(value, Listing) else (value,)
        merged: dict[str, Entry] = {}
        for part in reversed(parts):
            if not isinstance(part, Mapping):
                raise _Refused("<< merges mappings only, for example `<<: *base`", site)
            merged |= {entry.name: Entry(entry.key, entry.value, entry.via or site) for entry in part.entries}
        return merged

    def _span(self, event: Any) -> Span:
        start: int = event.start_mark.index
        end: Any = event.end_mark if isinstance(event, _EXACT) else event.start_mark
        return Span(self.source, start, end.index)


def duplicate(key: str, first: Span, second: Span) -> Problem:
    """Returns the problem for a key that one mapping sets twice."""
    return Problem(
        "duplicate-key",
        f"{key} is set twice; the second value would win silently",
        Label(second, "set again here"),
        key=key,
        secondary=(Label(first, "first set here"),),
        help="keep one of the two lines",
    )


def _first_line(span: Span) -> Span:
    end = span.source.text.find("\n", span.start)
    return span.source.span(span.start, min(span.end, end) if end >= 0 else span.end)
