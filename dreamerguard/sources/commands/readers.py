"""Chooses the reader for the commands of a file."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import Command

from .makefile import read_makefile
from .markdown_blocks import read_markdown
from .python import read_python
from .shell import read_shell
from .structured import read_dockerfile, read_launch_file, read_notebook, read_workflow

Reader = Callable[[Source], list[Command]]

_SCRIPTS = frozenset({".sh", ".bash", ".zsh", ".slurm", ".sbatch", ".job", ".pbs", ".cmd", ".qsub", ".lsf"})
_SHELL_SCRIPT = re.compile(r"#!.*?\b(?:ba|z|k|da)?sh\b")
_PYTHON_SCRIPT = re.compile(r"#!.*?\bpython[\d.]*\b")
_MAKEFILES = frozenset({"makefile", "gnumakefile", "justfile", ".justfile"})


def reader_of(path: str) -> Reader | None:
    """Returns the reader for the commands of a file, from its path alone; None if the file holds no commands."""
    pure = PurePosixPath(path)
    name, suffix = pure.name.lower(), pure.suffix.lower()
    if suffix in _SCRIPTS:
        return read_shell
    if suffix in (".md", ".markdown"):
        return read_markdown
    if name in _MAKEFILES or suffix == ".mk":
        return read_makefile
    if name.startswith("dockerfile") or suffix == ".dockerfile" or name == "containerfile":
        return read_dockerfile
    if name == "launch.json":
        return read_launch_file
    if suffix == ".py":
        return read_python
    if suffix == ".ipynb":
        return read_notebook
    workflow = suffix in (".yml", ".yaml") and (".github/workflows/" in path or name == ".gitlab-ci.yml")
    return read_workflow if workflow else None


def reader_for(source: Source) -> Reader:
    """Returns the reader for the commands of a file, from its name and its first line; a shell script by default."""
    reader = reader_of(source.name)
    if reader is None and _PYTHON_SCRIPT.match(source.text):
        return read_python
    return reader or read_shell


def is_script(text: str) -> bool:
    """Returns whether the first line of a file names a shell."""
    first = text[:80].split("\n", 1)[0].lstrip("\ufeff\ufffd")
    return bool(_SHELL_SCRIPT.match(first))
