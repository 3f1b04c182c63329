"""Words of a command in a text for people that its reader replaces: ``--seed SEED``, ``--task [TASK]``, ``{name}``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from dreamerguard.sources.argv import UNKNOWN, Command, Word

#: Ends of the names of documents, where text stands between blocks of code.
DOCUMENTS = (".md", ".markdown", ".rst", ".txt")
#: ``{timestamp}`` is a field that programs fill in.
_BRACES = re.compile(r"\{(?!timestamp\})[A-Za-z_][\w -]{0,40}\}")
_OPTIONAL = re.compile(r"\[[A-Za-z][\w.-]*\]$")
#: A whole word behind an option.
_BRACKETS = re.compile(r"\[[A-Za-z][\w |/-]{0,60}\]")
_CAPITALS = re.compile(r"(?!(?:TRUE|FALSE|NONE|NULL|CPU|GPU|CUDA|TPU)$)[A-Z][A-Z_]{0,40}")
_OVERRIDE = re.compile(r"(?P<key>[+~]{0,2}[A-Za-z_][\w.@/-]*=)(?P<value>.+)", re.DOTALL)


def with_placeholders(commands: Iterable[Command]) -> list[Command]:
    """Returns commands of a document, with placeholders as unknown text."""
    return [replace(command, words=tuple(_words(command.words))) for command in commands]


def _words(words: tuple[Word, ...]) -> Iterator[Word]:
    behind_option = optional = False
    for word in words:
        beside = not behind_option and _OPTIONAL.match(word.text) is not None
        optional = optional or beside or word.text.startswith("[-")
        if optional:  # what the reader may leave out: ``--configs defaults [debug]``, ``[--seed N]``
            optional = not word.text.endswith("]")
            continue
        text = _BRACES.sub(UNKNOWN, word.text)
        if behind_option and (_BRACKETS.fullmatch(text) or _CAPITALS.fullmatch(text)):
            text = UNKNOWN
        override = _OVERRIDE.fullmatch(text)
        if override is not None and _CAPITALS.fullmatch(override["value"]):
            text = f"{override['key']}{UNKNOWN}"
        yield replace(word, text=text) if text != word.text else word
        behind_option = word.text.startswith("--") and "=" not in word.text
