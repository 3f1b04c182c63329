"""How a command ends that cannot do what was asked."""

from __future__ import annotations

from typing import NoReturn

from dreamerguard.util.terminal import echo


def fail(message: str) -> NoReturn:
    """Says why on the error stream, and ends the command with the exit code for it.

    Raises:
      typer.Exit: always.
    """
    import typer

    from .exit_codes import USAGE

    echo(f"error: {message}", error=True)
    raise typer.Exit(USAGE)
