"""Everything that a Python text starts or configures; a shell's texts inside it are read by the caller's reader."""

from __future__ import annotations

import re

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import Command
from dreamerguard.sources.python.python_files import parse

from .python_configured import configured
from .python_places import Places
from .python_started import TextReader, started
from .python_sweeps import read_python_sweeps, sets_sweep
from .rllib import read_rllib

#: Texts without one of these neither start a program nor set a configuration.
_WORTH = re.compile(
    r"\b(subprocess|os\.system|os\.popen|os\.exec|Popen|shlex|sh\.python|DreamerV3Config)\b|\bconfigs\["
    r"|[\"']DreamerV3[\"']"
)


def is_worth_reading(text: str) -> bool:
    """Returns whether a Python text may start a program or set a configuration."""
    return _WORTH.search(text) is not None or sets_sweep(text)


def python_commands(source: Source, read_text: TextReader) -> list[Command]:
    """Returns the commands that a Python text starts, and the configurations that it sets, in its order."""
    tree = parse(source.text) if is_worth_reading(source.text) else None
    if tree is None:
        return []
    places = Places(source)
    return [
        *started(tree, places, read_text),
        *configured(tree, places),
        *read_rllib(tree, places),
        *read_python_sweeps(tree, places),
    ]
