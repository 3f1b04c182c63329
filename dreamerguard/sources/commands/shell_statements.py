"""Groups the tokens of a shell script into simple commands, loops and functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .shell_tokens import Token

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(\+?)=", re.ASCII)
_OPENERS = frozenset({"if", "while", "until", "case", "{"})
_CLOSERS = frozenset({"fi", "done", "esac", "}"})
_KEYWORDS = frozenset({"if", "then", "else", "elif", "while", "until", "do", "!", "{", "time", "case"}) | _CLOSERS
_REDIRECTIONS = frozenset({"<", ">", ">>", ">&", "<&", ">|", "<<<", "<<", "<<-", "&>", "&>>"})
_READS = frozenset({"read", "getopts", "mapfile", "readarray", "unset"})
#: Commands that set variables.
DECLARES = frozenset({"export", "local", "declare", "readonly", "typeset"})


@dataclass
class Simple:
    """One simple command; ``conditional`` if it may not run; ``here`` holds the places of its ``<<``."""

    words: list[Token]
    conditional: bool
    here: list[int] = field(default_factory=list)


@dataclass
class Loop:
    """``for name in words; do body; done``; no words if it loops over the script's arguments."""

    name: str
    words: list[Token]
    body: list[Statement] = field(default_factory=list)


@dataclass
class Function:
    """``name() { body; }``."""

    name: str
    body: list[Statement] = field(default_factory=list)


Statement = Simple | Loop | Function


def target_of(token: Token) -> tuple[str, str] | None:
    """Returns the name and the ``+`` of an assignment; None if the token is not an assignment."""
    first = token.pieces[0] if token.pieces else None
    match = _ASSIGNMENT.match(first.text) if first is not None and first.kind == "text" and not first.quoted else None
    return (match[1], match[2]) if match else None


def reassigned_names(statements: Sequence[Statement]) -> Iterator[str]:
    """Yields the variables that a command may set to another value."""
    for statement in statements:
        if isinstance(statement, Loop | Function):
            yield from reassigned_names(statement.body)
            continue
        words = statement.words
        if words and words[0].plain in _READS:
            yield from (word.plain for word in words[1:] if word.plain)
        declared = words[1:] if words and words[0].plain in DECLARES else words
        if statement.conditional and all(target_of(word) for word in declared):
            yield from (target[0] for word in declared if (target := target_of(word)) is not None and not target[1])


def parse_statements(tokens: list[Token]) -> list[Statement]:
    """Groups tokens into simple commands and loops. Other constructs only make their commands conditional."""
    return _Parser(tokens).parse()


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.root: list[Statement] = []
        self.bodies: list[list[Statement]] = [self.root]
        self.open: list[str] = []
        self.chained = False
        self.words: list[Token] = []
        self.here: list[int] = []
        self.named: str | None = None
        self.skip = False

    def parse(self) -> list[Statement]:
        for token in self.tokens:
            if token.kind == "word":
                self._word(token)
            elif token.text in _REDIRECTIONS:
                self._redirect(token)
            else:
                self._end(token.text)
        self._end("")
        return self.root

    def _redirect(self, token: Token) -> None:
        last = self.words[-1] if self.words else None
        if last is not None and last.end == token.start and (last.plain or "").isdigit():
            self.words.pop()
        if token.text in ("<<", "<<-"):
            self.here.append(token.start)
        self.skip = token.text not in ("<<", "<<-")  # the lexer took the word after these

    def _word(self, token: Token) -> None:
        if self.skip:
            self.skip = False
            return
        text = token.plain if not any(piece.quoted for piece in token.pieces) else None
        if text == "{" and len(self.words) == 2 and self.words[0].plain == "function":
            self.named, self.words = self.words[1].plain, []
        if not self.words and text in _KEYWORDS:
            self._keyword(text or "")
        else:
            self.words.append(token)

    def _keyword(self, text: str) -> None:
        if text == "{" and self.named is not None:
            function = Function(self.named)
            self.named = None
            self.bodies[-1].append(function)
            self.bodies.append(function.body)
            self.open.append("function")
        elif text in _OPENERS:
            self.open.append(text)
        elif text in _CLOSERS and self.open and self.open.pop() in ("for", "function") and len(self.bodies) > 1:
            self.bodies.pop()

    def _end(self, operator: str) -> None:
        """Completes a simple command at an operator."""
        words, here = self.words, self.here
        self.words, self.here, self.skip = [], [], False
        if self._names_function(words, operator):
            return
        if words and words[0].plain in ("for", "select") and len(words) > 1:
            listed = words[3:] if len(words) > 2 and words[2].plain == "in" else []
            loop = Loop(words[1].plain or "", listed)
            self.bodies[-1].append(loop)
            self.bodies.append(loop.body)
            self.open.append("for")
        elif words:
            conditional = self.chained or any(name not in ("for", "function") for name in self.open)
            self.bodies[-1].append(Simple(words, conditional, here))
        if words or operator:
            self.chained = operator in ("&&", "||", "|", "|&")

    def _names_function(self, words: list[Token], operator: str) -> bool:
        """Notes the name in ``name() {`` and ``function name()``."""
        if operator == "(" and len(words) in (1, 2) and words[-1].plain:
            self.named = words[-1].plain
            return True
        if words:
            self.named = None
        return False
