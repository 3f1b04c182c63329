"""Commands whose arguments are configuration: they see every word as typed, also ``--`` and what stands behind it."""

from __future__ import annotations

from collections.abc import Sequence


def split_words(words: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """The words in front of ``--``, and those behind it; none when there is no ``--``."""
    if "--" not in words:
        return tuple(words), None
    split = list(words).index("--")
    return tuple(words[:split]), tuple(words[split + 1 :])
