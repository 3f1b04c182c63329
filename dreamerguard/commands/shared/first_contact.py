"""Names the command that works, if an argument of ``dreamerguard lint`` is not a run of the bundled trainer."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from dreamerguard.core.machine import UNKNOWN
from dreamerguard.programs.native.options import LintOptions, takes_value, typed_names
from dreamerguard.sources.argv import Option, read_arguments, read_command
from dreamerguard.sources.commands.launch import read_launch
from dreamerguard.sources.commands.readers import is_script, reader_of
from dreamerguard.sources.commands.wandb_sweep import is_wandb_sweep
from dreamerguard.sources.files import is_given, read_source
from dreamerguard.util.paths import exists, is_dir, is_file
from dreamerguard.util.regular_files import read_regular

_BLOCKS = re.compile(r"^defaults[ \t]*:[ \t]*(#.*)?$", re.MULTILINE)
_MAX_BYTES = 1 << 20
_INTERPRETER = re.compile(r"(.*/)?(python[\d.]*|(ba|z)?sh|uv|accelerate|torchrun|sheeprl|srun|sbatch)")


def about_file(name: str) -> str | None:
    """Returns what to type for a YAML file that is not a run file; None for other files."""
    path = Path(name)
    if path.suffix == ".py":
        return None
    if reader_of(path.as_posix()) is not None and exists(path):
        return _check(name, "holds commands")
    if not (is_file(path) or is_given(path)):
        return None
    text = _beginning(path)
    if _BLOCKS.search(text):
        return _check(name, "holds presets of danijar/dreamerv3 or one of its forks")
    if is_wandb_sweep(text):
        return _check(name, "is a sweep file")
    from dreamerguard.programs.registry import programs

    for program in programs():
        if program.resolve_stored(path, path.as_posix(), UNKNOWN) is not None:
            return _check(name, f"is the stored configuration of a run of {program.name}")
        if program.name != "native" and any(program.file_commands(path, path.as_posix(), text)):
            return _check(name, f"is a configuration file of {program.name}")
    return None


def about_word(text: str, words: Sequence[str]) -> str | None:
    """Returns what to type for an argument that is neither a run file nor a task; None if that is unknown.

    Args:
      text: the argument.
      words: all arguments of the command.
    """
    if is_dir(Path(text)):
        return f"{text!r} is a folder; name a run file inside it, or check everything in it:\n  {_command(text)}"
    start = list(words).index(text) if text in words else 0
    command = words[start:]
    if _INTERPRETER.fullmatch(text) or read_launch(read_command(command)) is not None:
        typed = shlex.join(["dreamerguard", "lint", *_lint_options(words[:start]), "--", *command])
        return f"{text!r} begins a training command; put -- in front of it:\n  {typed}"
    if exists(Path(text)) and (reader_of(text) is not None or is_script(_beginning(Path(text)))):
        return _check(text, "holds commands")
    if not exists(Path(text)) and ("/" in text or reader_of(text) is not None):
        return f"cannot read {text!r}: there is no such file"
    return _about_task(text)


def _lint_options(words: Sequence[str]) -> Iterator[str]:
    """Yields the arguments that are options of ``lint``, with their values."""
    known = {name: takes_value(field) for name, field in typed_names(LintOptions).items()}
    for item in read_arguments(read_command(words).words, known):
        if isinstance(item, Option):
            yield from shlex.split(item.span.text)


def _about_task(text: str) -> str | None:
    from dreamerguard.programs.native.keys import native_keys
    from dreamerguard.schema.tasks import UnknownTask, find_task

    if text in native_keys():
        return f"{text} has no value; write {text}=VALUE"
    try:
        find_task(text.replace("-", "_").lower())
    except UnknownTask as error:
        near = error.suggestions[0] if error.suggestions else None
    else:
        near = text.replace("-", "_").lower()
    return f"{text!r} is neither a run file, nor key=value, nor a task; did you mean {near}?" if near else None


def _check(name: str, what: str) -> str:
    shown, path = (repr(name), name) if not is_given(Path(name)) else ("the standard input", "-")
    return f"{shown} {what}; lint checks one run. Check the file with:\n  {_command(path)}"


def _command(name: str) -> str:
    return shlex.join(["dreamerguard", "check", name])


def _beginning(path: Path) -> str:
    if is_given(path):
        return read_source(path)[0].text
    try:
        return read_regular(path, _MAX_BYTES).decode("utf-8", "replace")
    except (OSError, ValueError):
        return ""
