"""The value of a condition on settings in a run, as far as it is known before."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from .choice_facts import Subject, Term

#: Operators of two values, by the symbol that Python writes.
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "is": operator.is_, "is not": operator.is_not, "%": operator.mod, "//": operator.floordiv, "/": operator.truediv,
    "*": operator.mul, "+": operator.add, "-": operator.sub,
    "in": lambda item, group: item in group,
    "not in": lambda item, group: item not in group,
}  # fmt: skip
#: Operators whose right side is not asked once the left side decides.
JOINED = ("and", "or")
_NUMBERS = frozenset({"<", "<=", ">", ">=", "%", "//", "/", "*", "+", "-"})


#: Kinds of terms, with the number of terms that they join at least.
KINDS = dict.fromkeys(BINARY, 2) | {"value": 0, "literal": 0, "group": 0, "not": 1, "and": 1, "or": 1}


class Unknown(Exception):
    """A term has no value that is known before the run."""


def value_of(term: Term, known: Callable[[Subject], object]) -> object:
    """Returns the value of a term.

    Args:
      term: the term.
      known: returns the value of a setting or argument; raises `Unknown`.

    Raises:
      Unknown: a value that it needs is not known, or Python would refuse the operation.
    """
    if term.kind == "value":
        assert term.subject is not None
        return known(term.subject)
    if term.kind == "literal":
        return term.literal
    if term.kind in JOINED:
        values = [bool(value_of(part, known)) for part in term.parts]
        return all(values) if term.kind == "and" else any(values)
    found = [value_of(part, known) for part in term.parts]
    if term.kind == "group":
        return tuple(found)
    if term.kind == "not":
        return not found[0]
    if term.kind in _NUMBERS and not all(isinstance(item, int | float) for item in found):
        raise Unknown
    try:
        return BINARY[term.kind](*found)
    except (TypeError, ArithmeticError, ValueError) as error:
        raise Unknown from error
