"""The type, shape and number of choices of an observation or an action."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

_FLOATS = ("float16", "float32", "float64")


@dataclass(frozen=True, slots=True)
class ArraySpace:
    """One key of an observation or an action.

    Attributes:
      dtype: NumPy name of the stored type, for example ``float32``, ``uint8`` or ``int32``.
      shape: shape of one value, without environments, batch or time.
      classes: number of choices of a discrete value; 0 for a continuous value or an image.
      low: smallest value; None when unbounded.
      high: largest value; None when unbounded.
    """

    dtype: str
    shape: tuple[int, ...] = ()
    classes: int = 0
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for a space that the networks cannot read or predict."""
        if any(size < 1 for size in self.shape) or len(self.shape) > 3:
            raise ValueError(f"a space has up to three dimensions, each of at least 1, not {self.shape}")
        if self.classes < 0 or self.classes == 1:
            raise ValueError(f"a discrete space needs at least two choices, not {self.classes}")
        if self.classes and self.dtype in _FLOATS:
            raise ValueError(f"a discrete space stores integers, not {self.dtype}")
        if not self.classes and self.dtype not in _FLOATS and not self.image:
            raise ValueError(f"{self.dtype} {self.shape} is neither continuous nor an image; give it `classes`")
        if len(self.shape) == 3 and not self.image:
            raise ValueError(f"three dimensions are an image and must be uint8, not {self.dtype}")

    @property
    def discrete(self) -> bool:
        """Whether a value is one of ``classes`` choices."""
        return self.classes > 0

    @property
    def image(self) -> bool:
        """Whether a value is an image [height, width, channels] of bytes."""
        return self.dtype == "uint8" and len(self.shape) == 3

    @property
    def width(self) -> int:
        """Network inputs per value: one-hot for choices, flat otherwise."""
        return math.prod(self.shape) * (self.classes or 1)

    def zeros(self, *leading: int) -> npt.NDArray[Any]:
        """Returns zeros [*leading, *shape] of the stored type."""
        return np.zeros((*leading, *self.shape), self.dtype)


#: First part of the names of observations that are recorded in the logs and neither stored nor learned from.
LOG_PREFIX = "log/"

#: Spaces of several keys, sorted by name. Hashable, so it can be a static argument of a compiled function.
Spaces = tuple[tuple[str, ArraySpace], ...]


def learned_spaces(spaces: Mapping[str, ArraySpace]) -> dict[str, ArraySpace]:
    """Returns the spaces without those under ``log/``."""
    return {key: space for key, space in spaces.items() if not key.startswith(LOG_PREFIX)}


def sort_spaces(spaces: Mapping[str, ArraySpace]) -> Spaces:
    """Orders spaces by key, the order in which the networks concatenate them."""
    return tuple(sorted(spaces.items()))


def mask_last(actions: Mapping[str, Any], is_last: Any) -> dict[str, Any]:
    """Zeroes actions [E, ...] where `is_last` [E]. Takes NumPy or JAX arrays and returns the same kind and type."""
    masked = {}
    for key, value in actions.items():
        keep = ~is_last.reshape(-1, *(1,) * (value.ndim - 1))
        masked[key] = value * keep.astype(value.dtype)
    return masked
