"""Finds the training command behind a typed shell script of the checkout: ``bash train.sh walker 0``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dreamerguard.sources.argv import Command
from dreamerguard.sources.commands.launch import read_launch
from dreamerguard.sources.commands.nearby_files import read_nearby, reading_in
from dreamerguard.sources.commands.shell import read_shell
from dreamerguard.sources.commands.shell_texts import called_script


def commands_of_script(command: Command, folder: Path) -> Iterator[Command]:
    """Yields the commands that the script of a command starts with its arguments; none for other commands.

    Args:
      command: the command, as typed.
      folder: where it would be started; only scripts below it are read.
    """
    at = called_script([word.text for word in command.words])
    if at is None:
        return
    with reading_in(folder, folder):
        script = read_nearby(command.words[at].text) if at + 1 == len(command.words) else None
        found = read_shell(script or command.source)
    yield from (item for item in found if item.source.name != command.source.name and read_launch(item) is not None)
