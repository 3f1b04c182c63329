"""Converts the agent's actions to those of an environment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ....base.spaces import ArraySpace
from ...protocol import Array, EnvError, check_action
from .space_kinds import SEPARATOR, bounds_of, choices_of, kind_of

#: Key of an action that is a single array, and first part of all others.
ACTION = "action"
#: Bounds from here on are no bounds: MuJoCo's ``mjMAXVAL``, and the largest numbers of every type.
UNLIMITED = 1e10

Build = Callable[[Mapping[str, Array]], Any]


class Actions:
    """The conversion of the actions of one environment.

    Boxes become numbers in [-1, 1], which are clipped and stretched to the bounds of each dimension. A dimension
    without bounds gets numbers from ``-span`` to ``span``; one with a single bound, the ``2 span`` next to it. Choices
    of equal size become one key; of unequal size, one key each. Nested parts have the keys ``action/NAME``.

    Args:
      space: the environment's action space.
      span: largest absolute number of a dimension without bounds.

    Attributes:
      spaces: by key.
      notes: one line for every part that needs an explanation.

    Raises:
      EnvError: a part is no box and no choice, or nothing is left to choose.
    """

    def __init__(self, space: Any, span: float = 1.0) -> None:
        self.spaces: dict[str, ArraySpace] = {}
        self.notes: list[str] = []
        self._span = span
        self._build = self._make(space, ACTION, 0)
        if not self.spaces:
            raise EnvError("the environment has no action to choose: every part has a single choice or is empty")

    def build(self, action: Mapping[str, Any]) -> Any:
        """Returns a new action of the environment for the agent's action, by key.

        Raises:
          ActionNotFinite: a number is not finite.
        """
        return self._build({key: np.asarray(action[key]) for key in self.spaces})

    def _make(self, space: Any, key: str, depth: int) -> Build:
        kind = kind_of(space)
        if kind in ("dict", "tuple"):
            return self._nested(space, key, depth)
        if kind == "box":
            return self._box(space, key)
        if kind:
            return self._choices(space, key)
        raise EnvError(
            f"action `{key}` is {type(space).__name__}; the agent chooses from Box, Discrete, MultiDiscrete,"
            " MultiBinary, and Dict and Tuple of them"
        )

    def _nested(self, space: Any, key: str, depth: int) -> Build:
        if depth > 16:
            raise EnvError(f"the space of `{key}` is nested more than 16 levels deep")
        inner = space if isinstance(space, Mapping) else space.spaces
        items = list(inner.items()) if isinstance(inner, Mapping) else list(enumerate(inner))
        parts = [(name, self._make(part, f"{key}{SEPARATOR}{name}", depth + 1)) for name, part in items]
        if isinstance(inner, Mapping):
            return lambda action: {name: build(action) for name, build in parts}
        return lambda action: tuple(build(action) for _, build in parts)

    def _box(self, space: Any, key: str) -> Build:
        dtype = np.dtype(space.dtype)
        if dtype.kind not in "biuf":
            raise EnvError(f"action `{key}` has type {dtype}")
        low, high = bounds_of(space)
        if np.isnan(low).any() or np.isnan(high).any() or (low > high).any():
            raise EnvError(f"action `{key}` has bounds that are not numbers, or low above high")
        shape = low.shape
        if low.size == 0:
            return lambda action: np.zeros(shape, dtype)
        bottom, span = self._range(key, low, high)
        self._put(key, ArraySpace("float32", shape if low.ndim < 3 else (low.size,), low=-1.0, high=1.0))

        def build(action: Mapping[str, Array]) -> Array:
            numbers = np.asarray(action[key], np.float32)
            check_action(numbers.reshape(1, -1))
            stretched = (np.clip(numbers, -1, 1).reshape(shape) + np.float32(1)) / 2 * span + bottom
            fitting = np.clip(stretched, low, high)
            return np.asarray(np.rint(fitting) if dtype.kind in "iub" else fitting, dtype)

        return build

    def _range(self, key: str, low: Array, high: Array) -> tuple[Array, Array]:
        """Returns lowest number and width of each dimension."""
        no_low, no_high = low <= -UNLIMITED, high >= UNLIMITED
        free = no_low | no_high
        if free.any():
            some = "" if free.all() else f" in {int(free.sum())} of {free.size} dimensions"
            self.notes.append(
                f"`{key}` has no bounds{some}: it gets numbers from {-self._span:g} to {self._span:g}"
                " (env.action_range sets the largest)"
            )
        width = 2 * self._span
        bottom = np.where(no_low, np.where(no_high, -self._span, high - width), low)
        return bottom, np.where(free, width, np.where(free, 0.0, high) - np.where(free, 0.0, low))

    def _choices(self, space: Any, key: str) -> Build:
        first, count = choices_of(space)
        dtype = np.dtype(getattr(space, "dtype", None) or np.int64)
        keys = list(self._choice_keys(key, count))
        shape = count.shape

        def build(action: Mapping[str, Array]) -> Any:
            flat = np.zeros(count.size, np.int64)
            for name, where in keys:
                flat[where] = np.asarray(action[name], np.int64).reshape(-1)
            chosen = (flat.reshape(shape) + first).astype(dtype)
            return dtype.type(chosen) if shape == () else chosen

        return build

    def _choice_keys(self, key: str, count: Array) -> Iterator[tuple[str, slice]]:
        sizes = count.reshape(-1)
        if len(set(sizes.tolist())) == 1:
            if sizes[0] > 1:
                shape = count.shape if count.ndim < 3 else (count.size,)
                self._put(key, ArraySpace("int32", shape, classes=int(sizes[0])))
                yield key, slice(None)
            return
        for number, size in enumerate(sizes):
            if size > 1:
                name = f"{key}{SEPARATOR}{number}"
                self._put(name, ArraySpace("int32", classes=int(size)))
                yield name, slice(number, number + 1)

    def _put(self, key: str, space: ArraySpace) -> None:
        if key in self.spaces:
            raise EnvError(f"two actions have the name `{key}`; rename one in the environment")
        self.spaces[key] = space
