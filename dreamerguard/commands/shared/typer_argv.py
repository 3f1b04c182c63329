"""Typer commands whose arguments are configuration: they see every word as typed, also ``--`` and what follows."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperCommand

from .argv import split_words

_KEY = "dreamerguard.words"


class WordsCommand(TyperCommand):
    """Keeps the words as typed in the context. The parser drops ``--``, and with it which side a word was on.

    Unknown options are settings here (``--run.train_ratio 32``), so the parser lets them pass.
    """

    ignore_unknown_options = True
    allow_extra_args = True

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Remembers all words, and parses those in front of ``--``."""
        ctx.meta[_KEY] = tuple(args)
        own = args[: args.index("--")] if "--" in args else args
        return super().parse_args(ctx, list(own))


def typed_words(ctx: typer.Context) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """The words in front of ``--``, and those behind it; none when there is no ``--``."""
    words: tuple[str, ...] = ctx.meta[_KEY]
    return split_words(words)
