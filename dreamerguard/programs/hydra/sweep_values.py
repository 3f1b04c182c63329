"""Lists the values of a sweep: ``1,2``, ``choice(1,2)``, ``range(1,4)``, ``glob(a*)``, and functions around them.

See hydra 1.3, ``grammar_functions.py``. ``interval(0,1)`` has no list of values: an optimising sweeper chooses them.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fnmatch import fnmatchcase

from dreamerguard.util.fast_dataclass import dataclass

from .overrides import ARGUMENT_NAME, FUNCTION, Malformed, ValueReader
from .scalars import word_scalar

#: Longest list of values; a longer one is not listed.
MAX_VALUES = 1000
_MAX_DEPTH = 4


@dataclass(frozen=True, slots=True)
class SweepValue:
    """One value as text of an override, and its place in the text of the sweep; both 0 if it is computed."""

    text: str
    start: int = 0
    end: int = 0


def sweep_values(text: str, options: Sequence[str]) -> tuple[SweepValue, ...] | None:
    """Returns the values of a sweep in order; None if they cannot be listed.

    Args:
      text: the value of an override.
      options: the options of the configuration group that the override chooses, for ``glob``.
    """
    try:
        elements = _elements(text, 0, "")
        if len(elements) == 1:
            return _bounded(_function(elements[0], options, 0))
        return _bounded(None if any(_call(item.text) for item in elements) else tuple(elements))
    except (Malformed, ValueError, ArithmeticError):
        return None


def _bounded(values: tuple[SweepValue, ...] | None) -> tuple[SweepValue, ...] | None:
    return values if values and len(values) <= MAX_VALUES else None


def _elements(text: str, start: int, closing: str) -> list[SweepValue]:
    """Returns the elements between commas, up to the closing bracket."""
    reader = ValueReader(text)
    reader.at = start
    found: list[SweepValue] = []
    while not (closing and reader.take(closing)):
        if found and not reader.take(","):
            if closing:
                raise Malformed("not closed")
            reader.finish()
            break
        reader.skip_blanks()
        begin = reader.at
        name = ARGUMENT_NAME.match(text, begin) if closing else None
        reader.at = name.end() if name else begin
        reader.element()
        raw = text[begin : reader.at].rstrip(" \t")
        found.append(SweepValue(raw, begin, begin + len(raw)))
    return found


def _call(text: str) -> str:
    """Returns the name of the function that a text calls; empty if it calls none."""
    match = FUNCTION.match(text)
    return match[0].rstrip("( \t") if match else ""


def _function(element: SweepValue, options: Sequence[str], depth: int) -> tuple[SweepValue, ...] | None:
    name = _call(element.text)
    if not name or depth > _MAX_DEPTH:
        return None
    inner = _elements(element.text, element.text.index("(") + 1, ")")
    arguments, named = [], {}
    for item in inner:
        match = ARGUMENT_NAME.match(item.text)
        if match:
            cut = match.end()
            value = SweepValue(item.text[cut:], element.start + item.start + cut, element.start + item.end)
            named[match[0].rstrip("= \t")] = value
        else:
            arguments.append(SweepValue(item.text, element.start + item.start, element.start + item.end))
    if name == "range":
        return _range(arguments, named)
    if name == "glob":
        return _glob(arguments, named, options)
    return _values(name, arguments, named, options, depth)


def _values(
    name: str, arguments: list[SweepValue], named: dict[str, SweepValue], options: Sequence[str], depth: int
) -> tuple[SweepValue, ...] | None:
    if name == "tag":
        last = named.get("sweep") or arguments[-1]
        return _function(last, options, depth + 1)
    if name not in ("choice", "sort", "shuffle", "int", "float"):
        return None
    if "sweep" in named or "value" in named:
        arguments = [named.get("sweep") or named["value"]]
    if len(arguments) == 1 and _call(arguments[0].text):
        values = _function(arguments[0], options, depth + 1)
    else:
        values = tuple(arguments) if name == "choice" or len(arguments) > 1 else None
    if values is None or name not in ("int", "float"):
        return values
    cast = int if name == "int" else float
    return tuple(SweepValue(str(cast(float(item.text))), item.start, item.end) for item in values)


def _range(arguments: list[SweepValue], named: dict[str, SweepValue]) -> tuple[SweepValue, ...] | None:
    given = dict(zip(("start", "stop", "step"), arguments, strict=False)) | named
    numbers = {name: word_scalar(item.text) for name, item in given.items()}
    start, stop, step = numbers.get("start"), numbers.get("stop"), numbers.get("step", 1)
    if stop is None:
        start, stop = 0, start
    if not all(isinstance(item, int | float) and not isinstance(item, bool) for item in (start, stop, step)):
        return None
    if isinstance(start, int) and isinstance(stop, int) and isinstance(step, int):
        integers = range(start, stop, step)
        return tuple(SweepValue(str(item)) for item in integers) if len(integers) <= MAX_VALUES else None
    at, end, by = Decimal(start), Decimal(stop), Decimal(step)  # type: ignore[arg-type]
    found: list[SweepValue] = []
    while (at < end if by > 0 else at > end) and by and len(found) <= MAX_VALUES:
        found.append(SweepValue(repr(float(at))))
        at += by
    return tuple(found)


def _glob(
    arguments: list[SweepValue], named: dict[str, SweepValue], options: Sequence[str]
) -> tuple[SweepValue, ...] | None:
    include = named.get("include") or arguments[0]
    exclude = named.get("exclude") or (arguments[1] if len(arguments) > 1 else None)
    patterns, left_out = _patterns(include), _patterns(exclude) if exclude is not None else []
    chosen = (name for name in options if any(fnmatchcase(name, pattern) for pattern in patterns))
    return tuple(SweepValue(name) for name in chosen if not any(fnmatchcase(name, item) for item in left_out))


def _patterns(value: SweepValue) -> list[str]:
    listed = value.text.startswith("[")
    items = [item.text for item in _elements(value.text, 1, "]")] if listed else [value.text]
    return [item.strip("'\"") for item in items]
