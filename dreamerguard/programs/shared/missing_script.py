"""Commands that start a script in a folder which the checkout does not have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from dreamerguard.core.finding import Problem
from dreamerguard.core.source import Label
from dreamerguard.sources.argv import Command
from dreamerguard.sources.commands.placeholders import DOCUMENTS
from dreamerguard.util.paths import exists, is_file

from .preset_file import PresetFile
from .python_call import PythonCall, is_open

#: Files of a project, from whose folder programs are started.
_PROJECT = (
    ".git", "README.md", "README.rst", "README.txt", "README", "setup.py", "setup.cfg", "pyproject.toml", "Dockerfile",
    "requirements.txt", "environment.yml", "environment.yaml", "Makefile", "setup.sh", "run.sh", "train.sh",
)  # fmt: skip
#: Before the name of a folder in which commands start.
_ENTERS = r"\b(?:(?:cd|pushd|workdir)\s|(?:chdir\(|working-directory:|cwd\s*[=:]))\s*"
#: Before the name of a folder in which commands start, or whose files are put where they start.
_TAKES = rf"(?:{_ENTERS}|\b(?:copy|add|chdir|folder|directory|inside|from|into)\s[^\w\n]*)"


def missing_script(call: PythonCall, file: PresetFile | None, command: Command, folder: Path) -> Iterator[Problem]:
    """Yields a problem if a typed script or its folder is missing, and the script is beside presets in another folder.

    A script in the folder itself is not reported: its commands may be meant for the folder above. Nor is a typed folder
    whose name is in the path of the presets, if the instructions may change into the folder above it first: it is a
    project, or the document names it after ``cd``.

    Args:
      call: the command's script, as typed.
      file: the only presets below the folder.
      command: the command.
      folder: where it would be started.
    """
    typed = PurePosixPath(call.script)
    if file is None or len(typed.parts) > 2 or is_open(call.script):
        return
    home, package = file.path.parent, typed.parts[0]
    try:
        below = home.relative_to(folder)
    except ValueError:
        return
    named = package in folder.absolute().parts
    named = named or (package in below.parts and _is_entered(below, package, command, folder))
    if len(typed.parts) == 1:  # the shell of a document may have entered the folder of the presets
        words = rf"{_TAKES}(?:\S*\b{re.escape(home.name)}\b|[\"']?\$)"
        named = re.search(words, command.source.text, re.IGNORECASE) is not None or _is_note(command.source.name)
    if not below.parts or named or exists(folder / package) or not is_file(home / typed.name):
        return
    word = next((word for word in command.words if word.text == call.script), None)
    if word is None:
        return
    there = (below / typed.name).as_posix()
    text = f"{call.script} does not exist; {there} does"
    yield Problem("missing-script", text, Label(word.span), help=f"type {there}")


def _is_note(name: str) -> bool:
    """Returns whether a file is a document that is no first page of a folder, so that any folder may be meant."""
    path = PurePosixPath(name)
    return name.lower().endswith(DOCUMENTS) and len(path.parts) > 1 and not path.name.lower().startswith("readme")


def _is_entered(below: PurePosixPath | Path, package: str, command: Command, folder: Path) -> bool:
    """Returns whether somebody may start the script from the folder above the package that is typed."""
    if below.name != package or len(below.parts) < 2:
        return True
    start = folder.joinpath(*below.parts[:-1])
    if any(exists(start / name) for name in _PROJECT):
        return True
    return re.search(rf"{_ENTERS}\S*\b{re.escape(start.name)}\b", command.source.text, re.IGNORECASE) is not None
