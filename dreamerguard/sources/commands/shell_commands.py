"""Reads one simple command: what it sets, the command that it starts, and the commands in its texts."""

from __future__ import annotations

import re
import shlex
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import PurePosixPath

from dreamerguard.core.programs import CONSOLE_COMMANDS
from dreamerguard.core.source import Source, Span
from dreamerguard.sources.argv import UNKNOWN, Command, Word
from dreamerguard.util.fast_dataclass import dataclass

from .array_jobs import submitted_tasks
from .mapped_text import MappedText, dedented, typed, without_escapes
from .nearby_files import read_nearby
from .python_commands import python_commands
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
from .shell_tokens import Mode, Token
from .shell_variables import Value, Variables

_MAX_NESTING = 3
_LINE_END = re.compile(r"[ \t]*\r?(?:\n|\Z)")
_PRINTS = frozenset({"echo", "printf", "git", "#", "alias", "grep", "sed", "awk"})
_QUOTED_COMMAND = re.compile(rf"(?<![\w.-])(python[\d.]*|{'|'.join(sorted(CONSOLE_COMMANDS, reverse=True))})\s")
#: Words of ``pip`` and its like, behind which a package is named and not started.
_INSTALLS = frozenset({"install", "add", "download", "wheel"})
#: Programs that run a here-document.
_SHELLS = frozenset({"bash", "sh", "zsh", "sbatch", "ssh", "srun", "qsub", "bsub", "sudo", "docker"})
#: Programs that write a here-document into a file.
_WRITERS = frozenset({"cat", "tee"})
_SCRIPT_NAME = re.compile(r".*\.(?:sh|bash|zsh|slurm|sbatch|job|pbs|qsub|lsf|sub|run)", re.DOTALL)
_PYTHON = re.compile(r"python[\d.]*|pypy3?")
_JUMPS = frozenset({"exit", "return", "break", "continue"})


@dataclass(frozen=True, slots=True)
class _Found:
    """A command; ``asked`` if it is only started when the caller of the script gives something."""

    command: Command
    asked: bool


