"""Reads the commands of batch files of Windows: ``^`` at line ends, ``set``, ``%VARIABLES%``, ``for`` over literals."""

from __future__ import annotations

import re
from itertools import product

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import UNKNOWN, Command, Word

_COMMENT = re.compile(r"^[ \t]*@?(?:rem\b|::)[^\n]*", re.MULTILINE | re.IGNORECASE)
_SET = re.compile(
    r"\bset[ \t]+(?:\"(?P<quoted>\w+)=(?P<text>[^\"\n]*)\"|(?P<name>\w+)=(?P<value>[^\r\n&)]*))", re.IGNORECASE
)
_FOR = re.compile(
    r"\bfor[ \t]+(?P<option>/\w)?[ \t]*%%(?P<name>\w)[ \t]+in[ \t]*\((?P<values>[^()\n]*)\)", re.IGNORECASE
)
_TOKEN = re.compile(
    r'(?P<end>&&|\|\||[&|()\n])|(?P<blank>(?:[ \t\r]|\^\r?\n)+)|(?P<word>(?:"[^"\n]*"|\^[^\n]|[^\s&|()^"]|["^])+)'
)
_VARIABLE = re.compile(r"%(\w+)%|!(\w+)!|%%(\w)")
_ARGUMENT = re.compile(r"%~?\w*[\d*]")
_REDIRECTION = re.compile(r"\d?>>?(?:&\d)?|<")
_BEFORE = frozenset({"call", "start", "do", "else", "@"})
_MAX_COMMANDS = 64
_MAX_WORDS = 2_000
#: Largest number of commands of one file.
_MAX_FOUND = 3_000
Values = dict[str, list[str]]


def read_batch(source: Source) -> list[Command]:
    """Returns the commands of a batch file. A variable that is set to several values gives a command for each."""
    text = _COMMENT.sub(lambda match: " " * len(match[0]), source.text)
    values = _values(text)
    found: list[Command] = []
    words: list[re.Match[str]] = []
    for match in [*_TOKEN.finditer(text), None]:
        if match is not None and match["word"]:
            words.append(match)
        elif (match is None or match["end"]) and words:
            found += _commands(source, words, values) if len(words) < _MAX_WORDS else []
            words = []
            if len(found) > _MAX_FOUND:
                break
    return found


def is_batch(text: str) -> bool:
    """Returns whether a file with the suffix ``.cmd`` is a batch file; clusters use the suffix for shell scripts."""
    return not text.startswith("#") and ("%" in text or "@echo" in text.lower() or "\nset " in text.lower())


def _values(text: str) -> Values:
    found: Values = {}
    for match in _SET.finditer(text):
        name = (match["quoted"] or match["name"]).lower()
        value = match["text"] if match["quoted"] else match["value"].strip()
        found.setdefault(name, []).append(UNKNOWN if "%" in value or "!" in value else value)
    for match in _FOR.finditer(text):
        found.setdefault("%" + match["name"].lower(), []).extend(_listed(match))
    return {name: list(dict.fromkeys(values)) for name, values in found.items()}


def _listed(match: re.Match[str]) -> list[str]:
    parts = re.split(r"[\s,;]+", match["values"].strip())
    option = (match["option"] or "").lower()
    if option == "/l" and len(parts) == 3 and all(re.fullmatch(r"-?\d{1,6}", part) for part in parts):
        first, step, last = map(int, parts)
        values = range(first, last + (1 if step > 0 else -1), step) if step else range(0)
        return [str(value) for value in values] if len(values) <= _MAX_COMMANDS else [UNKNOWN]
    known = not option and not set(match["values"]) & set("*?%!\"'`")
    return parts if known and len(parts) <= _MAX_COMMANDS else [UNKNOWN]


def _commands(source: Source, matches: list[re.Match[str]], values: Values) -> list[Command]:
    launched = (at for at, match in enumerate(matches) if not _before(match[0]))
    matches = matches[next(launched, len(matches)) :]
    names = [one or two or "%" + three for match in matches for one, two, three in _VARIABLE.findall(match[0])]
    used = list(dict.fromkeys(name.lower() for name in names))
    options = [values.get(name, [UNKNOWN]) for name in used]
    count = 1
    for option in options:
        count *= len(option)
    if count > _MAX_COMMANDS:
        options = [[UNKNOWN] for _ in options]
    found = []
    for row in product(*options):
        words = _words(source, matches, dict(zip(used, row, strict=True)))
        found += [Command(source, tuple(words))] if words else []
    return found


def _before(text: str) -> bool:
    return text.lower().lstrip("@") in _BEFORE or text.startswith("/")


def _words(source: Source, matches: list[re.Match[str]], chosen: dict[str, str]) -> list[Word]:
    words: list[Word] = []
    skip = False
    for match in matches:
        if skip or _REDIRECTION.match(match[0]):
            skip = bool(_REDIRECTION.fullmatch(match[0])) and not skip and "&" not in match[0]
            continue
        text = _VARIABLE.sub(lambda item: chosen[(item[1] or item[2] or "%" + item[3]).lower()], match[0])
        text = _ARGUMENT.sub(UNKNOWN, text)
        parts = [text.replace('"', "")] if '"' in match[0] else text.split()
        span = source.span(match.start(), match.end())
        words += [Word(_path(part), span, len(words) + at) for at, part in enumerate(parts)]
    return words


def _path(text: str) -> str:
    return text.replace("\\", "/") if re.match(r"(?:\.|[A-Za-z]:)?[\w.\\ -]*\\", text) else text
