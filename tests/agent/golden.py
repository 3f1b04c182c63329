"""Loads golden files: inputs and outputs of danijar/dreamerv3 that our own numbers are held against.

The folder is `tests/golden`, or what the environment variable DREAMERGUARD_GOLDEN names. Tests read sizes, settings and
cases from the file, so that any other set made in the same way can be tested too.
"""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = dict[str, npt.NDArray[Any]]


def folder() -> Path:
    """Where the golden files are."""
    return Path(os.environ.get("DREAMERGUARD_GOLDEN") or Path(__file__).parents[1] / "golden")


@functools.cache
def load(name: str) -> tuple[Arrays, dict[str, Any]]:
    """Arrays by key, and the meta data, of `name`.npz."""
    with np.load(folder() / f"{name}.npz", allow_pickle=False) as stored:
        arrays = {key: stored[key] for key in stored.files}
    return arrays, json.loads(str(arrays.pop("meta")))


def below(arrays: Arrays, prefix: str) -> Arrays:
    """The arrays under ``prefix/``, by the rest of their key."""
    return {key.removeprefix(f"{prefix}/"): value for key, value in arrays.items() if key.startswith(f"{prefix}/")}
