"""The command line: one thin function per command, registered here."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from dreamerguard import __version__
from dreamerguard.commands.evaluate import evaluate
from dreamerguard.commands.explain import explain
from dreamerguard.commands.init import init
from dreamerguard.commands.lint import lint
from dreamerguard.commands.schema import schema
from dreamerguard.commands.tasks import tasks
from dreamerguard.commands.train import train
from dreamerguard.commands.words import WordsCommand
from dreamerguard.commands.words import WordsCommand

app = typer.Typer(
    name="dreamerguard",
    help="Lint, train and regression-guard DreamerV3 runs.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

app.command("lint", cls=WordsCommand)(lint)
app.command("train", cls=WordsCommand)(train)
app.command("eval")(evaluate)
app.command("tasks")(tasks)
app.command("explain")(explain)
app.command("init")(init)
app.command("schema")(schema)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"dreamerguard {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Lint, train and regression-guard DreamerV3 runs."""


def main() -> None:
    """Entry point. A bug ends with code 70 and asks for a report instead of burying the reader in a traceback."""
    try:
        app()
    except Exception as error:
        import os
        import traceback

        if os.environ.get("DREAMERGUARD_TRACEBACK"):
            traceback.print_exc()
        typer.echo(
            f"internal error: {type(error).__name__}: {error}\n"
            "This is a bug in dreamerguard. Run again with DREAMERGUARD_TRACEBACK=1 and report what it prints.",
            err=True,
        )
        sys.exit(70)
