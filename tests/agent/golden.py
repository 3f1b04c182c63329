"""Loads golden files: inputs and outputs of danijar/dreamerv3 that the tests compare with.

The folder is `tests/golden`, or the value of the environment variable DREAMERGUARD_GOLDEN. Tests read sizes, settings
and cases from the files, so any set made in the same way can be tested. Tests that need an absent file are skipped.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import pytest

Arrays = dict[str, npt.NDArray[Any]]


def folder() -> Path:
    """Where the golden files are."""
    return Path(os.environ.get("DREAMERGUARD_GOLDEN") or Path(__file__).parents[1] / "golden")


class Absent(dict[str, Any]):
    """Stands for a file that the folder does not have: empty, and reading a key skips the test."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.reason = f"the golden file {path} is missing"

    def __getitem__(self, key: str) -> NoReturn:
        self.skip()

    def skip(self) -> NoReturn:
        """Skips the running test, or the module that is being imported."""
        pytest.skip(self.reason, allow_module_level=True)


@functools.cache
def load(name: str) -> tuple[Arrays, dict[str, Any]]:
    """Arrays by key, and the meta data, of `name`.npz."""
    path = folder() / f"{name}.npz"
    if not path.is_file():
        return Absent(path), Absent(path)
    with np.load(path, allow_pickle=False) as stored:
        arrays = {key: stored[key] for key in stored.files}
    return arrays, json.loads(str(arrays.pop("meta")))


@functools.cache
def load_json(name: str) -> dict[str, Any]:
    """The content of `name`.json."""
    path = folder() / f"{name}.json"
    return json.loads(path.read_text()) if path.is_file() else Absent(path)


def cases(stored: dict[str, Any], values: Iterable[Any], width: int = 1) -> list[Any]:
    """Parameters of a test, in order; a skipped one of ``width`` values where their file is absent."""
    if isinstance(stored, Absent):
        return [pytest.param(*[None] * width, marks=pytest.mark.skip(reason=stored.reason), id="absent")]
    return list(values)


def named_files(pattern: str) -> list[Any]:
    """Names of the files that match a pattern, as parameters of a test; a skipped one where no file matches."""
    found = sorted(path.stem for path in folder().glob(pattern))
    return found or cases(Absent(folder() / pattern), ())


def below(arrays: Arrays, prefix: str) -> Arrays:
    """The arrays under ``prefix/``, by the rest of their key."""
    if isinstance(arrays, Absent):
        arrays.skip()
    return {key.removeprefix(f"{prefix}/"): value for key, value in arrays.items() if key.startswith(f"{prefix}/")}
