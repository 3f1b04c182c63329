"""Checks the values of an environment against their spaces. Every message names the key."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....base.spaces import ArraySpace
from ...protocol import Array, EnvError


def as_array(key: str, value: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Returns a value as an array of numbers of the shape that its space declares.

    Args:
      key: the key with its kind, for messages, for example ``observation `a/b```.
      value: what the environment returned.
      shape: shape of the space; a single number may have any shape of size 1.
      dtype: type of the space.

    Raises:
      EnvError: it is not made of numbers, has another shape, or has fractions where the space has whole numbers.
    """
    try:
        array = np.asarray(value)
    except Exception as error:  # lists of unequal length, objects with their own conversion
        raise EnvError(f"{key} is no array of numbers: {type(value).__name__}") from error
    if array.dtype.kind not in "biuf":
        kind = str(array.dtype) if isinstance(value, np.ndarray) else type(value).__name__
        raise EnvError(f"{key} is {kind}, not an array of numbers")
    if array.shape != shape:
        if array.size != 1 or np.prod(shape) != 1:
            raise EnvError(f"{key} has shape {array.shape}; its space has {shape}")
        array = array.reshape(shape)
    if array.dtype.kind == "f" and dtype.kind in "iub":
        raise EnvError(f"{key} is {array.dtype}; its space has {dtype}")
    return array


def as_numbers(key: str, array: Array, shape: tuple[int, ...]) -> Array:
    """Returns an array as float32 of another shape.

    Raises:
      EnvError: a number is not finite, or too large for float32.
    """
    with np.errstate(over="ignore"):
        numbers = array.astype(np.float32).reshape(shape)
    if not np.isfinite(numbers).all():
        if array.dtype.kind != "f" or np.isfinite(array).all():
            raise EnvError(f"{key} has numbers that are too large for float32: {np.abs(array).max():g}")
        wrong = int((~np.isfinite(array)).sum())
        raise EnvError(f"{key} is not finite: {wrong} of {array.size} numbers are NaN or infinite")
    return numbers


def as_choices(key: str, array: Array, start: Array | int, most: Array | int, space: ArraySpace) -> Array:
    """Returns choices as integers from 0.

    Args:
      key: the key with its kind, for messages.
      array: what the environment returned, of integers.
      start: first choice of each entry.
      most: number of choices of each entry.
      space: space of the result.

    Raises:
      EnvError: a choice does not exist.
    """
    choices = array.astype(np.int64) - start
    if ((choices < 0) | (choices >= most)).any():
        wrong = array[(choices < 0) | (choices >= most)].reshape(-1)[0]
        raise EnvError(f"{key} is {wrong}, which is none of the choices of its space")
    return choices.astype(space.dtype).reshape(space.shape)


def as_reward(value: Any) -> np.float32:
    """Returns a reward.

    Raises:
      EnvError: it is not one finite number.
    """
    array = np.asarray(value) if isinstance(value, bool | int | float | np.generic | np.ndarray) else None
    if array is None or array.size != 1 or array.dtype.kind not in "biuf":
        what = type(value).__name__ if array is None else f"{array.dtype} of shape {array.shape}"
        raise EnvError(f"the reward is {what}; it must be one number")
    number = float(array.reshape(-1)[0])
    if not abs(number) <= float(np.finfo(np.float32).max):
        raise EnvError(f"the reward is {number:g}; it must be finite, and in the range of float32")
    return np.float32(number)


def as_flag(name: str, value: Any) -> bool:
    """Returns ``terminated``, ``truncated`` or ``done``.

    Raises:
      EnvError: it is not true or false.
    """
    array = np.asarray(value) if isinstance(value, bool | int | float | np.generic | np.ndarray) else None
    if array is None or array.size != 1 or array.dtype.kind not in "biuf" or array.reshape(-1)[0] not in (0, 1):
        raise EnvError(f"`{name}` is {type(value).__name__}; it must be true or false")
    return bool(array.reshape(-1)[0])