class CommandReader(ABC):
    """Reads simple commands and keeps those that were found."""

    def __init__(self, source: Source, mode: Mode, shared: Shared, nesting: int) -> None:
        self.source = source
        self.mode = mode
        self.shared = shared
        self.nesting = nesting
        self.functions: dict[str, Function] = {}
        self.bodies: dict[int, tuple[int, int]] = {}
        self.entered: set[int] = set()
        self.names: dict[int, set[str]] = {}
        self.found: dict[tuple[tuple[str, int], ...], _Found] = {}

    @abstractmethod
    def run(self, statements: Sequence[Statement], states: States) -> States:
        """Follows statements from some states; returns the states behind them."""

    @abstractmethod
    def statement(self, statement: Statement, states: States) -> States:
        """Follows one statement from some states; returns the states behind it."""

    @abstractmethod
    def read_inside(self, source: Source, start: int, end: int, state: Variables, *, known: bool) -> list[Command]:
        """Returns the commands of a text inside the script."""

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
        self._substituted(tokens, state)
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
            self._command(filled, state, broken)
            installs = any(word.text in _INSTALLS for word in filled[1:4])
            if name not in _PRINTS and not installs and self.nesting < _MAX_NESTING:
                quotes = len(filled) == len(words) and filled[-1] == words[-1]
                for task in submitted_tasks(filled, state):
                    self._quoted(simple.words, filled, task, quotes=quotes)
        if name not in _PRINTS and self.nesting < _MAX_NESTING:
            for task in submitted_tasks(words, state):
                self._here(simple, words, task)
                if task is not state:
                    self._submitted(words, task)

    def piped(self, pipe: Pipe, state: Variables) -> None:
        """Reads the text that the first part of a pipe passes to a shell."""
        first = pipe.parts[0]
        shells = any(
            isinstance(part, Simple) and part.words and PurePosixPath(part.words[0].plain or "").name in _SHELLS
            for part in pipe.parts[1:]
        )
        if not shells or not isinstance(first, Simple) or not first.words or self.nesting >= _MAX_NESTING:
            return
        if first.words[0].plain in ("echo", "printf"):
            self._quotes(first.words[1:], state)
        elif first.words[0].plain in _WRITERS:
            self._documents(first, state)

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
        file = read_nearby(state.text(tokens[1])) if len(tokens) > 1 and self.nesting < _MAX_NESTING else None
        if file is not None and file.name != self.source.name:
            state.values = self.sourced(file, state)

    def _command(self, words: list[Word], state: Variables, broken: Span | None = None) -> None:
        placed = tuple(Word(word.text, word.span, index) for index, word in enumerate(words))
        self._keep(Command(self.source, placed, broken), state.asked)

    def _keep(self, command: Command, asked: bool) -> None:
        key = tuple((word.text, word.span.start) for word in command.words)
        before = self.found.get(key)
        if before is None or (before.asked and not asked):
            self.found[key] = _Found(command, asked)

    def _substituted(self, tokens: list[Token], state: Variables) -> None:
        """Reads the commands in ``$(...)``."""
        if self.nesting >= _MAX_NESTING:
            return
        for token in _with_items(tokens):
            for start, end in token.inner:
                if _QUOTED_COMMAND.search(self.source.text, start, end):
                    self._inside(start, end, state)

    def _quoted(self, tokens: list[Token], words: list[Word], state: Variables, *, quotes: bool) -> None:
        """Reads the commands inside quotes and variables, which another shell would run."""
        read = self._quotes(tokens, state) if quotes else set()
        literal = {token.start for token in tokens if token.plain is not None} if quotes else set()
        read |= literal
        for word in words:
            if word.span.start not in read and " " in word.text and _QUOTED_COMMAND.search(word.text):
                self._command([Word(part, word.span, 0) for part in _split(word.text)], state)

    def _quotes(self, tokens: list[Token], state: Variables) -> set[int]:
        """Reads the commands inside quotes; returns the places of the words that hold some."""
        read: set[int] = set()
        for token in tokens:
            for start, end in token.quotes:
                end = typed(self.source, start, end)
                if _QUOTED_COMMAND.search(self.source.text, start, end):
                    read.add(token.start)
                    if self.source.text[start - 1] == '"' and "\\" in self.source.text[start:end]:
                        self._mapped(without_escapes(self.source, start, end), state, known=True)
                    else:
                        self._inside(start, end, state)
        return read

    def _here(self, simple: Simple, words: list[Word], state: Variables) -> None:
        """Reads a here-document that a shell runs or that becomes a script."""
        name = PurePosixPath(words[0].text).name
        if name in _SHELLS:
            self._quotes(simple.given, state)
            self._documents(simple, state)
        elif name in _WRITERS and simple.here:
            files = [state.text(token) for token in simple.written] + [word.text for word in words[1:]]
            bodies = (self.bodies.get(place, (0, 0)) for place in simple.here)
            starts = [self.source.text[start:end].lstrip() for start, end in bodies]
            named = any(_SCRIPT_NAME.fullmatch(file) for file in files)
            if named or (files and any(text.startswith("#!/bin/") for text in starts)):
                self._documents(simple, state)

        elif _PYTHON.fullmatch(name) and all(word.text.startswith("-") for word in words[1:]):
            self._python(simple, state)

    def _python(self, simple: Simple, state: Variables) -> None:
        """Reads here-documents of Python code. One that the shell expands is read only where it expands nothing."""
        for place in simple.here:
            start, end = self.bodies.get(place, (0, 0))
            mark = self.source.text[place : place + 40]
            expands = not mark.lstrip("<-").lstrip().startswith(("'", '"', "\\"))
            if not end or (expands and set("$`\\") & set(self.source.text[start:end])):
                continue
            text = dedented(self.source, start, end, "\t" if mark.startswith("<<-") else "")
            commands = python_commands(text.source(self.source), partial(self._text_in_python, state))
            for command in text.placed(commands, self.source):
                self._keep(command, state.asked)

    def _text_in_python(self, state: Variables, source: Source, start: int, end: int) -> list[Command]:
        return self.read_inside(source, start, end, state, known=False)

    def _submitted(self, words: list[Word], state: Variables) -> None:
        """Reads the script that an array job submits, with the number of the task and its arguments."""
        at = next((at for at, word in enumerate(words) if at and _SCRIPT_NAME.fullmatch(word.text)), None)
        script = read_nearby(words[at].text) if at is not None else None
        if at is None or script is None or script.name == self.source.name:
            return
        task = state.copy()
        task.arguments = tuple(word.text for word in words[at + 1 :])
        for command in self.read_inside(script, 0, len(script.text), task, known=True):
            self._keep(command, state.asked)

    def _documents(self, simple: Simple, state: Variables) -> None:
        for place in simple.here:
            if place not in self.bodies:
                continue
            start, end = self.bodies[place]
            rest = self.source.text[place : place + 40].lstrip("<-").lstrip()
            if rest.startswith(("'", '"', "\\")):
                self._inside(start, end, state, known=False)
            elif "\\" in self.source.text[start:end]:
                self._mapped(without_escapes(self.source, start, end, document=True), state, known=True)
            else:
                self._inside(start, end, state)

    def _inside(self, start: int, end: int, state: Variables, *, known: bool = True) -> None:
        for command in self.read_inside(self.source, start, end, state, known=known):
            self._keep(command, state.asked)

    def _mapped(self, text: MappedText, state: Variables, *, known: bool) -> None:
        inner = text.source(self.source)
        for command in text.placed(self.read_inside(inner, 0, len(text.text), state, known=known), self.source):
            self._keep(command, state.asked)


def _with_items(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from token.items or ()


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


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
