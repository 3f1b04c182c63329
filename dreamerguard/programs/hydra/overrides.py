"""Reads arguments of a command with hydra's override grammar.

``key=value`` changes an existing key, ``+key=value`` adds a key, ``++key=value`` does either, ``~key`` deletes. A value
is a scalar, a list or a mapping; several values make a sweep. See hydra 1.3, ``OverrideParser.g4``.
"""

from __future__ import annotations

import re
from typing import Literal

from dreamerguard.core.source import Plain, Span, Value
from dreamerguard.sources.argv import UNKNOWN, Word
from dreamerguard.util.fast_dataclass import dataclass

from .scalars import word_scalar

Kind = Literal["set", "add", "force", "delete"]

_OVERRIDE = re.compile(
    r"(?P<sign>\+\+|\+|~)?(?P<key>[A-Za-z_$][\w$/.-]*)(?:@(?P<package>[\w$.-]*))?(?P<equals>=(?P<value>.*))?", re.DOTALL
)
_SIGNS: dict[str | None, Kind] = {None: "set", "+": "add", "++": "force", "~": "delete"}
#: Expressions that a shell would replace, in a command that no shell has read.
_SHELL = re.compile(r"\$(?:[A-Za-z_]\w*|\{[A-Z][A-Z0-9_]*\}|\(.*\))|`[^`]*`", re.DOTALL)
FUNCTION = re.compile(r"[A-Za-z_][\w-]*\s*\(")
ARGUMENT_NAME = re.compile(r"[A-Za-z_][\w-]*\s*=\s*")
_SWEEPS = ("choice", "range", "interval", "glob", "sort", "shuffle", "tag")
_CASTS = ("int", "float", "str", "bool")
_FUNCTIONS = (*_SWEEPS, *_CASTS)  # hydra 1.3 has no other, such as json_str
_PLAIN_CHARACTERS = re.compile(r"(?:\$\{[^}]+\}|\\[()\[\]{}:=, \t\\]|[A-Za-z0-9_ \t/\\+.$%*@?|:-])+", re.ASCII)
_ESCAPED = re.compile(r"\\([()\[\]{}:=, \t\\])")


class Malformed(ValueError):
    """Hydra's grammar does not allow the value."""


class Opaque:
    """Marker for a value that is not a plain value or a flat list: a nested list, a mapping, a function call."""


OPAQUE = Opaque()
Parsed = Value | Opaque


@dataclass(frozen=True, slots=True)
class HydraOverride:
    """One override.

    Attributes:
      kind: operation of its sign.
      key: dotted key, or group with slashes, without sign and package.
      package: package after ``@``; None without one.
      text: characters of the value; None for ``~key``.
      value: the value; `OPAQUE` if it is not plain; None, with `UNKNOWN` in ``text``, if it is not known.
      sweep: whether it has several values.
      members: keys and values of a mapping.
      word: the argument itself.
    """

    kind: Kind
    key: str
    package: str | None
    text: str | None
    value: Parsed
    sweep: bool
    word: Word
    members: tuple[tuple[str, Parsed], ...] | None = None

    @property
    def span(self) -> Span:
        """Place of the whole argument."""
        return self.word.span

    @property
    def unknown(self) -> bool:
        """Whether the value is only known when the shell runs."""
        return self.text is not None and UNKNOWN in self.text

    @property
    def element(self) -> str:
        """Group and package in the notation of the defaults list."""
        return self.key if self.package is None else f"{self.key}@{self.package}"

    @property
    def key_span(self) -> Span | None:
        """Place of the key's characters."""
        start = self.word.text.index(self.key)
        return self.word.part(start, start + len(self.key))

    @property
    def value_span(self) -> Span | None:
        """Place of the value's characters."""
        if self.text is None or not self.word.text.endswith(self.text):
            return None
        return self.word.part(len(self.word.text) - len(self.text))


def read_override(word: Word) -> HydraOverride | None:
    """Reads an argument as an override; returns None for options and other arguments.

    Raises:
      Malformed: hydra would refuse the value.
    """
    match = _OVERRIDE.fullmatch(word.text)
    if match is None or (match["equals"] is None and match["sign"] != "~"):
        return None
    if match["sign"] is None and word.text.startswith("-"):
        return None
    kind, text = _SIGNS[match["sign"]], match["value"]
    if text is not None and ("$" in text or "`" in text):
        text = _SHELL.sub(UNKNOWN, text)
    value: Parsed = None
    members, sweep = None, False
    if text is not None and UNKNOWN not in text:
        value, members, sweep = _read(text)
    return HydraOverride(kind, match["key"], match["package"], text, value, sweep, word, members)


