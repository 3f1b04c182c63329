"""Reads one simple command: what it sets, the command that it starts, and the commands in its texts."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import PurePosixPath

from dreamerguard.core.source import Source, Span
from dreamerguard.sources.argv import UNKNOWN, Command, Word

from .array_jobs import submitted_tasks
from .nearby_files import read_nearby
from .only_named import only_names
from .shell_conditions import condition
from .shell_launchers import filled_commands
from .shell_limits import Shared
from .shell_statements import (
    DECLARES,
    Function,
    Pipe,
    Simple,
    Statement,
    assigned_names,
    item_target_of,
    read_names,
    target_of,
)
from .shell_states import States
from .shell_texts import MAX_NESTING, SHELLS, WRITERS, TextReader
from .shell_tokens import Mode, Token
from .shell_values import Value
from .shell_variables import Variables

_LINE_END = re.compile(r"[ \t]*\r?(?:\n|\Z)")
_PRINTS = frozenset({"echo", "printf", "git", "#", "alias", "grep", "sed", "awk"})
#: Words of ``pip`` and its like, behind which a package is named and not started.
_INSTALLS = frozenset({"install", "add", "download", "wheel"})
_JUMPS = frozenset({"exit", "return", "break", "continue"})


class CommandReader(TextReader):
    """Reads simple commands and keeps those that were found."""

    def __init__(self, source: Source, mode: Mode, shared: Shared, nesting: int) -> None:
        super().__init__(source, mode, shared, nesting)
        self.functions: dict[str, Function] = {}
        self.entered: set[int] = set()
        self.names: dict[int, set[str]] = {}

    @abstractmethod
    def run(self, statements: Sequence[Statement], states: States) -> States:
        """Follows statements from some states; returns the states behind them."""

    @abstractmethod
    def statement(self, statement: Statement, states: States) -> States:
        """Follows one statement from some states; returns the states behind it."""

    @abstractmethod
    def sourced(self, source: Source, state: Variables) -> dict[str, Value]:
        """Returns the variables behind a script that is read into another one."""

    def names_of(self, body: list[Statement]) -> set[str]:
        """Returns the variables that a part of the script sets; the part is looked at once."""
        if id(body) not in self.names:
            self.names[id(body)] = assigned_names(body)
        return self.names[id(body)]

    def commands(self) -> list[Command]:
        """Returns all commands, without those that are another one with less known about it."""
        sure: dict[int, list[Command]] = {}
        for item in self.found.values():
            if not item.asked:
                sure.setdefault(item.command.span.start, []).append(item.command)
        return [
            item.command
            for item in self.found.values()
            if not item.asked or not any(_says_more(one, item.command) for one in sure.get(item.command.span.start, ()))
        ]

    def simple(self, simple: Simple, state: Variables) -> list[Word]:
        """Reads a simple command; returns its words."""
        state.status, state.outcome = None, None
        tokens = simple.words
        self.read_substituted(tokens, state)
        if simple.changes:
            state.forget(simple.changes)
        if not tokens or self._sets(tokens, state):
            return []
        outcome = condition(simple, state)
        if outcome is not None:
            state.status, state.outcome = outcome.status, outcome
            if tokens[0].plain == ":":
                _ = [state.expand(token) for token in tokens]  # ``: ${name:=value}`` sets a variable
            return []
        broken = _broken(self.source, tokens)
        words = [
            word for token in tokens if broken is None or token.start != broken.start for word in state.expand(token)
        ]
        name = words[0].text if words else ""
        if name in _JUMPS:
            state.jump = name
        elif name == "shift" or (name == "set" and len(words) > 1 and words[1].text == "--"):
            _set_arguments(words, state)
        elif words and name not in self.functions:
            self._started(simple, words, broken, state)
        return words

    def _started(self, simple: Simple, words: list[Word], broken: Span | None, state: Variables) -> None:
        name = words[0].text
        for filled in filled_commands(words) if state.budget[0] > 0 else [words]:
            state.budget[0] -= 100
            self.keep_words(filled, state, broken)
            texts = [word.text for word in filled]
            installs = any(text in _INSTALLS for text in texts[1:4]) or only_names(texts)
            if name not in _PRINTS and not installs and self.nesting < MAX_NESTING:
                quotes = len(filled) == len(words) and filled[-1] == words[-1]
                for task in submitted_tasks(filled, state):
                    self.read_quoted(simple.words, filled, task, quotes=quotes)
        if name not in _PRINTS and self.nesting < MAX_NESTING:
            for task in submitted_tasks(words, state):
                self.read_here_documents(simple, words, task)
                if task is not state:
                    self.read_submitted(words, task)
                else:
                    self.read_called(words, state)

    def piped(self, pipe: Pipe, state: Variables) -> None:
        """Reads the text that the first part of a pipe passes to a shell."""
        first = pipe.parts[0]
        shells = any(
            isinstance(part, Simple) and part.words and PurePosixPath(part.words[0].plain or "").name in SHELLS
            for part in pipe.parts[1:]
        )
        if not shells or not isinstance(first, Simple) or not first.words or self.nesting >= MAX_NESTING:
            return
        if first.words[0].plain in ("echo", "printf"):
            self.read_quotes(first.words[1:], state)
        elif first.words[0].plain in WRITERS:
            self.read_documents(first, state)

    def _sets(self, tokens: list[Token], state: Variables) -> bool:
        """Handles the commands that set variables; returns whether this is one."""
        first = tokens[0].plain
        if first in DECLARES:
            for token in tokens[1:]:
                if target_of(token):
                    state.assign(token)
                elif first == "local" and token.plain:
                    state.values.pop(token.plain, None)
        elif all(target_of(token) or item_target_of(token) for token in tokens):
            for token in tokens:
                if target_of(token):
                    state.assign(token)
                else:
                    state.forget([item_target_of(token)])
        elif first == "unset":
            for token in tokens[1:]:
                state.values.pop(token.plain or "", None)
        elif first in ("source", "."):
            self._source_file(tokens, state)
            return False
        elif names := read_names(tokens):
            state.forget(names)
            return True
        else:
            return False
        state.status = True
        return True

    def _source_file(self, tokens: list[Token], state: Variables) -> None:
        """Takes over the variables of a file that ``source`` reads, if it lies in the checkout."""
        file = read_nearby(state.text(tokens[1])) if len(tokens) > 1 and self.nesting < MAX_NESTING else None
        if file is not None and file.name != self.source.name:
            state.values = self.sourced(file, state)


def _says_more(known: Command, other: Command) -> bool:
    """Whether a command is the other one with more values known."""
    pairs = list(zip(known.words, other.words, strict=False))
    return len(known.words) == len(other.words) and all(
        one.text == two.text or (UNKNOWN in two.text and one.known) for one, two in pairs
    )


def _set_arguments(words: list[Word], state: Variables) -> None:
    known = state.arguments
    if words[0].text == "set":
        state.arguments = tuple(word.text for word in words[2:])
        return
    count = words[1].text if len(words) > 1 else "1"
    state.arguments = known[int(count) :] if known is not None and count.isdigit() and len(count) < 4 else None


def _broken(source: Source, tokens: list[Token]) -> Span | None:
    """Returns the place of a backslash with a blank and a line end behind it; None if there is none."""
    last = tokens[-1] if len(tokens) > 1 else None
    if last is None or last.quotes or last.plain not in (" ", "\t"):
        return None
    return source.span(last.start, last.end) if _LINE_END.match(source.text, last.end) else None
