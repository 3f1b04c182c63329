"""The folder in which a command of a file is started, and its script where only the end of its path is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from dreamerguard.core.programs import CONSOLE_COMMANDS
from dreamerguard.sources.argv import UNKNOWN, Command
from dreamerguard.sources.commands.launch import Launch, read_launch
from dreamerguard.sources.commands.python_configured import EVALUATES_IN_CODE, TRAINS_IN_CODE
from dreamerguard.util.paths import is_dir, is_file

_PRESETS = "configs.yaml"


def start_folder(launch: Launch, name: str, root: Path) -> Path:
    """Returns the folder in which a command is started: the nearest one above the file that has the program.

    Args:
      launch: the started program.
      name: the file that holds the command, relative to the root.
      root: the checkout.
    """
    script = launch.program.replace(".", "/") + ".py" if launch.module else launch.program
    for start in _above(name, root):
        if is_file(start / script) or (launch.name in CONSOLE_COMMANDS and is_dir(start / launch.name)):
            return start
        if launch.name in (TRAINS_IN_CODE, EVALUATES_IN_CODE) and is_file((start / script).with_name(_PRESETS)):
            return start
    return root


def with_own_script(command: Command, launch: Launch, name: str, root: Path) -> Command:
    """Returns the command with the checkout's script where its path begins with a folder of another machine.

    In ``$HOME/clone/dreamerv3/main.py``, the longest end that is a file of the checkout is meant; the file's name alone
    is only enough beside presets.

    Args:
      command: the command.
      launch: the program that it starts.
      name: the file that holds the command, relative to the root.
      root: the checkout.
    """
    text = launch.program
    if launch.module or not text.endswith(".py") or not text.startswith((UNKNOWN, "/", "~")) or is_file(Path(text)):
        return command
    parts = [part for part in text.split("/") if part]
    ends = ("/".join(parts[at:]) for at in range(1, len(parts) - 1) if UNKNOWN not in parts[at])
    own = next((end for end in ends for start in _above(name, root) if is_file(start / end)), None)
    own = own or next((parts[-1] for start in _above(name, root) if _is_trainer(start / parts[-1])), None)
    if own is None:
        return command
    words = (replace(word, text=own) if word == launch.place else word for word in command.words)
    return replace(command, words=tuple(words))


def in_checkout(command: Command, root: Path) -> Command:
    """Returns a command that was typed, with the checkout's script where its path is of another machine."""
    launch = read_launch(command)
    return command if launch is None else with_own_script(command, launch, "", root)


def _is_trainer(script: Path) -> bool:
    return is_file(script) and is_file(script.with_name(_PRESETS))


def _above(name: str, root: Path) -> Iterator[Path]:
    folder = PurePosixPath(name).parent
    return (root / base for base in (folder, *folder.parents))
