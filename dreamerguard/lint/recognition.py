"""Finds the program of a command, if need be behind an installed command, a shell script or the code of a script."""

from __future__ import annotations

from pathlib import Path

from dreamerguard.programs.interface import Program
from dreamerguard.programs.registry import UnknownProgram, recognise
from dreamerguard.sources.argv import Command
from dreamerguard.sources.commands.installed_scripts import with_installed_script

from .configured_in_code import configured_in_code


def recognised(command: Command, folder: Path) -> tuple[Command, Program, str]:
    """Returns the program of a command and why it was recognised, with the command that stands for it.

    Raises:
      UnknownProgram: the command starts no supported program.
    """
    try:
        return command, *recognise(command, folder)
    except UnknownProgram as error:
        found = _through_its_script(command, folder)
        if found is None:
            raise error from None
        return found


def _through_its_script(command: Command, folder: Path) -> tuple[Command, Program, str] | None:
    installed = with_installed_script(command, folder)
    if installed is not None and (own := _known(installed, folder)) is not None:
        return installed, *own
    from .called_script import commands_of_script  # reading shells takes long to load

    for called in commands_of_script(command, folder):
        known = _known(called, folder)
        if known is not None:
            return called, known[0], f"{called.source.name} starts it"
    coded = configured_in_code(command, folder)
    known = _known(coded, folder) if coded is not None else None
    if coded is not None and known is not None:
        return coded, known[0], f"{coded.source.name} sets its configuration in code"
    from .through_code import through_code

    reached = through_code(command, folder)
    if reached is not None:
        return reached.command, reached.program, reached.detected
    from .absent_script import absent_script  # it loads the index of Python files
    from .wrong_interpreter import wrong_interpreter

    stopped = wrong_interpreter(command, folder) or absent_script(command, folder)
    return (command, *stopped) if stopped is not None else None


def _known(command: Command, folder: Path) -> tuple[Program, str] | None:
    try:
        return recognise(command, folder)
    except UnknownProgram:
        return None
