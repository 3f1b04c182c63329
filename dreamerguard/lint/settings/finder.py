"""Finds the settings file of a folder: the nearest one, up to the root of the repository."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .model import MAX_BYTES, Settings

NAMES = ("dreamerguard.toml", "pyproject.toml")


def load_settings(folder: Path, file: str | Path | None = None, *, allow_local_rules: bool = False) -> Settings:
    """Returns the settings that apply in a folder.

    Args:
      folder: folder where the search starts.
      file: settings file to read instead of the nearest one.
      allow_local_rules: whether code that the file names may run; see `approval`.

    Raises:
      SourceError: the file cannot be read, or holds a key or value that is not valid.
    """
    path = Path(file) if file is not None else find_settings(folder)
    if path is None:
        return Settings()
    from .approval import withhold
    from .reader import read_settings_file  # loads pydantic, which takes longer than linting

    return withhold(read_settings_file(path), allowed=allow_local_rules)


def find_settings(folder: Path) -> Path | None:
    """Returns the nearest settings file. The search ends at the repository's root; files above have no effect."""
    for parent in _upwards(folder):
        for name in NAMES:
            path = parent / name
            if path.is_file() and (name == NAMES[0] or b"tool.dreamerguard" in _start(path)):
                return path
        if (parent / ".git").exists():
            return None
    return None


def _upwards(folder: Path) -> Iterator[Path]:
    here = folder.resolve()
    yield here
    yield from here.parents


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES)
    except OSError:
        return b""
