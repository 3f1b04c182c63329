"""Recognises spaces of Gymnasium, of the older gym, and of libraries that copy their attributes.

A space is recognised by the name of its class or of a class that it extends, so none of these libraries is imported.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ...protocol import Array, EnvError

#: Name of a class -> kind of space.
_KINDS = {
    "Box": "box",
    "BoxSpace": "box",
    "Discrete": "choice",
    "DiscreteSpace": "choice",
    "MultiDiscrete": "choices",
    "MultiBinary": "bits",
    "Dict": "dict",
    "Tuple": "tuple",
}
#: Deepest nesting of spaces.
_DEEPEST = 16
#: Separates the names of nested keys.
SEPARATOR = "/"
#: Most choices of a discrete space; the networks see each choice as a number of its own.
MOST_CHOICES = 10_000

Path = tuple[Hashable, ...]


def kind_of(space: Any) -> str:
    """Returns ``box``, ``choice``, ``choices``, ``bits``, ``dict`` or ``tuple``; empty for any other space."""
    if isinstance(space, Mapping):
        return "dict"
    return next((_KINDS[item.__name__] for item in type(space).__mro__ if item.__name__ in _KINDS), "")


def leaves(space: Any, name: str, path: Path = ()) -> Iterator[tuple[str, Path, Any]]:
    """Yields key, place and space of every part of a nested space. Names of nested keys are joined by `/`.

    Raises:
      EnvError: it is nested too deeply, or a name cannot be used.
    """
    kind = kind_of(space)
    if kind not in ("dict", "tuple"):
        yield name, path, space
        return
    if len(path) >= _DEEPEST:
        raise EnvError(f"the space of `{name}` is nested more than {_DEEPEST} levels deep")
    inner = space if isinstance(space, Mapping) else space.spaces
    items = inner.items() if isinstance(inner, Mapping) else enumerate(inner)
    for item, part in items:
        text = str(item)
        if not text or len(text) > 100 or not text.isprintable():
            raise EnvError(f"the space of `{name or 'observations'}` has a key that cannot be used as a name: {text!r}")
        yield from leaves(part, f"{name}{SEPARATOR}{text}" if name else text, (*path, item))


def pick(value: Any, path: Path) -> Any:
    """Returns the part of a nested value at a place.

    Raises:
      KeyError, IndexError, TypeError: the value has no such part.
    """
    for step in path:
        if isinstance(step, int) and not isinstance(value, Sequence | np.ndarray | Mapping):
            raise TypeError
        value = value[step]
    return value


def shape_of(space: Any) -> tuple[int, ...]:
    """Returns the shape of a box or of bits.

    Raises:
      EnvError: it has none.
    """
    shape = space.shape
    if shape is None:
        raise EnvError(f"{type(space).__name__} has no shape")
    return tuple(int(size) for size in shape)


def bounds_of(space: Any) -> tuple[Array, Array]:
    """Returns lowest and highest values of a box, in its shape, float64."""
    shape = shape_of(space)
    low, high = (np.broadcast_to(np.asarray(bound, np.float64), shape) for bound in (space.low, space.high))
    return low, high


def choices_of(space: Any) -> tuple[Array, Array]:
    """Returns first choice and number of choices of every entry of a discrete space, as integers of its shape.

    Raises:
      EnvError: it has no choice or too many.
    """
    kind = kind_of(space)
    if kind == "choice":
        count, first = np.asarray(space.n, np.int64), np.asarray(getattr(space, "start", 0), np.int64)
    elif kind == "choices":
        count = np.asarray(space.nvec, np.int64)
        start = getattr(space, "start", None)
        first = np.zeros_like(count) if start is None else np.broadcast_to(np.asarray(start, np.int64), count.shape)
    else:
        count = np.full(shape_of(space), 2, np.int64)
        first = np.zeros_like(count)
    if count.size and (count.min() < 1 or count.max() > MOST_CHOICES):
        raise EnvError(f"{type(space).__name__} has {count.max()} choices; from 1 to {MOST_CHOICES:,} can be learned")
    return first, count
