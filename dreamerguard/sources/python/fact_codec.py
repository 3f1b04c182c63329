"""Facts of a file as JSON and back. Whatever is not exactly as this module writes it is refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from .file_facts import Bound, FileFacts, Pair
from .parsers import ParserFacts

_SETS = ("names", "fields", "loaded", "whole", "unpacked", "given")
_MARKS = ("made", "strict", "lenient", "presets")
_ONLY_TEXT = {str}


def encode(facts: FileFacts) -> list[Any]:
    """Returns the facts as lists of texts and numbers."""
    return [
        *(sorted(getattr(facts, name)) for name in _SETS),
        _flat(facts.pairs),
        [[name, _flat(pairs)] for name, pairs in sorted(facts.stored.items())],
        [text for item in facts.imports.items() for text in item],
        _flat(facts.flows),
        _flat(facts.forwards),
        _flat(facts.roots),
        _flat(facts.functions),
        [text for item in facts.dynamic.items() for text in item],
        facts.doubts,
        sorted(facts.parsers.flags),
        [name for name in _MARKS if getattr(facts.parsers, name)],
    ]


def decode(data: Any) -> FileFacts | None:
    """Returns the facts that `encode` wrote; None for anything else."""
    try:
        *sets, pairs, stored, imports, flows, forwards, roots, functions, dynamic, doubts, flags, marks = data
        if len(sets) != len(_SETS) or not all(type(line) is int for line in doubts):
            return None
        facts = FileFacts()
        for name, items in zip(_SETS, sets, strict=True):
            setattr(facts, name, set(_texts(items)))
        facts.pairs = _paired(pairs)
        facts.stored = defaultdict(set, {_texts([name])[0]: _paired(items) for name, items in stored})
        facts.imports = dict(_couples(imports))
        facts.flows, facts.roots = _paired(flows), _paired(roots)
        facts.forwards, facts.functions = _triples(forwards), _triples(functions)
        facts.dynamic = dict(_couples(dynamic))
        facts.doubts = list(doubts)
        facts.parsers = ParserFacts(set(_texts(flags)), **{name: True for name in _texts(marks) if name in _MARKS})
    except (TypeError, ValueError):
        return None
    return facts


def _flat(pairs: set[Pair] | set[Bound]) -> list[str]:
    return [text for pair in sorted(pairs) for text in pair]


def _texts(items: Any) -> list[str]:
    if type(items) is not list or not set(map(type, items)) <= _ONLY_TEXT:
        raise TypeError
    return items


def _paired(items: Any) -> set[Pair]:
    return set(_couples(items))


def _couples(items: Any) -> Iterator[Pair]:
    texts = _texts(items)
    return zip(texts[::2], texts[1::2], strict=True)


def _triples(items: Any) -> set[Bound]:
    texts = _texts(items)
    return set(zip(texts[::3], texts[1::3], texts[2::3], strict=True))
