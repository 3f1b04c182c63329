"""The folder that a document is checked from, and the linter's settings that hold there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from dreamerguard.core.source import SourceError
from dreamerguard.lint.settings.finder import load_settings
from dreamerguard.lint.settings.model import Settings

#: A folder with one of these is where somebody would run ``dreamerguard check``.
_ROOTS = (".git", "dreamerguard.toml", "pyproject.toml", "setup.py")


def root_of(path: Path, folders: Iterable[Path]) -> Path:
    """Returns the folder from which ``dreamerguard check`` would check a file.

    Args:
      path: the file.
      folders: folders that are open in the editor; the innermost around the file is taken.
    """
    around = [folder for folder in folders if path.is_relative_to(folder)]
    if around:
        return max(around, key=lambda folder: len(folder.parts))
    marked = (parent for parent in path.parents if any((parent / name).exists() for name in _ROOTS))
    there = (parent for parent in path.parents if parent.is_dir())  # the folder of a new file need not exist
    return next(marked, None) or next(there, path.parent)


@dataclass
class SettingsReader:
    """Reads the settings of folders once; `forget` after files have changed.

    Attributes:
      problem: what is wrong with the settings of a folder; the built-in ones hold there.
    """

    problem: dict[Path, str] = field(default_factory=dict)
    _read: dict[Path, Settings] = field(default_factory=dict)

    def of(self, root: Path) -> Settings:
        """Returns the settings that hold in a folder."""
        if root not in self._read:
            self.problem.pop(root, None)
            try:
                self._read[root] = load_settings(root)
            except SourceError as error:
                self.problem[root] = error.message
                self._read[root] = Settings()
        return self._read[root]

    def forget(self) -> None:
        """Reads the settings of all folders again when they are needed."""
        self._read.clear()


def excluded(name: str, settings: Settings) -> bool:
    """Returns whether the settings leave out a file.

    Args:
      name: relative to the root, with slashes.
      settings: of the root.
    """
    return any(fnmatchcase(name, glob) or fnmatchcase(name, f"{glob.rstrip('/')}/*") for glob in settings.exclude)
