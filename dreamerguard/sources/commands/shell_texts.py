"""Reads the commands in the texts of a simple command: quotes, ``$(...)``, here-documents and submitted scripts."""

from __future__ import annotations

import re
import shlex
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import PurePosixPath

from dreamerguard.core.programs import CONSOLE_COMMANDS
from dreamerguard.core.source import Source, Span
from dreamerguard.sources.argv import Command, Word
from dreamerguard.util.fast_dataclass import dataclass

from .called_programs import may_train
from .mapped_text import MappedText, dedented, typed, without_escapes
from .nearby_files import read_nearby
from .python_commands import python_commands
from .shell_limits import Shared
from .shell_statements import Simple
from .shell_tokens import Mode, Token
from .shell_variables import Variables

MAX_NESTING = 3
_QUOTED_COMMAND = re.compile(rf"(?<![\w.-])(python[\d.]*|{'|'.join(sorted(CONSOLE_COMMANDS, reverse=True))})\s")
#: Programs that run a here-document.
SHELLS = frozenset({"bash", "sh", "zsh", "sbatch", "ssh", "srun", "qsub", "bsub", "sudo", "docker"})
#: Programs that write a here-document into a file.
WRITERS = frozenset({"cat", "tee"})
#: Programs that start the script named after their options.
_CALLS = frozenset({
    "bash", "sh", "zsh", "sbatch", "srun", "nohup", "time", "env", "nice", "exec", "sudo", "qsub", "setsid",
})  # fmt: skip
_ASSIGNS = re.compile(r"[A-Za-z_]\w*=", re.ASCII)
#: A script that is named later is an argument.
_MOST_BEFORE = 12
_SCRIPT_NAME = re.compile(r".*\.(?:sh|bash|zsh|slurm|sbatch|job|pbs|qsub|lsf|sub|run)", re.DOTALL)
_PYTHON = re.compile(r"python[\d.]*|pypy3?")


@dataclass(frozen=True, slots=True)
class FoundCommand:
    """A command; ``asked`` if it is only started when the caller of the script gives something."""

    command: Command
    asked: bool


class TextReader(ABC):
    """Reads the commands in texts, and keeps those that were found."""

    def __init__(self, source: Source, mode: Mode, shared: Shared, nesting: int) -> None:
        self.source = source
        self.mode = mode
        self.shared = shared
        self.nesting = nesting
        self.bodies: dict[int, tuple[int, int]] = {}
        self.found: dict[tuple[tuple[str, int], ...], FoundCommand] = {}

    @abstractmethod
    def read_inside(self, source: Source, start: int, end: int, state: Variables, *, known: bool) -> list[Command]:
        """Returns the commands of a text inside the script."""

    @abstractmethod
    def read_script(self, source: Source, arguments: tuple[str, ...], state: Variables) -> list[Command]:
        """Returns the commands of another script, started with arguments."""

    def read_substituted(self, tokens: list[Token], state: Variables) -> None:
        """Reads the commands in ``$(...)``."""
        if self.nesting >= MAX_NESTING:
            return
        for token in _with_items(tokens):
            for start, end in token.inner:
                if _QUOTED_COMMAND.search(self.source.text, start, end):
                    self._inside(start, end, state)

    def read_quoted(self, tokens: list[Token], words: list[Word], state: Variables, *, quotes: bool) -> None:
        """Reads the commands inside quotes and variables, which another shell would run."""
        read = self.read_quotes(tokens, state) if quotes else set()
        literal = {token.start for token in tokens if token.plain is not None} if quotes else set()
        read |= literal
        for word in words:
            if word.span.start not in read and " " in word.text and _QUOTED_COMMAND.search(word.text):
                self.keep_words([Word(part, word.span, 0) for part in _split(word.text)], state)

    def read_quotes(self, tokens: list[Token], state: Variables) -> set[int]:
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

    def read_here_documents(self, simple: Simple, words: list[Word], state: Variables) -> None:
        """Reads a here-document that a shell runs or that becomes a script."""
        name = PurePosixPath(words[0].text).name
        if name in SHELLS:
            self.read_quotes(simple.given, state)
            self.read_documents(simple, state)
        elif name in WRITERS and simple.here:
            files = [state.text(token) for token in simple.written] + [word.text for word in words[1:]]
            bodies = (self.bodies.get(place, (0, 0)) for place in simple.here)
            starts = [self.source.text[start:end].lstrip() for start, end in bodies]
            named = any(_SCRIPT_NAME.fullmatch(file) for file in files)
            if named or (files and any(text.startswith("#!/bin/") for text in starts)):
                self.read_documents(simple, state)

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
                self.keep(command, state.asked)

    def _text_in_python(self, state: Variables, source: Source, start: int, end: int) -> list[Command]:
        return self.read_inside(source, start, end, state, known=False)

    def read_submitted(self, words: list[Word], state: Variables) -> None:
        """Reads the script that an array job submits, with the number of the task and its arguments."""
        at = next((at for at, word in enumerate(words) if at and _SCRIPT_NAME.fullmatch(word.text)), None)
        script = read_nearby(words[at].text) if at is not None else None
        if at is None or script is None or script.name == self.source.name:
            return
        task = state.copy()
        task.arguments = tuple(word.text for word in words[at + 1 :])
        for command in self.read_inside(script, 0, len(script.text), task, known=True):
            self.keep(command, state.asked)

    def read_called(self, words: list[Word], state: Variables) -> None:
        """Reads the script of the checkout that a command starts, with its arguments: ``bash train.sh walker 0``.

        A script without arguments says the same as its file, which is read for itself.
        """
        at = called_script([word.text for word in words])
        arguments = tuple(word.text for word in words[at + 1 :]) if at is not None else ()
        script = read_nearby(words[at].text) if at is not None and arguments else None
        if script is None or script.name == self.source.name or not may_train(script, arguments):
            return
        for command in self.read_script(script, arguments, state):
            self.keep(command, state.asked)

    def read_documents(self, simple: Simple, state: Variables) -> None:
        """Reads the here-documents of a command as shell text."""
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
            self.keep(command, state.asked)

    def _mapped(self, text: MappedText, state: Variables, *, known: bool) -> None:
        inner = text.source(self.source)
        for command in text.placed(self.read_inside(inner, 0, len(text.text), state, known=known), self.source):
            self.keep(command, state.asked)

    def keep_words(self, words: list[Word], state: Variables, broken: Span | None = None) -> None:
        """Keeps a command of these words."""
        placed = tuple(Word(word.text, word.span, index) for index, word in enumerate(words))
        self.keep(Command(self.source, placed, broken), state.asked)

    def keep(self, command: Command, asked: bool) -> None:
        """Keeps a command, or notes that it is also started without being asked for."""
        key = tuple((word.text, word.span.start) for word in command.words)
        before = self.found.get(key)
        if before is None or (before.asked and not asked):
            self.found[key] = FoundCommand(command, asked)


def called_script(texts: Sequence[str]) -> int | None:
    """Returns the index of the shell script that a command starts, behind launchers and their options."""
    for at, text in enumerate(texts[:_MOST_BEFORE]):
        if _SCRIPT_NAME.fullmatch(text) and not text.startswith("-"):
            return at
        starts = PurePosixPath(text).name in _CALLS or _ASSIGNS.match(text)
        if not starts and not text.startswith("-") and not (at and texts[at - 1].startswith("-")):
            return None
    return None


def _with_items(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from token.items or ()


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
