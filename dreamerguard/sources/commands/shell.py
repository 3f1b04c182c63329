"""Reads the commands of a shell script with the positions of their words.

Variables are resolved only if the script sets them to a literal on every path to the command; a loop over literal words
is followed for each word. All other values become `UNKNOWN` and are never guessed. Here-documents are skipped. Commands
in quotes, as in ``bash -c "python train.py"``, are read too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dreamerguard.core.model import Source
from dreamerguard.core.programs import CONSOLE_COMMANDS
from dreamerguard.sources.argv import UNKNOWN, Command, Word

from .shell_tokens import Mode, Token
from .shell_words import Lexer

#: Value of a variable: text, the items of an array, or None if unknown.
Value = str | tuple[str, ...] | None

#: Largest number of passes through loop bodies; beyond it the variables of a loop are unknown.
MAX_PASSES = 64
_MAX_NESTING = 3
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(\+?)=", re.ASCII)
_HOME = re.compile(r"[A-Za-z_]\w*=~[\w.-]*(?:/|$)", re.ASCII)
_OPENERS = frozenset({"if", "while", "until", "case", "{"})
_CLOSERS = frozenset({"fi", "done", "esac", "}"})
_KEYWORDS = frozenset({"if", "then", "else", "elif", "while", "until", "do", "!", "{", "time", "case"}) | _CLOSERS
_REDIRECTIONS = frozenset({"<", ">", ">>", ">&", "<&", ">|", "<<<", "<<", "<<-", "&>", "&>>"})
_DECLARES = frozenset({"export", "local", "declare", "readonly", "typeset"})
_READS = frozenset({"read", "getopts", "mapfile", "readarray", "unset"})
_PRINTS = frozenset({"echo", "printf", "git", "#", "alias", "grep", "sed", "awk"})
_QUOTED_COMMAND = re.compile(rf"(^|[\s;&|/])(python[\d.]*|{'|'.join(sorted(CONSOLE_COMMANDS, reverse=True))})\s")


@dataclass
class _Simple:
    """One simple command; ``conditional`` if it may not run."""

    words: list[Token]
    conditional: bool


@dataclass
class _Loop:
    """``for name in words; do body; done``; no words if it loops over the script's arguments."""

    name: str
    words: list[Token]
    body: list[_Simple | _Loop] = field(default_factory=list)


def read_shell(
    source: Source,
    start: int = 0,
    end: int | None = None,
    mode: Mode = "script",
    variables: Mapping[str, Value] | None = None,
) -> list[Command]:
    """Returns the commands of a script or of a part of it, in order, without duplicates.

    Args:
      source: the file.
      start, end: the range of its text that is shell text.
      mode: how ``$`` and ``<`` are read.
      variables: values known from elsewhere, such as those of a Makefile.
    """
    return _Reader(source, mode, dict(variables or {})).read(start, len(source.text) if end is None else end)


class _Reader:
    def __init__(self, source: Source, mode: Mode, variables: dict[str, Value], nesting: int = 0) -> None:
        self.source = source
        self.mode = mode
        self.variables = variables
        self.nesting = nesting
        self.tilde = mode != "make" and _fills_in_tilde(source.text)
        self.passes = 0
        self.reassigned: set[str] = set()
        self.found: dict[tuple[tuple[str, int], ...], Command] = {}

    def read(self, start: int, end: int) -> list[Command]:
        statements = _parse(Lexer(self.source.text, start, end, self.mode).tokens())
        self.reassigned = set(_reassigned(statements))
        self._run(statements)
        return list(self.found.values())

    def _run(self, statements: Sequence[_Simple | _Loop]) -> None:
        for statement in statements:
            if isinstance(statement, _Loop):
                self._loop(statement)
            else:
                self._simple(statement)

    def _loop(self, loop: _Loop) -> None:
        values = [word.text for token in loop.words for word in self._expand(token, 0)]
        known = bool(values) and not any(UNKNOWN in value for value in values)
        if not known or self.passes + len(values) > MAX_PASSES:
            self.variables[loop.name] = None
            self._run(loop.body)
            return
        for value in values:
            self.passes += 1
            self.variables[loop.name] = value
            self._run(loop.body)

    def _simple(self, simple: _Simple) -> None:
        tokens = list(simple.words)
        if tokens and tokens[0].plain in _DECLARES:
            tokens = [token for token in tokens[1:] if not (token.plain or "").startswith("-")]
        if tokens and all(_target(token) for token in tokens):
            for token in tokens:
                self._assign(token)
            return
        words = [word for token in tokens for word in self._expand(token, 0)]
        placed = tuple(Word(word.text, word.span, index) for index, word in enumerate(words))
        if placed:
            key = tuple((word.text, word.span.start) for word in placed)
            self.found.setdefault(key, Command(self.source, placed))
        if placed and placed[0].text not in _PRINTS and self.nesting < _MAX_NESTING:
            self._quoted(tokens)

    def _quoted(self, tokens: list[Token]) -> None:
        """Reads the commands inside quotes, which another shell would run."""
        for start, end in (place for token in tokens for place in token.quotes):
            if _QUOTED_COMMAND.search(self.source.text, start, end):
                inner = _Reader(self.source, self.mode, dict(self.variables), self.nesting + 1)
                for command in inner.read(start, end):
                    key = tuple((word.text, word.span.start) for word in command.words)
                    self.found.setdefault(key, command)

    def _assign(self, token: Token) -> None:
        name, added = _target(token) or ("", "")
        if token.items is not None:
            items = [word.text for item in token.items for word in self._expand(item, 0)]
            value: Value = None if added or any(UNKNOWN in item for item in items) else tuple(items)
        else:
            text = self._text(token)
            value = None if added or UNKNOWN in text else text.split("=", 1)[1]
        self.variables[name] = None if name in self.reassigned else value

    def _text(self, token: Token) -> str:
        return "".join(self._piece(piece.kind, piece.text) for piece in token.pieces)

    def _piece(self, kind: str, text: str) -> str:
        if kind == "text":
            return text
        value = self.variables.get(text) if kind == "variable" else None
        return value if isinstance(value, str) else UNKNOWN

    def _expand(self, token: Token, index: int) -> list[Word]:
        """Expands one token to the words that a shell makes of it: none, one, or several."""
        span = self.source.span(token.start, token.end)
        if len(token.pieces) == 1:
            piece = token.pieces[0]
            value = self.variables.get(piece.text) if piece.kind in ("array", "variable") else None
            if piece.kind == "array" and isinstance(value, tuple):
                return [Word(item, span, index) for item in value]
            if piece.kind == "variable" and isinstance(value, str) and not piece.quoted:
                return [Word(part, span, index) for part in value.split()]
            if self.mode == "docs" and piece.text in ("...", "\u2026", "[...]") and not piece.quoted:
                return [Word(UNKNOWN, span, index)]
        text = self._text(token)
        if self.tilde and _home(token):
            text = text.replace("=~", f"={UNKNOWN}", 1)
        while UNKNOWN * 2 in text:
            text = text.replace(UNKNOWN * 2, UNKNOWN)
        return [Word(text, span, index)]


