"""Typer commands that take configuration as arguments: they get every argument as typed, including ``--``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperCommand

from .errors import fail
from .key_help import write_keys
from .split_arguments import split_words

_KEY = "dreamerguard.words"


class WordsCommand(TyperCommand):
    """Stores the arguments as typed in the context, because the parser drops ``--``.

    Unknown options are settings here (``--run.train_ratio 32``), so the parser lets them pass.
    """

    ignore_unknown_options = True
    allow_extra_args = True

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Stores all arguments and parses those before ``--``."""
        ctx.meta[_KEY] = tuple(args)
        own = args[: args.index("--")] if "--" in args else args
        return super().parse_args(ctx, list(own))


class KeysCommand(WordsCommand):
    """A command that takes the settings of a run. Its help lists the keys."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Writes the keys below the options."""
        super().format_epilog(ctx, formatter)
        write_keys(formatter)


class BaselinesCommand(TyperCommand):
    """Takes all paths after ``--baseline`` up to the next option as baselines, as a shell expands ``old/*``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Repeats ``--baseline`` before every baseline. Ends the command if a side has no path."""
        valued = [name for item in self.params if not getattr(item, "is_flag", True) for name in item.opts]
        spread, others = spread_baselines(args, valued)
        form = f"`dreamerguard {ctx.info_name} CANDIDATE... --baseline BASELINE...`"
        if spread[-1:] == ["--baseline"]:
            fail(f"--baseline names no path: write {form}")
        if not others and "--baseline" in spread:
            fail(f"no candidate: all paths after --baseline up to the next option are baselines; write {form}")
        return super().parse_args(ctx, spread)


def spread_baselines(args: Sequence[str], valued: Sequence[str]) -> tuple[list[str], int]:
    """Returns the arguments with ``--baseline`` before every baseline, and the number of words on the other side.

    ``--`` ends the baselines. The arguments end with ``--baseline`` if an option or nothing follows it.

    Args:
      args: the arguments as typed.
      valued: names of the options that take one value.
    """
    out: list[str] = []
    others, baselines, taking, value, plain = 0, -1, False, False, False
    for word in args:
        if value or plain or not word.startswith("-"):
            out += ["--baseline", word] if taking else [word]
            others += not (taking or value)
            baselines += taking
            value = False
            continue
        if taking and not baselines:
            break
        taking, plain, value = word in ("--baseline", "-b"), word == "--", False
        baselines = 0
        value = not taking and word in valued
        out += [] if taking else [word]
    return ([*out, "--baseline"] if taking and not baselines else out), others


def typed_words(ctx: typer.Context) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """Returns the arguments before ``--`` and those after it; None for the latter without ``--``."""
    words: tuple[str, ...] = ctx.meta[_KEY]
    return split_words(words)
