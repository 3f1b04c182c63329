"""Builds NumPy arrays from what a pickle states about them, without calling any function that the pickle names."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

import jax.numpy as jnp
import numpy as np

from .array_file import Array

_TYPE = re.compile(r"[biuf][1248]")
_MOST_DIMENSIONS = 16
#: Names that NumPy writes for arrays, without the module's first parts, which depend on NumPy's version.
_KNOWN = {
    ("multiarray", "_reconstruct"), ("multiarray", "scalar"), ("numeric", "_frombuffer"),
    ("numpy", "ndarray"), ("numpy", "dtype"), ("ml_dtypes", "bfloat16"),
}  # fmt: skip
_MODULES = {
    "numpy",
    "ml_dtypes",
    *(f"numpy.{core}.{name}" for core in ("core", "_core") for name in ("multiarray", "numeric")),
}


class NotPlain(ValueError):
    """A file holds more than numbers and arrays, or is damaged. Nothing in it was run."""


@dataclass(frozen=True)
class Name:
    """A name of NumPy that a pickle may hold. It is compared, never looked up."""

    name: str

    def __str__(self) -> str:
        return self.name

    @classmethod
    def known(cls, module: str, name: str) -> Name:
        """Returns the name.

        Raises:
          NotPlain: it is not one that NumPy writes for arrays.
        """
        if module not in _MODULES or (module.rpartition(".")[2], name) not in _KNOWN:
            shown = f"{module}.{name}"[:100]
            raise NotPlain(
                f"it names the function {shown!r}, which loading it would call. Only numbers and arrays are read;"
                " nothing in it was run"
            )
        return cls(name)


@dataclass
class TypeParts:
    """A type of numbers: its text without byte order, and the byte order."""

    text: str
    order: Any = "="

    def dtype(self) -> np.dtype[Any]:
        """Returns the type."""
        return np.dtype(jnp.bfloat16) if self.text == "bfloat16" else np.dtype(self.text).newbyteorder(self.order)


@dataclass
class ArrayParts:
    """An array that is stated in several steps."""

    shape: tuple[int, ...] = ()
    kind: TypeParts = field(default_factory=lambda: TypeParts("f4"))
    fortran: bool = False
    data: bytes | bytearray | None = None

    def array(self) -> Array:
        """Returns the array in the machine's byte order; it shares the bytes.

        Raises:
          NotPlain: shape and bytes do not fit.
        """
        if self.data is None:
            raise NotPlain("damaged: an array has no content")
        dtype = self.kind.dtype()
        if math.prod(self.shape) * dtype.itemsize != len(self.data):
            raise NotPlain(f"damaged: an array of shape {list(self.shape)} has {len(self.data):,} bytes")
        flat = np.frombuffer(self.data, dtype)
        array = flat.reshape(self.shape, order="F" if self.fortran else "C")
        return array.astype(dtype.newbyteorder("="), copy=False)


def call(function: object, arguments: object) -> TypeParts | ArrayParts:
    """Does what one of NumPy's functions would do.

    Raises:
      NotPlain: it is not such a function, or the arguments are not what NumPy writes.
    """
    match (str(function) if isinstance(function, Name) else "", arguments):
        case "dtype", (str(text), bool(), bool()) if _TYPE.fullmatch(text):
            return TypeParts(text)
        case "dtype", (Name("bfloat16"), bool(), bool()):
            return TypeParts("bfloat16")
        case "_reconstruct", (Name("ndarray"), _, _):
            return ArrayParts()
        case "scalar", (TypeParts() as kind, bytes(data)):
            return ArrayParts((), kind, False, data)
        case "_frombuffer", (bytes(data) | bytearray(data), TypeParts() as kind, tuple(shape), "C" | "F" as order):
            return ArrayParts(_shape(shape), kind, order == "F", data)
    raise NotPlain("it holds more than numbers and arrays; nothing in it was run")


def build(target: object, state: object) -> None:
    """Completes a type or an array with its stored state.

    Raises:
      NotPlain: the state is not what NumPy writes.
    """
    match target, state:
        case TypeParts(), (int(), "<" | ">" | "|" | "=" as order, *_):
            target.order = order
        case ArrayParts(), (int(), tuple(shape), TypeParts() as kind, bool(fortran), bytes(data) | bytearray(data)):
            target.shape, target.kind, target.fortran, target.data = _shape(shape), kind, fortran, data
        case _:
            raise NotPlain("it holds more than numbers and arrays; nothing in it was run")


def _shape(shape: tuple[Any, ...]) -> tuple[int, ...]:
    if len(shape) > _MOST_DIMENSIONS or not all(type(size) is int and 0 <= size < 1 << 48 for size in shape):
        raise NotPlain("damaged: the shape of an array is not valid")
    return shape
