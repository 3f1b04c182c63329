"""Which run a file of settings stands for, told by its path and its text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from dreamerguard.core.model import Source
from dreamerguard.sources.argv import Word

from .discovery import Found

_TASK = re.compile(r"^[\"']?task[\"']?[ \t]*:[ \t]*\S", re.MULTILINE)
_TOP_LEVEL = re.compile(r"^[\"']?([A-Za-z_]\w*)(?:\.[\w.]+)?[\"']?[ \t]*:", re.MULTILINE)


def words(source: Source, *texts: str) -> tuple[Word, ...]:
    """Words of a command that stands for a whole file: all of them point at its beginning."""
    line = source.text.find("\n")
    span = source.span(0, line if line >= 0 else len(source.text))
    return tuple(Word(text, span, index) for index, text in enumerate(texts))


def is_native(text: str) -> bool:
    """Whether a file looks like a run of the bundled trainer: nearly all of its keys are its own."""
    from dreamerguard.programs.native.keys import native_keys

    sections = {key.partition(".")[0] for key in native_keys()}
    if not _TASK.search(text):
        return False
    names = _TOP_LEVEL.findall(text)
    return bool(names) and sum(name in sections for name in names) >= 0.75 * len(names)


def group_file(found: Found, text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """The command that uses a file of a hydra configuration group, where the group decides what is trained."""
    path = PurePosixPath(found.name)
    if path.parent.name == "exp" and ("dreamer" in path.stem or "dreamer_v3" in text):
        yield ("sheeprl",), f"exp={path.stem}"
    elif path.parent.name == "env" and (found.path.parent.parent / "configs.yaml").is_file():
        yield ("python", "train.py"), f"env={path.stem}"


def home(found: Found, root: Path) -> Path:
    """The folder from which the program of a group's file is started: above ``configs``."""
    folders = found.path.parent.parents
    above = next((folder.parent for folder in folders if folder.name == "configs"), root)
    return above.parent if above.name == "sheeprl" else above
