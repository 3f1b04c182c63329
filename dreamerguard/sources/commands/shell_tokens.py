"""Defines the tokens of shell text: words made of pieces, operators, line ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

#: script: sh and bash; make: recipes, where ``$(NAME)`` is a variable; docs: text for people, where ``<name>`` is a
#: placeholder.
Mode = Literal["script", "make", "docs"]
#: arguments: ``$@`` and ``$*``; default: ``${name:-text}``; parameter: other ``${...}``; command: ``$(...)``; braces:
#: ``{a,b}``; ``text`` of a piece holds what stands between the brackets.
PieceKind = Literal[
    "text", "variable", "array", "arguments", "default", "parameter", "command", "arithmetic", "braces", "unknown"
]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a word. ``text`` is the text, or the name of a variable."""

    kind: PieceKind
    text: str = ""
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """A word, an operator (with its ``text``) or a line end, from ``start`` to ``end`` of the source.

    ``quotes`` are the ranges between quotation marks, ``inner`` those of ``$(commands)``, ``items`` the words of an
    array that the word assigns.
    """

    kind: Literal["word", "operator", "newline"]
    start: int
    end: int
    pieces: tuple[Piece, ...] = ()
    text: str = ""
    quotes: tuple[tuple[int, int], ...] = ()
    items: tuple[Token, ...] | None = None
    inner: tuple[tuple[int, int], ...] = ()

    @property
    def plain(self) -> str | None:
        """The text of a word without variables and unknown parts; None for other tokens."""
        if len(self.pieces) == 1 and self.kind == "word":
            return self.pieces[0].text if self.pieces[0].kind == "text" else None
        known = all(piece.kind == "text" for piece in self.pieces)
        return "".join(piece.text for piece in self.pieces) if self.kind == "word" and known else None


#: Pieces of text as long as this are not extended.
_LONG = 4_000


@dataclass
class TokenDraft:
    """A word while the lexer reads it."""

    start: int
    pieces: list[Piece] = field(default_factory=list)
    quotes: list[tuple[int, int]] = field(default_factory=list)
    inner: list[tuple[int, int]] = field(default_factory=list)
    has_equals: bool = False

    def token(self, end: int, items: tuple[Token, ...] | None = None) -> Token:
        """Returns the word up to a position."""
        return Token("word", self.start, end, tuple(self.pieces), "", tuple(self.quotes), items, tuple(self.inner))

    def add(self, kind: PieceKind, text: str = "", quoted: bool = False) -> None:
        """Appends a piece, or extends the last piece if both are text with equal quoting."""
        last = self.pieces[-1] if self.pieces else None
        self.has_equals |= "=" in text
        same = kind == "text" and last is not None and last.kind == "text" and last.quoted == quoted
        if same and last is not None and len(last.text) < _LONG:
            self.pieces[-1] = Piece("text", last.text + text, quoted)
        else:
            self.pieces.append(Piece(kind, text, quoted))
