"""The Typer application. It imports only the module of the command that runs, so that each command starts quickly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from dreamerguard import __version__
from dreamerguard.commands.shared.errors import CommandFailed, fail, report_failure
from dreamerguard.commands.shared.typer_argv import BaselinesCommand, WordsCommand

#: Command -> module and attribute (a function, or an application with subcommands), in the order of ``--help``.
COMMANDS = {
    "lint": "dreamerguard.commands.lint:lint",
    "check": "dreamerguard.commands.check:check",
    "server": "dreamerguard.commands.server:server",
    "train": "dreamerguard.commands.train:train",
    "eval": "dreamerguard.commands.evaluate:evaluate",
    "guard": "dreamerguard.commands.guard:guard",
    "watch": "dreamerguard.commands.watch:watch",
    "notify": "dreamerguard.commands.notify:notify",
    "compare": "dreamerguard.commands.compare:compare",
    "report": "dreamerguard.commands.report:report",
    "reference": "dreamerguard.commands.reference:app",
    "tasks": "dreamerguard.commands.tasks:tasks",
    "explain": "dreamerguard.commands.explain:explain",
    "doctor": "dreamerguard.commands.doctor:doctor",
    "init": "dreamerguard.commands.init:init",
    "schema": "dreamerguard.commands.schema:schema",
    "config": "dreamerguard.commands.config:app",
    "test-rules": "dreamerguard.commands.rules:test_rules",
}
#: Commands whose arguments are configuration: unknown options are settings, and ``--`` matters.
TAKES_WORDS = {"lint", "train", "guard"}
#: Commands with an option ``--baseline`` that takes all paths up to the next option.
TAKES_BASELINES = {"compare", "report"}

#: Options that turn off rich and Typer's display of exceptions.
_PLAIN: dict[str, Any] = {"rich_markup_mode": None, "pretty_exceptions_enable": False, "add_completion": False}

#: The error that Typer raises for arguments that it cannot read; Typer does not export this class.
_USAGE_ERROR: Any = typer.BadParameter.__base__


class LazyGroup(TyperGroup):
    """Imports a command when it is used."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Returns the names of all commands, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Returns the command with a name; None if there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        target = getattr(import_module(module), attribute)
        if not isinstance(target, typer.Typer):
            function, target = target, typer.Typer(**_PLAIN)
            target.command(cmd_name, cls=_command_class(cmd_name))(function)
        command = typer.main.get_command(target)
        command.name = cmd_name
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Returns the command that the arguments name; fails with the nearest name if there is no such command."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from dreamerguard.util.hints import did_you_mean, nearest

            near = nearest(args[0], COMMANDS)
            ctx.fail(f"there is no command {args[0]!r}{did_you_mean(near[0] if near else None)}")
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Reads the arguments before the command's name."""
        with _failures():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Reads the arguments of a command, runs it, and reports its failure."""
        with _failures():
            return super().invoke(ctx)


def _command_class(name: str) -> type[TyperCommand] | None:
    if name in TAKES_WORDS:
        return WordsCommand
    return BaselinesCommand if name in TAKES_BASELINES else None


@contextmanager
def _failures() -> Iterator[None]:
    """Reports the failure of a command in one line, and usage errors without characters that act on the terminal."""
    try:
        try:
            yield
        except _USAGE_ERROR as error:
            _refuse_option(error)
            from dreamerguard.util.text import plain

            error.message = "\n".join(plain(line) for line in error.message.split("\n"))
            raise
    except CommandFailed as failed:
        raise typer.Exit(report_failure(failed)) from failed


def _refuse_option(error: Any) -> None:
    """Fails with the nearest option if a usage error is about an option that does not exist."""
    typed, context = getattr(error, "option_name", None), error.ctx
    if type(error).__name__ != "NoSuchOption" or typed is None or context is None:
        return
    from dreamerguard.commands.shared.unknown_option import no_such_option

    names = [name for item in context.command.params for name in (*item.opts, *item.secondary_opts)]
    fail(no_such_option(typed, context.command.name if context.parent is not None else "", names))


app = typer.Typer(
    name="dreamerguard",
    cls=LazyGroup,
    help="Lint, train and regression-guard DreamerV3 runs.",
    no_args_is_help=True,
    **_PLAIN | {"add_completion": True},
)


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
