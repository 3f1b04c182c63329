"""Commands that start a script in a folder which the checkout does not have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from dreamerguard.core.finding import Problem
from dreamerguard.core.source import Label
from dreamerguard.sources.argv import Command
from dreamerguard.util.paths import exists, is_file

from .preset_file import PresetFile
from .python_call import PythonCall, is_open


def missing_script(call: PythonCall, file: PresetFile | None, command: Command, folder: Path) -> Iterator[Problem]:
    """Yields a problem if the typed folder of a script is missing, and the script is beside presets in another one.

    A script in the folder itself is not reported: its commands may be meant for the folder above. Nor is a typed folder
    whose name is in the path of the presets: the instructions may change into a folder first.

    Args:
      call: the command's script, as typed.
      file: the only presets below the folder.
      command: the command.
      folder: where it would be started.
    """
    typed = PurePosixPath(call.script)
    if file is None or len(typed.parts) != 2 or is_open(call.script):
        return
    home, package = file.path.parent, typed.parts[0]
    try:
        below = home.relative_to(folder)
    except ValueError:
        return
    named = package in below.parts or package in folder.absolute().parts
    if not below.parts or named or exists(folder / package) or not is_file(home / typed.name):
        return
    word = next((word for word in command.words if word.text == call.script), None)
    if word is None:
        return
    there = (below / typed.name).as_posix()
    text = f"{call.script} does not exist; {there} does"
    yield Problem("missing-script", text, Label(word.span), help=f"type {there}")
