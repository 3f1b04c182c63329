"""Reads the commands of a shell script with the positions of their words.

The script is followed along its branches: ``if``, ``case``, ``&&`` and ``||`` split the path where their condition is
open, so that a variable with two possible values gives two commands. A loop over literal words is followed for each
word, a function for each call, and an array job for each task; ``${name:-default}`` is the default if the script does
not set the name. All other values become `UNKNOWN` and are never guessed. Commands in quotes, as in
``bash -c "python train.py"``, in ``$(...)`` and in here-documents for a shell are read too. Nothing is run.
"""

from __future__ import annotations

from collections.abc import Mapping

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import Command

from .shell_limits import Shared
from .shell_paths import PathReader
from .shell_tokens import Mode
from .shell_values import Value
from .shell_variables import Variables


def read_shell(
    source: Source,
    start: int = 0,
    end: int | None = None,
    mode: Mode = "script",
    variables: Mapping[str, Value] | None = None,
) -> list[Command]:
    """Returns the commands of a script or of a part of it, in order, without duplicates.

    Args:
      source: the file.
      start, end: the range of its text that is shell text.
      mode: how ``$`` and ``<`` are read.
      variables: values known from elsewhere, such as those of a Makefile.
    """
    first = Variables(source, mode, variables or {})
    return PathReader(source, mode, Shared()).read(start, len(source.text) if end is None else end, first)
