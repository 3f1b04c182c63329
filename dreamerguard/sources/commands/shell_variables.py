"""Holds the variables of a shell script in one possible state, and expands words with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from dreamerguard.core.source import Source, Span
from dreamerguard.sources.argv import UNKNOWN, Word

from .shell_parameters import alternative, braced_words, rest_of, slice_of
from .shell_pieces import DEFAULT, MAX_DEPTH, MAX_VALUE, MAX_WORDS, PieceReader
from .shell_statements import target_of
from .shell_tokens import Mode, Piece, Token
from .shell_values import ConditionOutcome, PlacedText, Value, places_of

_MAX_ITEMS = 500
#: Most characters that are expanded in one script; beyond it words are unknown.
_MAX_EXPANDED = 2_000_000
_TILDE = re.compile(r"([A-Za-z_]\w*=)~[\w.-]*(?=/|$)", re.ASCII)


class Variables(PieceReader):
    """The variables and arguments of a script on one path through it.

    Attributes:
      asked: whether the path is taken only if the caller gives something.
      status: whether the last command succeeded; None if unknown.
      outcome: what the last command says if it was a condition.
      passed: variables of the environment that a started program gets.
      jump: what ended the path: break, continue, return or exit; empty while it goes on.
      printed: parts of what the path prints where that is captured: ``$(...)``; None where it is not.
    """

    def __init__(self, source: Source, mode: Mode, values: Mapping[str, Value]) -> None:
        super().__init__(source, values)
        self.mode = mode
        self.asked = False
        self.status: bool | None = None
        self.outcome: ConditionOutcome | None = None
        self.jump = ""
        self.passed: dict[str, Value] = {}
        self.printed: tuple[str, ...] | None = None
        self.budget = [_MAX_EXPANDED]
        first = source.text[:80].split("\n", 1)[0]
        self.bash = mode != "make" and (not first.startswith("#!") or "bash" in first)

    def copy(self, status: bool | None = None) -> Variables:
        """Returns a second state with equal values, which changes on its own."""
        other = Variables.__new__(Variables)
        other.__dict__.update(self.__dict__)
        other.values, other.defaults, other.status = dict(self.values), set(self.defaults), status
        return other

    def with_value(self, name: str, value: Value) -> Variables:
        """Returns a second state in which a variable has a value, which the programs that it starts get too."""
        other = self.copy(self.status)
        other.values[name] = value
        other.passed = {name: value}
        return other

    @property
    def identity(self) -> object:
        """Equal for states that cannot be told apart."""
        items = frozenset(self.values.items())
        return items, self.arguments, frozenset(self.defaults), self.asked, self.status, self.jump, self.printed

    def forget(self, names: Iterable[str]) -> None:
        """Makes variables unknown."""
        for name in names:
            self.values[name] = None
            self.defaults.discard(name)

    def print_unknown(self) -> None:
        """Notes that something unknown may be printed where that is captured."""
        if self.printed is not None:
            self.printed = (*self.printed, f"{UNKNOWN}\n")

    def refine(self, name: str, value: str | None) -> None:
        """Notes what a condition says about a variable or an argument; None if its value is any other."""
        if not name.isdigit():
            self.values[name] = value
            self.defaults.discard(name)

    def assign(self, token: Token) -> None:
        """Sets the variable of an assignment."""
        name, added = target_of(token) or ("", "")
        replaceable = any(self._replaceable(piece) for piece in token.pieces)
        if token.items is not None:
            items = tuple(PlacedText(word.text, word.span) for item in token.items for word in self.expand(item))
            value: Value = (*self._items(name), *items) if added else items
        else:
            text = self.text(token).split("=", 1)[1]
            value = self._longer(name, text) if added else self._in_array(name, text)
        known = len(value or ()) <= (MAX_VALUE if isinstance(value, str) else _MAX_ITEMS)
        self.values[name] = value if known else None
        if replaceable:
            self.defaults.add(name)
        elif not added:
            self.defaults.discard(name)

    def _replaceable(self, piece: Piece) -> bool:
        if piece.kind == "variable":
            return piece.text in self.defaults
        match = DEFAULT.fullmatch(piece.text) if piece.kind == "default" else None
        return match is not None and (match[1] not in self.values or match[1] in self.defaults)

    def _items(self, name: str) -> tuple[str, ...]:
        value = self.values.get(name, ())
        return value if isinstance(value, tuple) else (UNKNOWN if value is None else value,)

    def _longer(self, name: str, text: str) -> Value:
        before = self.values.get(name, UNKNOWN)
        return before + text if isinstance(before, str) else None

    def _in_array(self, name: str, text: str) -> Value:
        """Returns the value of a variable behind ``name=text``, which sets the first item of an array."""
        before = self.values.get(name)
        if not isinstance(before, tuple) or self.zsh:
            return text
        plain = before and not any(UNKNOWN in item or item[:1] == "[" for item in before)
        return (text, *before[1:]) if plain else None

    def expand(self, token: Token) -> list[Word]:
        """Expands one token to the words that a shell makes of it: none, one, or several."""
        span = self.source.span(token.start, token.end)
        if self.budget[0] < 0 and token.plain is None:
            return [Word(UNKNOWN, span, 0)]
        words = [Word(str(text), self._place(text, span), 0) for text in self._expand(token)]
        self.budget[0] -= 0 if token.plain is not None else sum(len(word.text) + 5 for word in words)
        return words

    def _place(self, text: str, span: Span) -> Span:
        own = isinstance(text, PlacedText) and text.span.source is self.source
        return text.span if own and isinstance(text, PlacedText) else span

    def _expand(self, token: Token) -> list[str]:
        if len(token.pieces) == 1:
            parts = self._alone(token.pieces[0])
            if parts is not None:
                return parts
        if any(piece.kind == "braces" for piece in token.pieces):
            return self._braced(token)
        text = self.text(token)
        while UNKNOWN * 2 in text:
            text = text.replace(UNKNOWN * 2, UNKNOWN)
        if self.bash and token.pieces and not token.pieces[0].quoted and token.pieces[0].kind == "text":
            text = _TILDE.sub(rf"\1{UNKNOWN}", text, count=1) if _TILDE.match(token.pieces[0].text) else text
        return [text]

    def listed(self, token: Token) -> list[str]:
        """Expands a word behind ``for name in``, where braces are a list also in text for people."""
        if len(token.pieces) == 1 and token.pieces[0].kind == "braces" and self.bash:
            return _without_empty(braced_words(token.pieces[0].text, MAX_WORDS) or [UNKNOWN])
        if self.bash and any(piece.kind == "braces" and "," in piece.text for piece in token.pieces):
            return self._all_braced(token)
        return [word.text for word in self.expand(token)]

    def _braced(self, token: Token) -> list[str]:
        """Expands braces: every word that they stand for."""
        if not self.bash or self.mode == "docs":
            literal = self.mode == "script"
            return ["".join(p.text if p.kind == "braces" and literal else self.piece_text(p) for p in token.pieces)]
        return self._all_braced(token)

    def _all_braced(self, token: Token) -> list[str]:
        outside = "".join(piece.text for piece in token.pieces if piece.kind == "text" and not piece.quoted)
        many = sum(piece.kind == "braces" for piece in token.pieces) > MAX_DEPTH
        if many or ("{" in outside and "," in outside):  # braces around braces
            return [UNKNOWN]
        texts = [""]
        for piece in token.pieces:
            parts = braced_words(piece.text, MAX_WORDS) if piece.kind == "braces" else [self.piece_text(piece)]
            if parts is None or len(texts) * len(parts) > MAX_WORDS:
                parts = [UNKNOWN]
            texts = [text + part for text in texts for part in parts]
        return texts if any(piece.quoted for piece in token.pieces) else _without_empty(texts)

    def _alone(self, piece: Piece) -> list[str] | None:
        """Returns the words of a piece that is a whole word; None if it is always one word."""
        if piece.kind == "arguments":
            return list(self.arguments) if self.arguments is not None else [UNKNOWN]
        if piece.kind == "array":
            return self._array(piece.text)
        if piece.kind == "parameter" and (rest := rest_of(piece.text, self.arguments)) is not None:
            return list(rest)
        if piece.kind == "parameter" and (part := self._slice(piece.text)) is not None:
            return part
        if piece.kind == "command" and not piece.quoted and piece.text in self.outputs:
            return self._printed_words(self.outputs[piece.text])
        if piece.kind in ("variable", "default", "parameter", "command") and not piece.quoted:
            return self.piece_text(piece).split()
        if self.mode == "docs" and piece.text in ("...", "\u2026", "[...]") and not piece.quoted:
            return [UNKNOWN]
        return None

    def _array(self, name: str) -> list[str] | None:
        value = self.values.get(name.lstrip("!"))
        if name.startswith("!"):
            return [str(index) for index in range(len(value))] if isinstance(value, tuple) else None
        if isinstance(value, str):
            return [value]
        return list(places_of(value)) if isinstance(value, tuple) else None

    def _slice(self, text: str) -> list[str] | None:
        """Returns the words of ``name[@]:2`` and ``name[@]+text``; None for anything else."""
        part = slice_of(text, self.values) if not self.zsh else None
        if part is not None:
            return list(places_of(part))
        found = alternative(text)
        if found is None or not found.array:
            return None
        known = self.values.get(found.name, ())
        return [UNKNOWN] if known is None else self._array(found.name) if known else []

    def _printed_words(self, parts: tuple[str, ...]) -> list[str]:
        placed = [
            PlacedText(word, part.span) if isinstance(part, PlacedText) else word
            for part in parts
            for word in part.split()
        ]
        apart = all(part[-1:].isspace() for part in parts[:-1])
        return list(places_of(tuple(placed))) if apart else "".join(parts).split()


def _without_empty(texts: list[str]) -> list[str]:
    return [text for text in texts if text]
