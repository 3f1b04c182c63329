"""The script of a command that starts a shell script: ``bash run.sh 1``, ``./run.sh``."""

from __future__ import annotations

from dreamerguard.sources.argv import Command

from .launch import Launch

_SHELLS = frozenset({"sh", "bash", "zsh", "source", "."})


def read_shell_launch(command: Command) -> Launch | None:
    """Returns the shell script that a command starts, with its arguments; None for other commands."""
    words = [word for word in command.words if "=" not in word.text]
    if len(words) > 1 and words[0].text in _SHELLS:
        words = words[1:]
    elif not words or not words[0].text.startswith("./"):
        return None
    return Launch(words[0].text, words[0], tuple(words[1:])) if words[0].text.endswith(".sh") else None
