"""Containers for `jax.jit`, and the type of a table of parameters."""

from __future__ import annotations

from typing import TypeVar, dataclass_transform

import jax
from flax import struct

#: Parameters by the reference's path, for example ``dyn/dynin0/kernel``.
Params = dict[str, jax.Array]

_Class = TypeVar("_Class")


@dataclass_transform(frozen_default=True)
def container(cls: type[_Class]) -> type[_Class]:
    """Makes a frozen dataclass that is a pytree: `flax.struct.dataclass` with types for type checkers."""
    return struct.dataclass(cls)


def scope(params: Params, prefix: str) -> Params:
    """Returns the parameters below a path, under full paths: ``scope(params, "val")`` is every ``val/...``."""
    return {path: value for path, value in params.items() if path.startswith(f"{prefix}/")}
