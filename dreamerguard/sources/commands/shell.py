"""Reads the commands of a shell script with the positions of their words.

Variables are resolved only if the script sets them to a literal on every path to the command; ``${name:-default}`` is
the default if the script does not set the name. A loop over literal words is followed for each word, a function for
each call, and an array job for each task. All other values become `UNKNOWN` and are never guessed. Commands in quotes,
as in ``bash -c "python train.py"``, and in here-documents for a shell are read too.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from dreamerguard.core.programs import CONSOLE_COMMANDS
from dreamerguard.core.source import Source, Span
from dreamerguard.sources.argv import UNKNOWN, Command, Word

from .array_jobs import array_tasks
from .shell_statements import (
    DECLARES,
    Function,
    Loop,
    Simple,
    Statement,
    parse_statements,
    reassigned_names,
    target_of,
)
from .shell_tokens import Mode, Token
from .shell_variables import Value, Variables
from .shell_words import Lexer

#: Largest number of passes through loop bodies; beyond it the variables of a loop are unknown.
MAX_PASSES = 64
#: Largest number of passes in all tasks of an array job together.
_MAX_TASK_PASSES = 256
_MAX_NESTING = 3
_LINE_END = re.compile(r"[ \t]*\r?(?:\n|\Z)")
_PRINTS = frozenset({"echo", "printf", "git", "#", "alias", "grep", "sed", "awk"})
_QUOTED_COMMAND = re.compile(rf"(?<![\w.-])(python[\d.]*|{'|'.join(sorted(CONSOLE_COMMANDS, reverse=True))})\s")
#: Words of ``pip`` and its like, behind which a package is named and not started.
_INSTALLS = frozenset({"install", "add", "download", "wheel"})
#: Programs that run a here-document.
_SHELLS = frozenset({"bash", "sh", "zsh", "sbatch", "ssh", "srun", "qsub", "bsub", "sudo", "docker"})


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
        self.variables = Variables(source, mode, variables)
        self.nesting = nesting
        self.calls = 0
        self.passes = 0
        self.followed: set[int] = set()
        self.functions: dict[str, Function] = {}
        self.called: set[str] = set()
        self.bodies: dict[int, tuple[int, int]] = {}
        self.found: dict[tuple[tuple[str, int], ...], Command] = {}

    def read(self, start: int, end: int) -> list[Command]:
        lexer = Lexer(self.source.text, start, end, self.mode)
        statements = parse_statements(lexer.tokens())
        self.bodies = lexer.bodies
        reassigned = set(reassigned_names(statements))
        for variables in self._tasks(start, end):
            variables.reassigned = reassigned
            self.variables = variables
            self._script(statements)
        return list(self.found.values())

    def _tasks(self, start: int, end: int) -> Iterator[Variables]:
        """Yields the variables of the script, once for each task of an array job."""
        whole = start == 0 and end == len(self.source.text) and self.mode == "script"
        tasks = array_tasks(self.source.text) if whole else None
        if tasks is None:
            yield self.variables
            return
        name, numbers = tasks
        given, total = dict(self.variables.values), 0
        for number in numbers:
            variables = Variables(self.source, self.mode, given | {name: str(number)})
            variables.left = self.variables.left
            yield variables
            total += self.passes
            self.passes = 0 if total < _MAX_TASK_PASSES else MAX_PASSES

    def _script(self, statements: Sequence[Statement]) -> None:
        self._run(statements)
        for function in [item for name, item in self.functions.items() if name not in self.called]:
            self.variables.arguments = None
            self._run(function.body)

    def _run(self, statements: Sequence[Statement]) -> None:
        for statement in statements:
            if isinstance(statement, Loop):
                self._loop(statement)
            elif isinstance(statement, Function):
                self.functions[statement.name] = statement
            else:
                self._simple(statement)

    def _loop(self, loop: Loop) -> None:
        values = [word.text for token in loop.words for word in self.variables.expand(token)]
        known = bool(values) and not any(UNKNOWN in value for value in values)
        if known and self.passes + len(values) > MAX_PASSES and id(loop) in self.followed:
            values = values[:1]  # each of them was followed in an earlier pass of an outer loop
        elif not known or self.passes + len(values) > MAX_PASSES:
            self.variables.values[loop.name] = None
            self._run(loop.body)
            return
        self.followed.add(id(loop))
        for value in values:
            self.passes += 1
            self.variables.values[loop.name] = value
            self._run(loop.body)

    def _simple(self, simple: Simple) -> None:
        tokens = list(simple.words)
        if tokens and tokens[0].plain in DECLARES:
            tokens = [token for token in tokens[1:] if not (token.plain or "").startswith("-")]
        if tokens and all(target_of(token) for token in tokens):
            for token in tokens:
                self.variables.assign(token, simple.conditional)
            return
        broken = _broken(self.source, tokens)
        words = [
            word
            for token in tokens
            if broken is None or token.start != broken.start
            for word in self.variables.expand(token)
        ]
        name = words[0].text if words else ""
        if name == "shift" or (name == "set" and len(words) > 1 and words[1].text == "--"):
            self._set_arguments(words, simple.conditional)
        elif name in self.functions:
            self._call(self.functions[name], words, simple.conditional)
        elif words:
            self._command(_filled(words), broken)
            installs = any(word.text in _INSTALLS for word in words[1:4])
            if name not in _PRINTS and not installs and self.nesting < _MAX_NESTING:
                self._quoted(tokens, words)
                self._here(simple, name)

    def _command(self, words: list[Word], broken: Span | None = None) -> None:
        placed = tuple(Word(word.text, word.span, index) for index, word in enumerate(words))
        self._keep(Command(self.source, placed, broken))

    def _keep(self, command: Command) -> None:
        self.found.setdefault(tuple((word.text, word.span.start) for word in command.words), command)

    def _set_arguments(self, words: list[Word], conditional: bool) -> None:
        known = self.variables.arguments
        if conditional or (words[0].text == "shift" and (known is None or len(words) > 1)):
            self.variables.arguments = None
        elif words[0].text == "shift":
            self.variables.arguments = (known or ())[1:]
        else:
            self.variables.arguments = tuple(word.text for word in words[2:])

    def _call(self, function: Function, words: list[Word], conditional: bool) -> None:
        """Runs the body of a function with the arguments of a call."""
        self.called.add(function.name)
        if self.nesting + self.calls >= _MAX_NESTING or self.passes >= MAX_PASSES:
            return
        self.passes += 1
        self.calls += 1
        outer, before = self.variables.arguments, dict(self.variables.values)
        self.variables.arguments = tuple(word.text for word in words[1:])
        self._run(function.body)
        self.variables.arguments = outer
        self.calls -= 1
        local = {token.plain or (target_of(token) or ("",))[0] for token in _locals(function.body)}
        for name, value in list(self.variables.values.items()):
            if name in local and name not in before:
                del self.variables.values[name]
            elif name in local:
                self.variables.values[name] = before[name]
            elif conditional and (name not in before or before[name] != value):
                self.variables.values[name] = None

    def _quoted(self, tokens: list[Token], words: list[Word]) -> None:
        """Reads the commands inside quotes and variables, which another shell would run."""
        for start, end in (place for token in tokens for place in token.quotes):
            if _QUOTED_COMMAND.search(self.source.text, start, end):
                self._inner(start, end)
        literal = {token.start for token in tokens if token.plain is not None}
        for word in words:
            if word.span.start not in literal and " " in word.text and _QUOTED_COMMAND.search(word.text):
                self._command([Word(part, word.span, 0) for part in _split(word.text)])

    def _here(self, simple: Simple, name: str) -> None:
        """Reads a here-document that a shell runs."""
        if PurePosixPath(name).name in _SHELLS:
            for start, end in (self.bodies[place] for place in simple.here if place in self.bodies):
                self._inner(start, end)

    def _inner(self, start: int, end: int) -> None:
        inner = _Reader(self.source, self.mode, dict(self.variables.values), self.nesting + 1)
        inner.variables.arguments = self.variables.arguments
        for command in inner.read(start, end):
            self._keep(command)


def _locals(statements: Sequence[Statement]) -> Iterator[Token]:
    for statement in statements:
        if isinstance(statement, Loop):
            yield from _locals(statement.body)
        elif isinstance(statement, Simple) and statement.words[0].plain in ("local", "declare", "typeset"):
            yield from statement.words[1:]


def _broken(source: Source, tokens: list[Token]) -> Span | None:
    """Returns the place of a backslash with a blank and a line end behind it; None if there is none."""
    last = tokens[-1] if len(tokens) > 1 else None
    if last is None or last.quotes or last.plain not in (" ", "\t"):
        return None
    return source.span(last.start, last.end) if _LINE_END.match(source.text, last.end) else None


def _filled(words: list[Word]) -> list[Word]:
    """Returns the words with those that ``xargs`` and ``parallel`` fill in as unknown words."""
    if words[0].text not in ("xargs", "parallel"):
        return words
    filled = [Word(word.text.replace("{}", UNKNOWN), word.span, 0) for word in words]
    return filled if any("{}" in word.text for word in words) else [*filled, Word(UNKNOWN, words[0].span, 0)]


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
