"""Holds the variables of a shell script and expands words with them."""

from __future__ import annotations

import re

from dreamerguard.core.source import Source, Span
from dreamerguard.sources.argv import UNKNOWN, Word

from .shell_arithmetic import evaluate
from .shell_lists import listed_words
from .shell_statements import target_of
from .shell_tokens import Mode, Piece, Token
from .shell_words import Lexer

#: Value of a variable: text, the items of an array, or None if unknown. Items and text may hold `UNKNOWN`.
Value = str | tuple[str, ...] | None

#: Longest value that is kept; a longer one is unknown.
_MAX_VALUE = 20_000
_MAX_ITEMS = 500
_MAX_DEPTH = 4
#: Most characters that are expanded in one script; beyond it words are unknown.
_MAX_EXPANDED = 2_000_000
_DEFAULT = re.compile(r"(\w+|[@*])(:?)[-=](.*)", re.ASCII | re.DOTALL)
_COUNT = re.compile(r"\$\{#([A-Za-z_]\w*)\[@\]\}", re.ASCII)
_INDEXED = re.compile(r"\b([A-Za-z_]\w*)\[[^\]\n]{0,200}\]\+?=", re.ASCII)
_TILDE = re.compile(r"([A-Za-z_]\w*=)~[\w.-]*(?=/|$)", re.ASCII)


