"""Converts the observations of an environment to the keys and arrays that the networks read."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....base.names import FLAGS, LOSSES
from ....base.spaces import LOG_PREFIX, ArraySpace
from ...protocol import Array, EnvError, Values
from .actions import ACTION
from .images import ImageForm, image_form
from .space_kinds import SEPARATOR, Path, bounds_of, choices_of, kind_of, leaves, pick, shape_of
from .values import as_array, as_choices, as_numbers

#: Keys of an observation that is a single array.
IMAGE, VECTOR = "image", "vector"
#: Names that an observation must not have; it gets `_RENAMED` in front.
RESERVED = frozenset({*FLAGS, *LOSSES, "reset", ACTION})
_RENAMED = "obs"
#: Classes of spaces of text; MiniGrid's is no subclass of Gymnasium's.
_TEXTS = ("Text", "MissionSpace")


@dataclass(frozen=True, slots=True)
class _Part:
    """One key: its place in the environment's observation, its space, and the conversion of its value."""

    key: str
    path: Path
    space: ArraySpace
    convert: Callable[[str, Any], Array]


class Observations:
    """The conversion of the observations of one environment.

    Args:
      space: the environment's observation space.
      image_size: height and width of all images.

    Attributes:
      spaces: by key; keys under ``log/`` are single numbers that are recorded and not learned.
      notes: one line for everything that was skipped, renamed or changed in a way that a user should know.

    Raises:
      EnvError: nothing can be learned from, or two parts have one name.
    """

    def __init__(self, space: Any, image_size: int) -> None:
        self.notes: list[str] = []
        self._size = image_size
        single = kind_of(space) not in ("dict", "tuple")
        self._parts: list[_Part] = []
        for key, path, leaf in leaves(space, ""):
            self._add(key, path, leaf, single)
        self.spaces = {part.key: part.space for part in self._parts}
        if len(self.spaces) < len(self._parts):
            twice = next(part.key for part in self._parts if sum(part.key == item.key for item in self._parts) > 1)
            raise EnvError(f"two observations have the name `{twice}`; rename one in the environment")
        if all(key.startswith(LOG_PREFIX) for key in self.spaces):
            why = f": {'; '.join(self.notes)}" if self.notes else ""
            raise EnvError(f"the environment has no observation that can be learned from{why}")

    def read(self, raw: Any) -> Values:
        """Converts an observation.

        Raises:
          EnvError: a key is missing, or a value does not fit its space; the message names the key.
        """
        return {part.key: self._read(part, raw) for part in self._parts}

    def _read(self, part: _Part, raw: Any) -> Array:
        try:
            value = pick(raw, part.path)
        except (KeyError, IndexError, TypeError) as error:
            raise EnvError(f"observation `{part.key}` is missing: the environment returned {_shown(raw)}") from error
        return part.convert(f"observation `{part.key}`", value)

    def _add(self, key: str, path: Path, space: Any, single: bool) -> None:
        kind = kind_of(space)
        if not kind:
            text = any(item.__name__ in _TEXTS for item in type(space).__mro__)
            self._skip(key, "it is text" if text else f"{type(space).__name__} cannot be learned from")
        elif kind == "box":
            self._add_box(key, path, space, single)
        else:
            self._add_choices(key, path, space, single)

    def _add_box(self, key: str, path: Path, space: Any, single: bool) -> None:
        shape, dtype = shape_of(space), np.dtype(space.dtype)
        if math.prod(shape) == 0:
            self._skip(key, "it is empty")
            return
        if dtype.kind not in "biuf":
            self._skip(key, f"its type is {dtype}")
            return
        low, high = bounds_of(space)
        form = image_form(shape, dtype, float(low.min()), float(high.max()))
        if form is None and dtype == np.uint8 and len(shape) > 3 and min(sorted(shape)[-2:]) >= 16:
            raise EnvError(
                f"observation `{key or IMAGE}` is a stack of images, {shape}; the agent remembers earlier images,"
                " so return single ones [height, width, channels]"
            )
        if key.startswith(LOG_PREFIX):
            self._add_log(key, path, shape, dtype)
        elif form is not None:
            self._add_image(self._name(key or IMAGE, single), path, form, dtype)
        else:
            kept = shape if len(shape) <= 2 else (math.prod(shape),)
            self._put(self._name(key or VECTOR, single), path, _numbers(shape, dtype, kept))

    def _add_image(self, key: str, path: Path, form: ImageForm, dtype: np.dtype[Any]) -> None:
        size = self._size
        if form.shape[:2] != (size, size) or form.layout != "hwc":
            self.notes.append(f"observation `{key}`: images {form.shape} are resized to {size} x {size}")

        def convert(name: str, value: Any) -> Array:
            return form.to_bytes(key, as_array(name, value, form.shape, dtype), size)

        self._put(key, path, (ArraySpace("uint8", (size, size, form.channels)), convert))

    def _add_choices(self, key: str, path: Path, space: Any, single: bool) -> None:
        first, count = choices_of(space)
        if key.startswith(LOG_PREFIX):
            self._add_log(key, path, count.shape, np.dtype(np.int64))
            return
        most = int(count.max()) if count.size else 0
        if most < 2:
            self._skip(key, "it never changes" if most else "it is empty")
            return
        small = count.ndim > 0 and most <= 256
        stored = ArraySpace(
            "uint8" if small else "int32", count.shape if count.ndim < 3 else (count.size,), classes=most
        )

        def convert(name: str, value: Any) -> Array:
            return as_choices(name, as_array(name, value, count.shape, np.dtype(np.int64)), first, count, stored)

        self._put(self._name(key or VECTOR, single), path, (stored, convert))

    def _add_log(self, key: str, path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        if math.prod(shape) != 1:
            self._skip(key, "a key under log/ is recorded only if it is a single number")
        else:
            self._put(key, path, _numbers(shape, dtype, ()))

    def _put(self, key: str, path: Path, made: tuple[ArraySpace, Callable[[str, Any], Array]]) -> None:
        self._parts.append(_Part(key, path, *made))

    def _name(self, key: str, single: bool) -> str:
        """Returns the key, or another one where the trainer uses the name itself."""
        if single or (key not in RESERVED and not key.startswith(f"{ACTION}{SEPARATOR}")):
            return key
        renamed = f"{_RENAMED}{SEPARATOR}{key}"
        self.notes.append(f"observation `{key}` is now `{renamed}`: the trainer uses the name `{key}` itself")
        return renamed

    def _skip(self, key: str, why: str) -> None:
        self.notes.append(f"observation `{key or VECTOR}` is not used: {why}")


def _numbers(
    shape: tuple[int, ...], dtype: np.dtype[Any], kept: tuple[int, ...]
) -> tuple[ArraySpace, Callable[[str, Any], Array]]:
    def convert(name: str, value: Any) -> Array:
        return as_numbers(name, as_array(name, value, shape, dtype), kept)

    return ArraySpace("float32", kept), convert


def _shown(raw: Any) -> str:
    """Returns what an observation is, for messages."""
    if isinstance(raw, dict):
        names: Iterator[str] = (str(key) for key in list(raw)[:10])
        return f"a dict with {', '.join(names) or 'no key'}"
    if isinstance(raw, tuple | list):
        return f"a {type(raw).__name__} of {len(raw)}"
    return type(raw).__name__
