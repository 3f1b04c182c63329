"""Hides the channels in a command line that is stored or shown: a URL may hold a secret."""

from __future__ import annotations

from collections.abc import Sequence

OPTION = "--notify"
HIDDEN = "***"


def hide_channels(words: Sequence[str]) -> tuple[str, ...]:
    """Returns the words of a command with the values of ``--notify`` replaced, if the command is ours."""
    if not any("dreamerguard" in word for word in words):
        return tuple(words)
    shown = [f"{OPTION}={HIDDEN}" if word.startswith(f"{OPTION}=") else word for word in words]
    return tuple(HIDDEN if index and words[index - 1] == OPTION else word for index, word in enumerate(shown))