class Variables:
    """The variables and arguments of a script.

    Attributes:
      values: name -> value; a name that the script did not set so far is absent.
      arguments: ``$1`` and the following; None if unknown.
      indexed: names of arrays with items that the script sets one at a time; None before they were looked up.
      reassigned: names that another command may set, so that they are never known.
    """

    def __init__(self, source: Source, mode: Mode, values: dict[str, Value]) -> None:
        self.source = source
        self.mode = mode
        self.values = values
        self.arguments: tuple[str, ...] | None = None
        self.reassigned: set[str] = set()
        self.indexed: frozenset[str] | None = None
        self.left = _MAX_EXPANDED
        first = source.text[:80].split("\n", 1)[0]
        self.zsh = first.startswith("#!") and "zsh" in first
        self.bash = mode != "make" and (not first.startswith("#!") or "bash" in first)

    def assign(self, token: Token, conditional: bool) -> None:
        """Sets the variable of an assignment."""
        name, added = target_of(token) or ("", "")
        if token.items is not None:
            items = tuple(word.text for item in token.items for word in self.expand(item))
            value: Value = (*self._items(name), *items) if added else items
            if conditional and added:
                value = (*self._items(name), UNKNOWN)
        else:
            text = self._text(token).split("=", 1)[1]
            value = self._longer(name, text, conditional) if added else text
        known = name not in self.reassigned and len(value or ()) <= (
            _MAX_VALUE if isinstance(value, str) else _MAX_ITEMS
        )
        self.values[name] = value if known else None

    def _items(self, name: str) -> tuple[str, ...]:
        value = self.values.get(name, ())
        return value if isinstance(value, tuple) else (UNKNOWN if value is None else value,)

    def _longer(self, name: str, text: str, conditional: bool) -> Value:
        before = self.values.get(name, UNKNOWN)
        if not isinstance(before, str) or (conditional and not text.startswith((" ", "\t"))):
            return None
        return f"{before} {UNKNOWN}" if conditional else before + text

    def expand(self, token: Token) -> list[Word]:
        """Expands one token to the words that a shell makes of it: none, one, or several."""
        span = self.source.span(token.start, token.end)
        if self.left < 0 and token.plain is None:
            return [Word(UNKNOWN, span, 0)]
        words = self._expand(token, span)
        self.left -= 0 if token.plain is not None else sum(len(word.text) + 1 for word in words)
        return words

    def _expand(self, token: Token, span: Span) -> list[Word]:
        if len(token.pieces) == 1:
            listed = listed_words(span.text) if token.pieces[0].kind == "unknown" and self.mode != "make" else None
            if listed is not None:
                return [Word(part, span, 0) for part in listed]
            parts = self._alone(token.pieces[0])
            if parts is not None:
                return [Word(part, span, 0) for part in parts]
        text = self._text(token)
        while UNKNOWN * 2 in text:
            text = text.replace(UNKNOWN * 2, UNKNOWN)
        if self.bash and token.pieces and not token.pieces[0].quoted and token.pieces[0].kind == "text":
            text = _TILDE.sub(rf"\1{UNKNOWN}", text, count=1) if _TILDE.match(token.pieces[0].text) else text
        return [Word(text, span, 0)]

    def _alone(self, piece: Piece) -> list[str] | None:
        """Returns the words of a piece that is a whole word; None if it is always one word."""
        if piece.kind == "arguments":
            return list(self.arguments) if self.arguments is not None else [UNKNOWN]
        if piece.kind == "array":
            value = self.values.get(piece.text)
            return list(value) if isinstance(value, tuple) else None
        if piece.kind in ("variable", "default", "item") and not piece.quoted:
            return self._piece(piece).split()
        if self.mode == "docs" and piece.text in ("...", "\u2026", "[...]") and not piece.quoted:
            return [UNKNOWN]
        return None

    def _text(self, token: Token) -> str:
        return "".join(self._piece(piece) for piece in token.pieces)

    def _piece(self, piece: Piece, depth: int = 0) -> str:
        if piece.kind == "text":
            return piece.text
        if piece.kind == "variable":
            value = self._value(piece.text)
            return value if isinstance(value, str) else UNKNOWN
        if piece.kind in ("item", "count", "sum"):
            return self._computed(piece)
        return self._default(piece.text, depth) if piece.kind == "default" else UNKNOWN

    def _computed(self, piece: Piece) -> str:
        """Returns an item of an array, its number of items, or the result of an expression."""
        if piece.kind == "item":
            name, _, index = piece.text[:-1].partition("[")
            items, number = self._known_items(name), self._number(index)
            if items is None or number is None or not -len(items) <= number:
                return UNKNOWN
            return items[number] if number < len(items) else ""
        if piece.kind == "count":
            items = self._known_items(piece.text)
            return UNKNOWN if items is None else str(len(items))
        result = self._number(piece.text)
        return UNKNOWN if result is None else str(result)

    def _known_items(self, name: str) -> tuple[str, ...] | None:
        """Returns the items of an array; None unless every item is known to be one word of a bash array."""
        value = self.values.get(name)
        if not isinstance(value, tuple) or self.zsh or any(UNKNOWN in item or item[:1] == "[" for item in value):
            return None
        if self.indexed is None:
            self.indexed = frozenset(_INDEXED.findall(self.source.text))
        return None if name in self.indexed else value

    def _number(self, text: str) -> int | None:
        """Returns the value of an arithmetic expression; None if unknown."""
        for count in set(_COUNT.findall(text)):
            items = self._known_items(count)
            text = text.replace(f"${{#{count}[@]}}", UNKNOWN if items is None else str(len(items)))
        return evaluate(text.replace("$((", "(("), self._digits)

    def _digits(self, name: str) -> str | None:
        value = self._value(name)
        return value if isinstance(value, str) and UNKNOWN not in value else None

    def _value(self, name: str) -> Value:
        if name.isdigit():
            known = self.arguments
            return None if known is None or name == "0" else known[int(name) - 1] if int(name) <= len(known) else ""
        return self.values.get(name)

    def _default(self, text: str, depth: int) -> str:
        match = _DEFAULT.fullmatch(text)
        if match is None or depth >= _MAX_DEPTH:
            return UNKNOWN
        name, colon, default = match[1], match[2], match[3]
        if name in "@*":
            return UNKNOWN
        if name.isdigit():
            given = self.arguments is not None and int(name) <= len(self.arguments)
        else:
            given = name in self.values or name in self.reassigned
        value = self._value(name) if given else None
        if given and (value != "" or not colon):
            return value if isinstance(value, str) else UNKNOWN
        if len(default) > _MAX_VALUE:
            return UNKNOWN
        tokens = Lexer(f'"{default}"' if '"' not in default else default).tokens()
        return "".join(self._piece(piece, depth + 1) for piece in tokens[0].pieces) if len(tokens) == 1 else UNKNOWN
