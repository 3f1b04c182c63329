"""Chooses the reader for the commands of a file."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import Command

from .batch import is_batch, read_batch
from .makefile import read_makefile
from .markdown_blocks import read_markdown
from .notebook import read_notebook
from .noted import read_notes
from .noted_lines import holds_commands
from .powershell import read_powershell
from .python import read_python
from .restructured_text import read_restructured_text
from .shell import read_shell
from .structured import read_compose_file, read_dockerfile, read_launch_file, read_workflow

Reader = Callable[[Source], list[Command]]

_SCRIPTS = frozenset({".sh", ".bash", ".zsh", ".slurm", ".sbatch", ".job", ".pbs", ".qsub", ".lsf"})
_SHELL_SCRIPT = re.compile(r"#!.*?\b(?:ba|z|k|da)?sh\b")
_PYTHON_SCRIPT = re.compile(r"#!.*?\bpython[\d.]*\b")
_COMPOSE_NAME = re.compile(r"(?:docker-)?compose[\w.-]*\.ya?ml")
_MAKEFILES = frozenset({"makefile", "gnumakefile", "justfile", ".justfile"})


def _read_cmd(source: Source) -> list[Command]:
    """Reads a ``.cmd`` file: a batch file of Windows, or the shell script of a cluster's job."""
    return read_batch(source) if is_batch(source.text) else read_shell(source)


_BY_SUFFIX: dict[str, Reader] = {
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".rst": read_restructured_text,
    ".ps1": read_powershell,
    ".bat": read_batch,
    ".cmd": _read_cmd,
    ".py": read_python,
    ".ipynb": read_notebook,
}


def reader_of(path: str) -> Reader | None:
    """Returns the reader for the commands of a file, from its path alone; None if the file holds no commands."""
    pure = PurePosixPath(path)
    name, suffix = pure.name.lower(), pure.suffix.lower()
    if suffix in _SCRIPTS:
        return read_shell
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    if name in _MAKEFILES or suffix == ".mk":
        return read_makefile
    if name.startswith("dockerfile") or suffix == ".dockerfile" or name == "containerfile":
        return read_dockerfile
    if name == "launch.json":
        return read_launch_file
    if suffix in (".yml", ".yaml") and _COMPOSE_NAME.fullmatch(name):
        return read_compose_file
    workflow = suffix in (".yml", ".yaml") and (".github/workflows/" in path or name == ".gitlab-ci.yml")
    return read_workflow if workflow else None


def reader_for(source: Source) -> Reader:
    """Returns the reader for the commands of a file, from its name and its text; a shell script by default."""
    reader = reader_of(source.name)
    if reader is None and _PYTHON_SCRIPT.match(source.text):
        return read_python
    if reader is None and not is_script(source.text) and may_be_notes(source.name):
        return read_notes
    return reader or read_shell


def may_be_notes(path: str) -> bool:
    """Returns whether a file may hold notes, from its path alone: no suffix, or one of plain text."""
    pure = PurePosixPath(path)
    return pure.suffix.lower() in ("", ".txt") and not pure.name.lower().startswith("requirements")


def is_notes(text: str) -> bool:
    """Returns whether a file that may hold notes has a command in it, which is no program for a machine."""
    return not text.startswith("#!") and holds_commands(text)


def is_script(text: str) -> bool:
    """Returns whether the first line of a file names a shell."""
    first = text[:80].split("\n", 1)[0].lstrip("\ufeff\ufffd")
    return bool(_SHELL_SCRIPT.match(first))
