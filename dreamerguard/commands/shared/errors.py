"""Reports failures and notes on the error stream. Does not import Typer, because the fast path uses it too.

A command calls `fail`. The two entry points, ``dreamerguard.cli`` and the Typer application, catch `CommandFailed`,
print its message and end with its exit code.
"""

from __future__ import annotations

import sys
from typing import NoReturn

from dreamerguard.util.terminal import echo, write
from dreamerguard.util.text import plain

from .exit_codes import USAGE


class CommandFailed(Exception):
    """The command cannot do its work.

    Attributes:
      message: what is wrong and how to fix it.
      code: exit code of the command.
    """

    def __init__(self, message: str, code: int = USAGE) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


def fail(message: str, code: int = USAGE) -> NoReturn:
    """Ends the command with a message and an exit code.

    Raises:
      CommandFailed: always.
    """
    raise CommandFailed(message, code)


def report_failure(failed: CommandFailed) -> int:
    """Prints the message of a failure without characters that could act on the terminal. Returns the exit code."""
    echo(f"error: {failed.message}", error=True)
    return failed.code


def note(text: str) -> None:
    """Prints one line on the error stream."""
    write(sys.stderr, f"{plain(text)}\n")
