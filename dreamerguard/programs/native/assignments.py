"""The settings that the user wrote, in the order in which they apply: files first, then the command line."""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Problem
from dreamerguard.core.key import Key
from dreamerguard.core.setting import Layer, LayerKind
from dreamerguard.core.source import Edit, Label, Span, Value
from dreamerguard.core.values import read_value, spell_scalar
from dreamerguard.sources.argv import UNKNOWN, Override
from dreamerguard.sources.values.nodes import Document, Entry, Listing, Mapping, Scalar
from dreamerguard.sources.values.yaml import duplicate
from dreamerguard.util.fast_dataclass import dataclass
from dreamerguard.util.text import shortened

from .arguments import Arguments


@dataclass(frozen=True, slots=True)
class Assignment:
    """One key with the value that the user set. ``nested`` marks a list with items that are not plain values."""

    key: str
    value: Value
    kind: LayerKind
    name: str
    span: Span
    key_span: Span | None
    value_span: Span | None
    via: Span | None = None
    nested: bool = False

    def layer(self, value: Value) -> Layer:
        """Returns the layer of this assignment, with a value converted to the key's type."""
        return Layer(self.kind, self.name, value, self.span, self.value_span, self.via)


def from_document(document: Document) -> Iterator[Assignment]:
    """Yields the assignments of a run file. Nested sections and dotted keys are equivalent."""
    if document.root is not None:
        yield from _leaves(document.root, "", None, document.source.name)


def _leaves(mapping: Mapping, prefix: str, via: Span | None, name: str) -> Iterator[Assignment]:
    for entry in mapping.entries:
        key, site = f"{prefix}{entry.name}", via or entry.via
        if isinstance(entry.value, Mapping):
            yield from _leaves(entry.value, f"{key}.", site, name)
        else:
            yield _leaf(key, entry, site, name)


def _leaf(key: str, entry: Entry, via: Span | None, name: str) -> Assignment:
    key_span, node = entry.key.span, entry.value
    if isinstance(node, Scalar):
        close = 0 <= node.span.start - key_span.end < 80
        span = key_span.source.span(key_span.start, node.span.end) if close else key_span
        return Assignment(key, node.value, "file", name, span, key_span, node.span, via)
    items = node.items if isinstance(node, Listing) else ()
    plain = tuple(item.value for item in items if isinstance(item, Scalar))
    return Assignment(key, plain, "file", name, key_span, key_span, None, via, nested=len(plain) < len(items))


def from_arguments(arguments: Arguments) -> Iterator[Assignment]:
    """Yields the task and the overrides of a command."""
    for word in arguments.tasks[:1] if arguments.tasks and arguments.tasks[0].known else ():
        yield Assignment("task", word.text, "command line", "command line", word.span, None, word.span)
    for override in arguments.overrides:
        if override.value is not None and UNKNOWN not in f"{override.key}{override.value}":
            value = read_value(override.value)
            yield Assignment(
                override.key,
                value,
                "command line",
                "command line",
                override.span,
                _key_span(override),
                override.value_span,
            )


def _key_span(override: Override) -> Span | None:
    """Returns the place of the key of an override, without dashes; None if it is written in another way."""
    at = override.span.text.find(override.key)
    start = override.span.start + at
    return override.span.source.span(start, start + len(override.key)) if at >= 0 else None


def spelled_twice(assignments: list[Assignment]) -> Iterator[Problem]:
    """Yields a problem for each key that one file sets both nested and dotted, which the parser read as two keys."""
    seen: dict[str, Assignment] = {}
    for item in assignments:
        first = seen.get(item.key)
        if first is not None and first.via is None and item.via is None and item.key_span and first.key_span:
            yield duplicate(item.key, first.key_span, item.key_span)
        seen[item.key] = item


def fits(key: Key, item: Assignment) -> Problem | None:
    """Checks a value of a known key. Returns the problem; None if the value fits."""
    if item.nested or not key.accepts_type(item.value):
        return _wrong_type(key, item, describe(item.value))
    if key.in_range(item.value):
        return None
    if key.kind == "choice":
        return Problem("unknown-choice", "", Label(item.span), key.path, value=item.value, place=item.value_span)
    return Problem(
        "out-of-range",
        f"{key.path} is {describe(item.value)}; it must be {key.expected_instead(item.value)}",
        Label(item.span),
        key=key.path,
    )


def _wrong_type(key: Key, item: Assignment, got: str) -> Problem:
    intended = key.intended_value(item.value)
    differs = intended is not item.value and item.value_span is not None
    edits = (Edit(item.value_span, spell_scalar(intended)),) if differs and item.value_span is not None else ()
    underscore = isinstance(item.value, str) and "_" in item.value and differs
    return Problem(
        "wrong-type",
        f"{key.path} is {got}; it must be {key.expects}",
        Label(item.span),
        key=key.path,
        help="YAML 1.2 numbers have no underscores" if underscore else "",
        edits=edits,
        fix=f"write {spell_scalar(intended)}" if edits else "",
    )


def describe(value: Value) -> str:
    """Returns a value with its type, for people."""
    if value is None:
        return "empty"
    if isinstance(value, tuple):
        return f"the list {spell_scalar(value)}"
    if isinstance(value, bool):
        return spell_scalar(value)
    if isinstance(value, str):
        return f"the text {shortened(value)!r}"
    return spell_scalar(value)
