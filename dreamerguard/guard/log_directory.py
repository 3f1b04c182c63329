"""Where a training command will write its log."""

from __future__ import annotations

import glob
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dreamerguard.programs.registry import load_program

if TYPE_CHECKING:
    from dreamerguard.core.result import Result
    from dreamerguard.sources.argv import Command

#: Parts that the program fills in when it starts: ``{timestamp}``, ``${now:%H-%M}``.
_LATER = re.compile(r"\$\{[^{}]*\}|\{[^{}]*\}")
_OPTION = re.compile(r"(?:--?)?(?:logdir|log[-_]dir)(?:=(?P<value>.*))?", re.DOTALL)


@dataclass(slots=True)
class LogPlace:
    """A log directory, or a pattern of one whose name the program makes up.

    Args:
      template: path, in which parts in braces are not known yet.
      folder: where the program runs.
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
        """Whether the whole path is known beforehand."""
        return _LATER.search(self.template) is None

    def __str__(self) -> str:
        return self.template

    def find(self) -> Path | None:
        """The directory; None while the program has not made it. One whose path is known need not exist."""
        if self.known:
            return self._path()
        if self._found is None:
            new = [path for path in self._matches() if path not in self._before]
            # A program that is started again may go on in a directory that was there.
            old = [path for path in self._before if _modified(path) >= self._started]
            self._found = max(new or old, key=_modified, default=None)
        return self._found

    def _path(self) -> Path:
        return self.folder / Path(self.template).expanduser()

    def _matches(self) -> list[Path]:
        if self.known:
            return []
        pieces = _LATER.split(str(self._path()))
        pattern = "*".join(glob.escape(piece) for piece in pieces)
        return [path for path in map(Path, glob.glob(pattern)) if path.is_dir()]  # noqa: PTH207


def log_place(command: Command, result: Result | None, folder: Path = Path()) -> LogPlace | None:
    """Where a command logs, as its program resolves it; None where nothing tells.

    Args:
      command: the words.
      result: what lint made of them; None for an unknown program, of which only an option ``logdir`` is understood.
      folder: where the command runs.
    """
    named = _spelled(command)
    template = named if result is None else load_program(result.dialect).log_directory(result.run, named)
    return LogPlace(template, folder) if template and template != "/dev/null" else None


def _spelled(command: Command) -> str | None:
    """The value of an option ``logdir``, the last one if there are several."""
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
