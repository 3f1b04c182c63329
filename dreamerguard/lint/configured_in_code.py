"""Finds settings in the code of a script, and the command that would set the same values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from dreamerguard.core.source import SourceError
from dreamerguard.sources.argv import UNKNOWN, Command, Word
from dreamerguard.sources.commands.launch import read_launch
from dreamerguard.sources.files import read_source
from dreamerguard.util.paths import is_file


def configured_in_code(command: Command, folder: Path) -> Command | None:
    """The configuration that the script of a command sets, followed by the command's own options; None without one.

    Args:
      command: the command.
      folder: where it would be started.
    """
    launch = read_launch(command)
    path = folder / launch.program if launch is not None and not launch.module else None
    if launch is None or path is None or path.suffix != ".py" or not is_file(path):
        return None
    from dreamerguard.sources.commands.python import read_configurations, read_given_words, read_starts
    from dreamerguard.sources.commands.rllib import RLLIB_MODULE

    try:
        source, unreadable = read_source(path)
    except SourceError:
        return None
    named = replace(source, name=launch.program)
    found = read_configurations(named) if unreadable is None else []
    if not found:
        given = (read_given_words(named) or _only(read_starts(named))) if unreadable is None else []
        return _with_typed(given[0], launch.arguments, path.parent, folder) if given else None
    if any(word.text == RLLIB_MODULE for word in found[0].words[:3]):
        return found[0]  # the options of its scripts are no flags of the configuration
    if launch.arguments and not launch.arguments[0].text.startswith("--"):
        return None  # a script with another way to read its command line
    options = launch.arguments if _reads_flags(source.text) else ()
    return Command(found[0].source, (*_placed(found[0].words, path.parent, folder), *options))


def _only(commands: Sequence[Command]) -> Sequence[Command]:
    """Returns a command that a script starts, if it starts no other one."""
    return commands if len({tuple(word.text for word in item.words) for item in commands}) == 1 else ()


def _with_typed(command: Command, typed: Sequence[Word], home: Path, folder: Path) -> Command:
    """Returns a command with the typed words where the code keeps those of its own command line."""
    words: list[Word] = []
    for word in command.words:
        words += typed if word.text == UNKNOWN and word.span.text.startswith("sys.argv") else [word]
    script = home / words[1].text
    if is_file(script) and script.is_relative_to(folder):
        words[1] = replace(words[1], text=script.relative_to(folder).as_posix())
    return Command(command.source, tuple(words))


def _placed(words: Sequence[Word], home: Path, folder: Path) -> tuple[Word, ...]:
    """Returns words with the package of the presets beside the script, where Python finds it first."""
    package = PurePosixPath(words[1].text).parent
    if home == folder or not is_file(home / package / "configs.yaml"):
        return tuple(words)
    script = (home / words[1].text).relative_to(folder).as_posix()
    return (words[0], replace(words[1], text=script), *words[2:])


def _reads_flags(text: str) -> bool:
    """Returns whether the options of a script are flags of the configuration, and none of its own."""
    return "add_argument(" not in text