def _fills_in_tilde(script: str) -> bool:
    """Whether the shell fills in the home directory in ``name=~/x``, as bash does for arguments, and sh does not."""
    first = script[:200].partition("\n")[0]
    return not first.startswith("#!") or "bash" in first


def _home(token: Token) -> bool:
    first = token.pieces[0] if token.pieces else None
    return first is not None and first.kind == "text" and not first.quoted and bool(_HOME.match(first.text))


def _target(token: Token) -> tuple[str, str] | None:
    """Returns the name and the ``+`` of an assignment; None if the token is not an assignment."""
    first = token.pieces[0] if token.pieces else None
    match = _ASSIGNMENT.match(first.text) if first is not None and first.kind == "text" and not first.quoted else None
    return (match[1], match[2]) if match else None


def _reassigned(statements: Sequence[_Simple | _Loop]) -> Iterator[str]:
    """Yields the variables that a command may set to another value."""
    for statement in statements:
        if isinstance(statement, _Loop):
            yield from _reassigned(statement.body)
            continue
        words = statement.words
        if words and words[0].plain in _READS:
            yield from (word.plain for word in words[1:] if word.plain)
        declared = words[1:] if words and words[0].plain in _DECLARES else words
        if statement.conditional and all(_target(word) for word in declared):
            yield from (target[0] for word in declared if (target := _target(word)) is not None)


def _parse(tokens: list[Token]) -> list[_Simple | _Loop]:
    """Groups tokens into simple commands and loops. Other constructs only make their commands conditional."""
    return _Parser(tokens).parse()


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.root: list[_Simple | _Loop] = []
        self.bodies: list[list[_Simple | _Loop]] = [self.root]
        self.open: list[str] = []
        self.chained = False
        self.words: list[Token] = []
        self.skip = False

    def parse(self) -> list[_Simple | _Loop]:
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
        self.skip = token.text not in ("<<", "<<-")  # the lexer took the word after these

    def _word(self, token: Token) -> None:
        if self.skip:
            self.skip = False
            return
        text = token.plain if not any(piece.quoted for piece in token.pieces) else None
        if not self.words and text in _KEYWORDS:
            self._keyword(text or "")
        else:
            self.words.append(token)

    def _keyword(self, text: str) -> None:
        if text in _OPENERS:
            self.open.append(text)
        elif text in _CLOSERS and self.open and self.open.pop() == "for" and len(self.bodies) > 1:
            self.bodies.pop()

    def _end(self, operator: str) -> None:
        """Completes a simple command at an operator."""
        words, self.words, self.skip = self.words, [], False
        if words and words[0].plain in ("for", "select") and len(words) > 1:
            listed = words[3:] if len(words) > 2 and words[2].plain == "in" else []
            loop = _Loop(words[1].plain or "", listed)
            self.bodies[-1].append(loop)
            self.bodies.append(loop.body)
            self.open.append("for")
        elif words:
            conditional = self.chained or any(name != "for" for name in self.open)
            self.bodies[-1].append(_Simple(words, conditional))
        if words or operator:
            self.chained = operator in ("&&", "||", "|", "|&")
