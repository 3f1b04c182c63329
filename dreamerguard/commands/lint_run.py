"""What ``dreamerguard lint`` does once its options are read. Loads no Typer, see `lint_options`."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from dreamerguard.commands.exit_codes import CLEAN, NOTHING_CHECKED, USAGE, exit_code
from dreamerguard.commands.lint_options import LintOptions
from dreamerguard.engine import UnknownProgram, check_command
from dreamerguard.machine import UNKNOWN, probe
from dreamerguard.model import SourceError
from dreamerguard.reports.text import plain, wants_color
from dreamerguard.sources.argv import read_command

if TYPE_CHECKING:
    from dreamerguard.engine import Result
    from dreamerguard.sources.argv import Command

_NOTHING = """nothing to check. Examples:
  dreamerguard lint run.yaml
  dreamerguard lint run.yaml run.train_ratio=32
  dreamerguard lint --task dmc_walker_walk run.train_ratio=32
  dreamerguard lint -- dreamerguard train dmc_walker_walk run.train_ratio=32"""
#: Names of tasks have a suite and a name.
_TASK_LIKE = re.compile(r"[a-z0-9]+(_[A-Za-z0-9-]+)+(/[0-9]+)?")


class Stop(Exception):
    """Ends the command with one message and an exit code."""

    def __init__(self, message: str, code: int = USAGE) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


def say(stop: Stop) -> None:
    """Prints why a command ended, without any character that could act on the terminal."""
    write(sys.stderr, "\n".join(plain(line) for line in f"error: {stop.message}".split("\n")) + "\n")


def write(stream: TextIO, text: str) -> None:
    """Writes text whole, whatever the encoding of the terminal: what it lacks is written as an escape."""
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def run_lint(options: LintOptions, own: Sequence[str], training: Sequence[str] | None) -> int:
    """Checks, reports, and gives the exit code.

    Args:
      options: what the options say.
      own: the words behind ``lint``, up to ``--``.
      training: the words behind ``--``; none without one.

    Raises:
      Stop: nothing could be checked.
    """
    if options.list_rules:
        write(sys.stdout, _rules())
        return CLEAN
    result = _check(_command(own, training), options)
    _report(result, options)
    return _exit_code(result)


def _command(own: Sequence[str], training: Sequence[str] | None) -> Command:
    if training is not None:
        if not training:
            raise Stop("nothing to check: no command behind --", NOTHING_CHECKED)
        return read_command(training)
    command = read_command(["dreamerguard", "lint", *own])
    _refuse_stray_words(command)
    return command


def _refuse_stray_words(command: Command) -> None:
    from dreamerguard.dialects.native_command import read_native

    arguments = read_native(command)
    if not (arguments.tasks or arguments.files or arguments.overrides):
        raise Stop(_NOTHING, NOTHING_CHECKED)
    for word in arguments.tasks:
        if _TASK_LIKE.fullmatch(word.text):
            continue
        if Path(word.text).is_dir():
            raise Stop(f"{word.text!r} is a folder; name a run file inside it")
        kind = "run files end in .yaml, " if Path(word.text).exists() else ""
        raise Stop(
            f"{word.text!r} is neither a run file, nor key=value, nor a task: {kind}`dreamerguard tasks` lists tasks"
        )


def _check(command: Command, options: LintOptions) -> Result:
    try:
        return check_command(command, probe() if options.this_machine else UNKNOWN)
    except SourceError as error:
        raise Stop(error.message) from error
    except UnknownProgram as error:
        raise Stop(f"{error}; commands that start with `dreamerguard train` can be checked", NOTHING_CHECKED) from error


def _report(result: Result, options: LintOptions) -> None:
    from dreamerguard.reports import FORMATS

    color = wants_color(sys.stdout.isatty(), os.environ)
    if options.explain_budget and options.output_format == "full":
        from dreamerguard.reports.budget import render_budget

        write(sys.stdout, render_budget(result.run) + "\n")
    write(sys.stdout, FORMATS[options.output_format](result, color))


def _exit_code(result: Result) -> int:
    if any(finding.name == "missing-task" for finding in result.active):
        return USAGE if result.checked.settings or result.run.unknown else NOTHING_CHECKED
    return exit_code(result)


def _rules() -> str:
    from dreamerguard.rules import all_rules

    return "".join(f"{rule.code}  {rule.severity:<7}  {rule.name:<24}{rule.title}\n" for rule in all_rules())
