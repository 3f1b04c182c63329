"""Expands the pieces of words: variables, parameters, defaults, arithmetic and the output of simple commands."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import UNKNOWN

from .shell_parameters import (
    Alternative,
    alternative,
    element_of,
    joined_words,
    number_of,
    parameter_text,
    rest_of,
    sequence,
)
from .shell_tokens import Piece, Token
from .shell_values import Value
from .shell_words import Lexer

#: Longest value that is kept; a longer one is unknown.
MAX_VALUE = 20_000
#: Most words that ``seq`` and braces are expanded to.
MAX_WORDS = 200
#: Deepest nesting of expansions.
MAX_DEPTH = 4
#: ``${name:-text}`` without its braces.
DEFAULT = re.compile(r"(\w+|[@*])(:?)([-=])(.*)", re.ASCII | re.DOTALL)
_ECHO = re.compile(r"\s*echo\s+([^|;&<>()`\\]*)")


class PieceReader:
    """The values that pieces of words stand for.

    Attributes:
      values: name -> value; a name that the script did not set so far is absent.
      arguments: ``$1`` and the following; None if unknown.
      defaults: names with a value that the caller can replace: ``${X:-default}``.
      outputs: text between the brackets of ``$(...)`` -> parts of what it prints, for functions.
    """

    def __init__(self, source: Source, values: Mapping[str, Value]) -> None:
        self.source = source
        self.values = dict(values)
        self.arguments: tuple[str, ...] | None = None
        self.defaults: set[str] = set()
        self.outputs: Mapping[str, tuple[str, ...]] = {}
        first = source.text[:80].split("\n", 1)[0]
        self.zsh = first.startswith("#!") and "zsh" in first

    def text(self, token: Token) -> str:
        """Returns the text of a token as one word."""
        return "".join(self.piece_text(piece) for piece in token.pieces)

    def piece_text(self, piece: Piece, depth: int = 0) -> str:
        """Returns the text of a piece; `UNKNOWN` where it is not known."""
        if piece.kind == "text":
            return piece.text
        if piece.kind == "variable":
            value = self.value(piece.text)
            return value if isinstance(value, str) else UNKNOWN
        if piece.kind == "default":
            return self._default(piece.text, depth)
        if piece.kind == "parameter":
            return self._parameter(piece.text)
        if piece.kind == "command":
            return self._command(piece.text, depth)
        if piece.kind == "arithmetic":
            number = self.number(piece.text)
            return UNKNOWN if number is None else str(number)
        return joined_words(self.arguments) if piece.kind == "arguments" else UNKNOWN

    def value(self, name: str) -> Value:
        """Returns the value of a variable or an argument."""
        if name.isdigit():
            known = self.arguments
            return None if known is None or name == "0" else known[int(name) - 1] if int(name) <= len(known) else ""
        value = self.values.get(name)
        return value[0] if isinstance(value, tuple) and value and not value[0].startswith("[") else value

    def number(self, text: str) -> int | None:
        """Returns the value of an arithmetic expression; None if unknown."""
        return number_of(text, self.values, self.value)

    def _parameter(self, text: str) -> str:
        if self.zsh and "[" in text:  # it counts the items of arrays from 1
            return UNKNOWN
        if (rest := rest_of(text, self.arguments)) is not None:
            return joined_words(rest)
        if (other := alternative(text)) is not None and not other.array:
            return self._alternative(other)
        found = element_of(text, self.values, self.value, lambda inner: self._lexed(inner, 1))
        return found if found is not None else parameter_text(text, self.value) or UNKNOWN

    def _alternative(self, found: Alternative) -> str:
        """Returns the text of ``${name:+text}``, which stands where the variable has a value."""
        value = self.value(found.name) if found.name.isdigit() or found.name in self.values else ""
        if not isinstance(value, str) or UNKNOWN in value:
            return UNKNOWN
        return self._lexed(found.text, 1) if value else ""

    def _command(self, text: str, depth: int) -> str:
        """The output of a function, of ``$(seq 3)`` and of ``$(echo text)``."""
        if text in self.outputs:
            return "".join(self.outputs[text]).rstrip("\n")
        if depth >= MAX_DEPTH:
            return UNKNOWN
        listed = sequence(text, lambda part: self._lexed(part, depth), MAX_WORDS)
        if listed is not None:
            return listed
        match = _ECHO.fullmatch(text)
        return self._lexed(match[1], depth) if match is not None else UNKNOWN

    def _default(self, text: str, depth: int) -> str:
        match = DEFAULT.fullmatch(text)
        if match is None or depth >= MAX_DEPTH:
            return UNKNOWN
        name, colon, default = match[1], match[2], match[4]
        if name in "@*":
            return UNKNOWN
        if name.isdigit():
            given = self.arguments is not None and int(name) <= len(self.arguments)
        else:
            given = name in self.values
        value = self.value(name) if given else None
        if given and (value != "" or not colon):
            return value if isinstance(value, str) else UNKNOWN
        found = self._lexed(default, depth) if len(default) <= MAX_VALUE else UNKNOWN
        if match[3] == "=" and not name.isdigit():
            self.values[name] = found
            self.defaults.add(name)
        return found

    def _lexed(self, text: str, depth: int) -> str:
        """Expands text that stands inside braces or brackets."""
        tokens = Lexer(f'"{text}"' if '"' not in text else text).tokens()
        if not all(token.kind == "word" for token in tokens):
            return UNKNOWN
        return " ".join("".join(self.piece_text(piece, depth + 1) for piece in token.pieces) for token in tokens)
