"""Finds the settings file of a folder: the nearest one, up to the root of the repository."""

from __future__ import annotations

from pathlib import Path

from dreamerguard.core.settings_files import NAMES as NAMES
from dreamerguard.core.settings_files import find_settings as find_settings

from .model import Settings


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
