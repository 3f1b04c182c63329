"""What one file decides by values, as JSON and back. Whatever is not exactly as this module writes it is refused."""

from __future__ import annotations

from typing import Any

from .choice_facts import ClosedChoice, Compared, FileChoices, Guard, Literal, Passed, Subject, Term
from .fact_store import FactStore
from .guard_values import KINDS

_KIND = "choices"
_LITERALS = (str, int, float, bool, type(None))


def choices_of(data: bytes, store: FactStore | None) -> FileChoices:
    """Returns what a file of some content decides by values; stored, it is not read again."""
    known = decode(store.entry(_KIND, data)) if store is not None else None
    if known is not None:
        return known
    from .choice_reader import read_choices  # only for files that are not stored

    found = read_choices(data)
    if store is not None:
        store.keep(_KIND, data, encode(found))
    return found


def encode(found: FileChoices) -> list[Any]:
    """Returns what a file decides by as lists."""
    closed = [
        [_subject(item.subject), item.choices, item.line, item.function, item.sure, list(item.modules.items())]
        for item in found.closed
    ]
    passed = [[item.called, item.place, _subject(item.subject), item.sure] for item in found.passed]
    compared = [[_subject(item.subject), item.texts, item.line, item.function] for item in found.compared]
    guards = [[_term(item.condition), item.line, item.function] for item in found.guards]
    return [closed, passed, compared, found.defined, sorted(found.plain), guards]


def decode(data: Any) -> FileChoices | None:
    """Returns what `encode` wrote; None for anything else."""
    try:
        closed, passed, compared, defined, plain, guards = data
        return FileChoices(
            [_closed(*item) for item in closed],
            [_passed(*item) for item in passed],
            [Compared(_read(subject), _literals(texts), _int(line), _text(name))
             for subject, texts, line, name in compared],
            [(_text(name), _texts(parameters)) for name, parameters in defined],
            set(_texts(plain)),
            [Guard(_read_term(term), _int(line), _text(name)) for term, line, name in guards],
        )  # fmt: skip
    except (TypeError, ValueError, RecursionError):
        return None


def _closed(subject: Any, choices: Any, line: Any, function: Any, sure: Any, modules: Any) -> ClosedChoice:
    found = {_text(choice): _texts(names) for choice, names in modules}
    return ClosedChoice(_read(subject), _literals(choices), _int(line), _text(function), _bool(sure), found)


def _passed(called: Any, place: Any, subject: Any, sure: Any) -> Passed:
    if type(place) not in (int, str):
        raise TypeError
    return Passed(_text(called), place, _read(subject), _bool(sure))


def _subject(item: Subject) -> list[Any]:
    return [item.owner, item.parameter, item.tail, item.first, item.lower, item.rest]


def _read(data: Any) -> Subject:
    owner, parameter, tail, first, lower, rest = data
    return Subject(_text(owner), _text(parameter), _texts(tail), _bool(first), _bool(lower), _bool(rest))


def _term(item: Term) -> list[Any]:
    subject = None if item.subject is None else _subject(item.subject)
    return [item.kind, [_term(part) for part in item.parts], subject, item.literal]


def _read_term(data: Any) -> Term:
    kind, parts, subject, literal = data
    if type(parts) is not list or not isinstance(literal, _LITERALS) or (kind == "value") == (subject is None):
        raise TypeError
    if kind not in KINDS or len(parts) < KINDS[kind]:
        raise TypeError
    return Term(kind, tuple(map(_read_term, parts)), None if subject is None else _read(subject), literal)


def _literals(data: Any) -> tuple[Literal, ...]:
    if type(data) is not list or not all(isinstance(item, _LITERALS) for item in data):
        raise TypeError
    return tuple(data)


def _texts(data: Any) -> tuple[str, ...]:
    if type(data) is not list:
        raise TypeError
    return tuple(map(_text, data))


def _text(data: Any) -> str:
    if type(data) is not str:
        raise TypeError
    return data


def _int(data: Any) -> int:
    if type(data) is not int:
        raise TypeError
    return data


def _bool(data: Any) -> bool:
    if type(data) is not bool:
        raise TypeError
    return data
