"""Arrays of a pytree by name, so that a shape that does not fit can be named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from .array_file import Array
from .errors import DoesNotMatch

_MOST_LINES = 8


def flatten(tree: Any) -> dict[str, Any]:
    """Returns the leaves by path, for example ``params/dyn/dynin0/kernel``."""
    return {name_of(path): leaf for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]}


def unflatten(like: Any, values: Mapping[str, Any]) -> Any:
    """Builds a pytree with the structure of ``like`` from values by path."""
    return jax.tree_util.tree_map_with_path(lambda path, _: values[name_of(path)], like)


def name_of(path: Any) -> str:
    """Returns the path of a leaf as text."""
    return "/".join(str(getattr(key, "key", getattr(key, "name", getattr(key, "idx", key)))) for key in path)


def check_same(stored: Mapping[str, tuple[str, tuple[int, ...]]], wanted: Mapping[str, Any]) -> None:
    """Compares the arrays of a checkpoint with those of this run. Floating-point types may differ.

    Args:
      stored: type and shape by name.
      wanted: arrays, or anything with ``dtype`` and ``shape``, by name.

    Raises:
      DoesNotMatch: a name is missing or unknown, or a shape or type differs. The message names each.
    """
    lines = [f"{name}: not in this run" for name in stored.keys() - wanted.keys()]
    lines += [f"{name}: not in the checkpoint" for name in wanted.keys() - stored.keys()]
    for name in stored.keys() & wanted.keys():
        dtype, shape = stored[name]
        if shape != tuple(wanted[name].shape):
            lines.append(f"{name}: {list(shape)} in the checkpoint, {list(wanted[name].shape)} in this run")
        elif not _convertible(dtype, wanted[name].dtype.name):
            lines.append(f"{name}: {dtype} in the checkpoint, {wanted[name].dtype.name} in this run")
    if not lines:
        return
    shown = sorted(lines)[:_MOST_LINES]
    rest = [f"and {len(lines) - len(shown)} more"] if len(lines) > len(shown) else []
    raise DoesNotMatch("\n".join(f"  {line}" for line in [*shown, *rest]))


def converted(array: Array, dtype: Any) -> Array:
    """Returns the array with the type of this run: of the same kind, but possibly of another precision."""
    return array if array.dtype == dtype else np.asarray(array.astype(dtype))


def _convertible(stored: str, wanted: str) -> bool:
    return stored == wanted or ("float" in stored and "float" in wanted)
