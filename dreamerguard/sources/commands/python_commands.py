"""Everything that a Python text starts or configures; a shell's texts inside it are read by the caller's reader."""

from __future__ import annotations

import re

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import Command
from dreamerguard.sources.python.python_files import parse

from .noted_lines import documents_commands
from .python_argv import given_words
from .python_configured import configured
from .python_places import Places
from .python_started import TextReader, started
from .python_sweeps import read_python_sweeps, sets_sweep
from .rllib import read_rllib

#: Texts without one of these neither start a program nor set a configuration.
_WORTH = re.compile(
    r"\b(subprocess|os\.system|os\.popen|os\.exec|Popen|shlex|sh\.python|DreamerV3Config)\b|\bconfigs\["
    r"|[\"']DreamerV3[\"']|@hydra\.main\("
    r"|\bsys\.argv\s*(?:\[\s*\d*\s*:[^]\n]*\]\s*)?\+?=(?!=)|\bsys\.argv\.(?:append|extend|insert)\b"
)
#: A call that gets a list of words, in a text with options.
_GETS_WORDS = re.compile(r"\b(?:main|train|run|parse(?:_known)?(?:_args)?)\(\s*(?:(?:argv|args)\s*=\s*)?[\[\w\"']")
_OPTION = re.compile(r"[\"'\s]--[A-Za-z][\w.]*[\"'\s=]")


def is_worth_reading(text: str) -> bool:
    """Returns whether a Python text may start a program or set a configuration."""
    if _WORTH.search(text) is not None or sets_sweep(text) or documents_commands(text):
        return True
    return _GETS_WORDS.search(text) is not None and _OPTION.search(text) is not None


def python_commands(source: Source, read_text: TextReader) -> list[Command]:
    """Returns the commands that a Python text starts, and the configurations that it sets, in its order."""
    tree = parse(source.text) if is_worth_reading(source.text) else None
    if tree is None:
        return []
    places = Places(source)
    return [
        *started(tree, places, read_text),
        *configured(tree, places),
        *given_words(tree, places),
        *read_rllib(tree, places),
        *read_python_sweeps(tree, places),
    ]
