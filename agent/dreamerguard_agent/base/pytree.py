"""Containers that travel through `jax.jit`, and the type of a table of parameters."""

from __future__ import annotations

from typing import TypeVar, dataclass_transform

import jax
from flax import struct

#: Path of the reference, for example ``dyn/dynin0/kernel``, to an array.
Params = dict[str, jax.Array]

_Class = TypeVar("_Class")


@dataclass_transform(frozen_default=True)
def container(cls: type[_Class]) -> type[_Class]:
    """`flax.struct.dataclass`, in words that type checkers follow: a frozen dataclass that is a pytree."""
    return struct.dataclass(cls)


def scope(params: Params, prefix: str) -> Params:
    """The parameters below a path, under their full paths: ``scope(params, "val")`` is every ``val/...``."""
    return {path: value for path, value in params.items() if path.startswith(f"{prefix}/")}
