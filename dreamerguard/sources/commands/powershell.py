"""Reads the commands of PowerShell scripts: backticks, ``$variables``, arrays, ``foreach`` over literal values."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import UNKNOWN, Command, Word

_COMMENT = re.compile(r"<#.*?(?:#>|\Z)|(?<![^\s;{}(])#[^\n]*", re.DOTALL)
_TOKEN = re.compile(
    r"(?P<end>[;|{}\n]|&&|\|\|)|(?P<blank>(?:[ \t\r]|`\r?\n)+)|"
    r"(?P<word>(?:\"(?:`.|[^\"`])*\"|'[^']*'|`[^\n]|\$\{\w+\}|@?\([^()\n]*\)|[^\s;|{}\"'`]|[\"'`])+)",
    re.DOTALL,
)
_ASSIGNMENT = re.compile(
    r"^[ \t]*(?:\[[\w.\[\]]+\])?\$(?:env:|global:|script:)?(?P<name>\w+)[ \t]*(?P<sign>\+?=)[ \t]*(?P<value>[^\n;]*)",
    re.MULTILINE | re.IGNORECASE,
)
_PARAMETER = re.compile(r"\$(\w+)[ \t]*=[ \t]*(\"[^\"\n]*\"|'[^'\n]*'|[\w.+-]+)")
_PARAMETERS = re.compile(r"\bparam[ \t\r\n]*\((?P<body>(?:[^()]|\([^()]*\)){0,4000})\)", re.IGNORECASE)
_FOREACH = re.compile(r"\bforeach[ \t]*\([ \t]*\$(\w+)[ \t]+in[ \t]+((?:[^()\n]|\([^()\n]*\))*)\)", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{?(?:env:|global:|script:)?(\w+)\}?", re.IGNORECASE)
_RANGE = re.compile(r"(-?\d{1,6})\.\.(-?\d{1,6})")
_REDIRECTION = re.compile(r"[\d*]?>>?(?:&\d)?")
_PLAIN = re.compile(r"[\w.+-]+")
_MAX_VALUES = 50
#: Largest number of commands of one script.
_MAX_COMMANDS = 3_000
Values = dict[str, list[str]]


def read_powershell(source: Source) -> list[Command]:
    """Returns the commands of a script. A variable with several values gives a command for each of them."""
    text = _COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), source.text)
    choices, lists = _variables(text)
    found: list[Command] = []
    for words in _commands(text):
        found += _expanded(source, words, choices, lists)
        if len(found) > _MAX_COMMANDS:
            break
    return found


def _variables(text: str) -> tuple[Values, Values]:
    """Returns the values that each variable may have, and the items of arrays."""
    choices: Values = {}
    lists: Values = {}
    for block in _PARAMETERS.finditer(text):
        for name, value in _PARAMETER.findall(block["body"]):
            choices.setdefault(name.lower(), []).extend(_literal(value) or [UNKNOWN])
    for match in _ASSIGNMENT.finditer(text):
        name, value = match["name"].lower(), match["value"].strip()
        items = _literal(value)
        if match["sign"] == "+=" or items is None:
            choices[name] = [UNKNOWN]
        elif value.startswith("@(") or len(items) > 1:
            lists[name] = items if name not in lists else [UNKNOWN]
        else:
            choices.setdefault(name, []).extend(items)
    for match in _FOREACH.finditer(text):
        value = match[2].strip()
        named = _VARIABLE.fullmatch(value)
        items = lists.get(named[1].lower()) if named else _literal(value)
        choices.setdefault(match[1].lower(), []).extend(items or [UNKNOWN])
    return {name: _distinct(values) for name, values in choices.items()}, lists


def _distinct(values: list[str]) -> list[str]:
    unique = list(dict.fromkeys(values))
    return unique if len(unique) <= _MAX_VALUES else [UNKNOWN]


def _literal(text: str) -> list[str] | None:
    """Returns the literal values of an expression; None if there are others."""
    inner = text[2:-1] if text.startswith("@(") and text.endswith(")") else text
    if (match := _RANGE.fullmatch(inner.strip())) is not None:
        first, last = int(match[1]), int(match[2])
        return [str(value) for value in range(first, last + 1)] if 0 <= last - first < _MAX_VALUES else None
    found: list[str] = []
    for part in inner.split(","):
        item = part.strip()
        if len(item) > 1 and item[0] == item[-1] and item[0] in "\"'" and "$" not in item and "`" not in item:
            found.append(item[1:-1])
        elif _PLAIN.fullmatch(item):
            found.append(item)
        else:
            return None
    return found if len(found) <= _MAX_VALUES else None


def _commands(text: str) -> Iterator[list[re.Match[str]]]:
    words: list[re.Match[str]] = []
    for match in _TOKEN.finditer(text):
        if match["word"]:
            words.append(match)
        elif match["end"] and words:
            yield words
            words = []
    if words:
        yield words


def _expanded(source: Source, matches: list[re.Match[str]], choices: Values, lists: Values) -> Iterator[Command]:
    if matches[0][0] in ("&", ".", "Start-Process") and len(matches) > 1:
        matches = matches[1:]
    if matches[0][0].startswith("$") and len(matches) > 1 and matches[1][0].startswith(("=", "+=")):
        return
    names = {name.lower() for match in matches for name in _VARIABLE.findall(match[0]) if not match[0].startswith("'")}
    varied = [name for name in sorted(names) if len(choices.get(name, ())) > 1][:2]
    for values in _products([choices[name] for name in varied]):
        chosen = dict(zip(varied, values, strict=True))
        words: list[Word] = []
        skip = False
        for match in matches:
            if skip or _REDIRECTION.match(match[0]):
                skip = bool(_REDIRECTION.fullmatch(match[0])) and not skip and not match[0].endswith("1")
                continue
            for part in _words(match[0], chosen, choices, lists):
                words.append(Word(part, source.span(match.start(), match.end()), len(words)))
        if words:
            yield Command(source, tuple(words))


def _products(values: list[list[str]]) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for options in values:
        found = [[*row, option] for row in found for option in options][:_MAX_VALUES]
    return found


def _words(text: str, chosen: dict[str, str], choices: Values, lists: Values) -> list[str]:
    if (match := re.fullmatch(r"[@$](\w+)", text)) is not None:
        name = match[1].lower()
        if name in lists and name not in chosen:
            return lists[name]
        if text[0] == "@" or name == "args":
            return [UNKNOWN]
    if text.startswith("'") and text.endswith("'") and len(text) > 1:
        return [text[1:-1]]
    if "(" in text and "$" in text:
        return [UNKNOWN]

    def fill(match: re.Match[str]) -> str:
        name = match[1].lower()
        known = choices.get(name, [])
        return chosen[name] if name in chosen else known[0] if len(known) == 1 else UNKNOWN

    bare = text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text.replace('"', "")
    filled = _VARIABLE.sub(fill, bare)
    return [filled.replace("\\", "/") if re.match(r"(?:\.|[A-Za-z]:)?[\w.\\ -]*\\", filled) else filled]
