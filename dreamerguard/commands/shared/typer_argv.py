"""Typer commands that take configuration as arguments: they get every argument as typed, including ``--``."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperCommand

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


def typed_words(ctx: typer.Context) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """Returns the arguments before ``--`` and those after it; None for the latter without ``--``."""
    words: tuple[str, ...] = ctx.meta[_KEY]
    return split_words(words)
