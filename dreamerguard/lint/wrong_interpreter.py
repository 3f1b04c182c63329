"""Commands that start a shell script by Python."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from dreamerguard.core.finding import Problem
from dreamerguard.core.source import Label
from dreamerguard.programs.interface import Program
from dreamerguard.programs.registry import UnknownProgram, recognise
from dreamerguard.sources.argv import Command
from dreamerguard.sources.commands.launch import Launch, read_launch
from dreamerguard.sources.commands.nearby_files import read_nearby, reading_in
from dreamerguard.sources.commands.shell import read_shell

from .unstartable import Unstartable

_PYTHON = re.compile(r"python[\d.]*(\.exe)?")


def wrong_interpreter(command: Command, folder: Path) -> tuple[Program, str] | None:
    """Returns a program that only says that Python cannot read the script; None for other commands.

    Args:
      command: the command, which no program recognises.
      folder: where it would be started; only scripts below it are read.
    """
    launch = read_launch(command)
    if launch is None or launch.module or not launch.program.endswith(".sh"):
        return None
    name = _started_by(launch, folder) if _is_behind_python(command, launch) else None
    if name is None:
        return None
    text = f"{launch.program} is a shell script, which Python cannot read; it stops"
    problem = Problem("wrong-interpreter", text, Label(launch.place.span), help=f"type bash {launch.program}")
    return Unstartable(name, problem, f"{launch.program} is no Python script"), f"{launch.program} starts it"


def _is_behind_python(command: Command, launch: Launch) -> bool:
    """Returns whether the word in front of the script is Python, and no value of an option such as ``-n python``."""
    before = [word.text for word in command.words[: command.words.index(launch.place)]]
    if not before or not _PYTHON.fullmatch(PurePosixPath(before[-1]).name):
        return False
    return len(before) == 1 or not before[-2].startswith("-")


def _started_by(launch: Launch, folder: Path) -> str | None:
    """Returns the name of the program that a shell script starts; None if there is none."""
    with reading_in(folder, folder):
        script = read_nearby(launch.program)
        if script is None or (script.text.startswith("#!") and "python" in script.text.split("\n", 1)[0]):
            return None
        for command in read_shell(script):
            try:
                return recognise(command, folder)[0].name
            except UnknownProgram:
                continue
    return None