def _read(text: str) -> tuple[Parsed, tuple[tuple[str, Parsed], ...] | None, bool]:
    if text.strip() == "":
        return "", None, False
    reader = ValueReader(text.lstrip(" \t"))
    values = [reader.element()]
    while reader.take(","):
        values.append(reader.element())
    reader.finish()
    return values[0], reader.members if len(values) == 1 else None, len(values) > 1 or reader.sweeps


class ValueReader:
    """Parses one value by recursive descent. The depth is limited, because the grammar is nested."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.sweeps = False
        self.members: tuple[tuple[str, Parsed], ...] | None = None

    def take(self, char: str) -> bool:
        """Consumes a character if it is the next one after blanks. Returns whether it was."""
        self.skip_blanks()
        found = self.text.startswith(char, self.at)
        self.at += found
        return found

    def finish(self) -> None:
        """Checks that no characters are left."""
        self.skip_blanks()
        if self.at < len(self.text):
            raise Malformed(f"{self.text[self.at]!r} is not allowed here; quote the value")

    def element(self) -> Parsed:
        """Reads a scalar, list, mapping or function call."""
        self.skip_blanks()
        self.depth += 1
        if self.depth > 20:
            raise Malformed("nested too deeply")
        try:
            if self.take("["):
                return self._list()
            if self.take("{"):
                return self._mapping()
            if self.text.startswith(("'", '"'), self.at):
                return self._quoted()
            call = FUNCTION.match(self.text, self.at)
            return self._call(call) if call else self._primitive()
        finally:
            self.depth -= 1

    def skip_blanks(self) -> None:
        """Consumes blanks."""
        while self.at < len(self.text) and self.text[self.at] in " \t":
            self.at += 1

    def _list(self) -> Parsed:
        items: list[Parsed] = []
        while not self.take("]"):
            if items and not self.take(","):
                raise Malformed("a list needs a comma between its items and ends with ]")
            items.append(self.element())
        plain = tuple(item for item in items if not isinstance(item, Opaque | tuple))
        return plain if len(plain) == len(items) else OPAQUE

    def _mapping(self) -> Parsed:
        members: list[tuple[str, Parsed]] = []
        while not self.take("}"):
            if members and not self.take(","):
                raise Malformed("a mapping needs a comma between its items and ends with }")
            colon = self.text.find(":", self.at)
            key = self.text[self.at : colon].strip() if colon >= 0 else ""
            if not key or not re.fullmatch(r"[\w./+$%*@?| \\-]+", key, re.ASCII):
                raise Malformed("a mapping is written {key: value}")
            self.at = colon + 1
            members.append((key, self.element()))
        if self.depth == 1:
            self.members = tuple(members)
        return OPAQUE

    def _call(self, call: re.Match[str]) -> Parsed:
        name = call[0].rstrip("( \t")
        if name not in _FUNCTIONS:
            raise Malformed(f"there is no function {name}; quote the value")
        self.sweeps |= name in _SWEEPS
        self.at = call.end()
        arguments = 0
        while not self.take(")"):
            if arguments and not self.take(","):
                raise Malformed(f"{name}(...) is not closed")
            arguments += 1
            self.skip_blanks()
            argument = ARGUMENT_NAME.match(self.text, self.at)
            self.at = argument.end() if argument else self.at
            self.element()
        self.sweeps |= name in _CASTS and arguments > 1
        return OPAQUE

    def _quoted(self) -> Parsed:
        quote = self.text[self.at]
        at = self.at + 1
        while at < len(self.text) and self.text[at] != quote:
            at += 2 if self.text[at] == "\\" else 1
        if at >= len(self.text):
            raise Malformed("the quotation mark is not closed")
        inner = self.text[self.at + 1 : at]
        self.at = at + 1
        return inner.replace(f"\\{quote}", quote)

    def _primitive(self) -> Plain:
        match = _PLAIN_CHARACTERS.match(self.text, self.at)
        raw = match[0] if match else ""
        text = _trimmed(raw)
        if not text:
            shown = self.text[self.at : self.at + 1]
            raise Malformed(f"{shown!r} is not allowed here; quote the value" if shown else "a value is missing")
        self.at += len(match[0]) if match else 0
        return word_scalar(text) if "\\" not in text else _ESCAPED.sub(r"\1", text)


def _trimmed(raw: str) -> str:
    """Removes the blanks around a text, except one blank after a backslash and all blanks after a colon.

    Hydra's lexer reads the blanks after a colon as part of the colon, unless a backslash escapes the colon.
    """
    text = raw.strip(" \t")
    behind = raw[raw.index(text) + len(text) :]
    colon = text.endswith(":")
    before = text[:-1] if colon else text
    escaped = (len(before) - len(before.rstrip("\\"))) % 2 == 1
    if colon:
        return text if escaped else text + behind
    return text + behind[:1] if escaped else text
