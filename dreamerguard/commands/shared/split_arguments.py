"""Splits the arguments of a command at ``--``."""

from __future__ import annotations

from collections.abc import Sequence


def split_words(words: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """Returns the arguments before ``--`` and those after it; None for the latter without ``--``."""
    if "--" not in words:
        return tuple(words), None
    split = list(words).index("--")
    return tuple(words[:split]), tuple(words[split + 1 :])
