"""Finds settings in the code of a script, and the command that would set the same values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from dreamerguard.core.source import SourceError
from dreamerguard.sources.argv import UNKNOWN, Command, Word
from dreamerguard.sources.commands.launch import read_launch
from dreamerguard.sources.files import read_source
from dreamerguard.util.check_cache import cached_per_check
from dreamerguard.util.paths import is_file

#: What stands for typed words.
_ARGV = re.compile(r"\*?sys\.argv(?:\[(?P<at>\d{1,3})(?P<rest>\s*:\s*)?\])?")


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
    from dreamerguard.sources.commands.rllib import RLLIB_MODULE

    found, given, reads_flags = _read(path, launch.program)
    if not found:
        return _with_typed(given, launch.arguments, path.parent, folder) if given is not None else None
    if any(word.text == RLLIB_MODULE for word in found[0].words[:3]):
        return found[0]  # the options of its scripts are no flags of the configuration
    if launch.arguments and not launch.arguments[0].text.startswith("--"):
        return None  # a script with another way to read its command line
    options = launch.arguments if reads_flags else ()
    return Command(found[0].source, (*_placed(found[0].words, path.parent, folder), *options))


@cached_per_check
def _read(path: Path, name: str) -> tuple[list[Command], Command | None, bool]:
    """Returns the configurations in a script, the command that it stands for, and whether its options are flags.

    They are no flags of the configuration where the script declares options of its own.
    """
    from dreamerguard.sources.commands.python import read_script

    try:
        source, unreadable = read_source(path)
    except SourceError:
        return [], None, False
    found, given = read_script(replace(source, name=name)) if unreadable is None else ([], None)
    return found, given, "add_argument(" not in source.text


def _typed(word: Word, typed: Sequence[Word]) -> Sequence[Word]:
    """Returns the typed words that a word of the code stands for: ``sys.argv``, ``sys.argv[1:]``, ``sys.argv[2]``."""
    found = _ARGV.fullmatch(word.span.text) if word.text == UNKNOWN else None
    if found is None:
        return [word]
    at = int(found["at"]) - 1 if found["at"] else 0
    if not found["at"] or found["rest"]:
        return typed[max(at, 0) :]
    return [typed[at]] if 0 <= at < len(typed) else [word]


def _with_typed(command: Command, typed: Sequence[Word], home: Path, folder: Path) -> Command:
    """Returns a command with the typed words where the code keeps those of its own command line."""
    words: list[Word] = []
    for word in command.words:
        words += _typed(word, typed)
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
