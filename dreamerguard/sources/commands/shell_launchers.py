"""Reads the words of ``xargs`` and ``parallel``: the values that they fill into a command."""

from __future__ import annotations

import re
from itertools import product

from dreamerguard.sources.argv import UNKNOWN, Word

_PLACE = re.compile(r"\{(\d?)[./]{0,2}\}")
_REPLACED = re.compile(r"-I(.*)|--replace=(.+)")
#: Most commands that one line of ``parallel`` is expanded to.
_MAX_COMMANDS = 64


def filled_commands(words: list[Word]) -> list[list[Word]]:
    """Returns the commands that ``xargs`` or ``parallel`` start; other commands as they are."""
    name = words[0].text
    if name == "xargs":
        return [_unknown(words)]
    return _parallel(words) if name == "parallel" else [words]


def _unknown(words: list[Word]) -> list[Word]:
    """The arguments come from the input, so they are unknown."""
    mark = "{}"
    for word, following in zip(words, (*words[1:], None), strict=False):
        match = _REPLACED.fullmatch(word.text)
        if match is not None:
            mark = match[1] or match[2] or (following.text if following is not None else mark)
            break
    options = next(
        (at for at, word in enumerate(words) if at and not word.text.startswith("-") and word.text != mark), 1
    )
    rest = [Word(word.text.replace(mark, UNKNOWN), word.span, 0) for word in words[options:]]
    if any(mark in word.text for word in words[options:]):
        return [*words[:options], *rest]
    return [*words, Word(UNKNOWN, words[0].span, 0)]


def _parallel(words: list[Word]) -> list[list[Word]]:
    first = next((at for at, word in enumerate(words) if word.text.startswith((":::", "::::"))), len(words))
    lists: list[list[str]] = []
    for word in words[first:]:
        if word.text in (":::", "::::", ":::+", "::::+"):
            lists.append([])
            readable = word.text == ":::"
            if not readable:
                lists[-1].append(UNKNOWN)
        elif lists and lists[-1] != [UNKNOWN]:
            lists[-1].append(word.text)
    count = 1
    for values in lists:
        count *= len(values)
    if not lists or not count or count > _MAX_COMMANDS:
        lists = [[UNKNOWN]]
    return [_with(words[:first], list(values)) for values in product(*lists)]


def _with(words: list[Word], values: list[str]) -> list[Word]:
    def fill(match: re.Match[str]) -> str:
        if not match[1]:
            return " ".join(values)
        return values[int(match[1]) - 1] if 0 < int(match[1]) <= len(values) else UNKNOWN

    filled = [Word(_PLACE.sub(fill, word.text), word.span, 0) for word in words]
    if any(_PLACE.search(word.text) for word in words):
        return filled
    return [*filled, *(Word(value, words[0].span, 0) for value in values)]
