"""Finds the log directory of a training command."""

from __future__ import annotations

import glob
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dreamerguard.programs.registry import load_program

if TYPE_CHECKING:
    from dreamerguard.core.result import Result
    from dreamerguard.sources.argv import Command

#: Placeholders that the program fills in at its start: ``{timestamp}``, ``${now:%H-%M}``.
_PLACEHOLDER = re.compile(r"\$\{[^{}]*\}|\{[^{}]*\}")
_OPTION = re.compile(r"(?:--?)?(?:logdir|log[-_]dir)(?:=(?P<value>.*))?", re.DOTALL)


@dataclass(slots=True)
class LogPlace:
    """A log directory, or a pattern of a log directory that the program names.

    Args:
      template: path; parts in braces are not known before the start.
      folder: folder in which the program runs.
    """

    template: str
    folder: Path = Path()
    _before: frozenset[Path] = field(init=False)
    _started: float = field(init=False, default_factory=time.time)
    _found: Path | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._before = frozenset(self._matches())

    @property
    def known(self) -> bool:
        """Whether the whole path is known before the program starts."""
        return _PLACEHOLDER.search(self.template) is None

    def __str__(self) -> str:
        return self.template

    def find(self) -> Path | None:
        """Returns the directory; None while an unknown name has no directory. A known path may not exist yet."""
        if self.known:
            return self._path()
        if self._found is None:
            new = [path for path in self._matches() if path not in self._before]
            # A program that is started again may continue in an existing directory.
            old = [path for path in self._before if _modified(path) >= self._started]
            self._found = max(new or old, key=_modified, default=None)
        return self._found

    def _path(self) -> Path:
        path = Path(self.template)
        with suppress(RuntimeError):  # ~NAME of a user that does not exist is a folder of that name
            path = path.expanduser()
        return self.folder / path

    def _matches(self) -> list[Path]:
        if self.known:
            return []
        pieces = _PLACEHOLDER.split(str(self._path()))
        pattern = "*".join(glob.escape(piece) for piece in pieces)
        return [path for path in map(Path, glob.glob(pattern)) if path.is_dir()]  # noqa: PTH207


def log_place(command: Command, result: Result | None, folder: Path = Path()) -> LogPlace | None:
    """Returns the log directory as the program resolves it; None if the command does not state one.

    Args:
      command: the command line.
      result: lint's result; None for an unknown program, for which only an option ``logdir`` is read.
      folder: folder in which the command runs.
    """
    named = _logdir_option(command)
    template = named if result is None else load_program(result.dialect).log_directory(result.run, named)
    return LogPlace(template, folder) if template and template != "/dev/null" else None


def _logdir_option(command: Command) -> str | None:
    """Returns the value of the last ``logdir`` option; None without one."""
    found = None
    texts = [word.text for word in command.words]
    for text, following in zip(texts, [*texts[1:], None], strict=True):
        match = _OPTION.fullmatch(text)
        if match and match["value"] is not None:
            found = match["value"]
        elif match and text.startswith("-") and following is not None and not following.startswith("-"):
            found = following
    return found


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
