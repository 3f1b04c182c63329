"""Follows what parts of a shell script print into its variables: ``$(flags)``, ``mapfile -t ARGS < <(flags)``."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Sequence

from dreamerguard.sources.argv import UNKNOWN, Word

from .nearby_files import read_nearby
from .shell_commands import CommandReader
from .shell_parser import parse_statements
from .shell_reading import ShellReading, filled, reading_of
from .shell_statements import Simple, Statement
from .shell_states import States
from .shell_values import PlacedText
from .shell_variables import Variables
from .shell_words import Lexer

#: Commands that print nothing.
_SILENT = frozenset({
    "exit", "return", "break", "continue", "shift", "set", "unset", "export", "local", "declare", "readonly", "trap",
    "mkdir", "cd", "sleep", "wait", "rm", "cp", "mv", "touch", "chmod", "source", ".", "read", "mapfile", "readarray",
})  # fmt: skip
_FORMAT = re.compile(r"%[sdq]|%%|\\n|\\t|\\0")
_MEANT = {"%%": "%", "\\n": "\n", "\\t": "\t", "\\0": "\0"}
_MOST_PARTS = 500
#: Most ways in which a function may print.
_MOST_WAYS = 4


class OutputReader(CommandReader):
    """Captures what commands print."""

    @abstractmethod
    def run(self, statements: Sequence[Statement], states: States) -> States:
        """Follows statements from some states; returns the states behind them."""

    def with_outputs(self, simple: Simple, state: Variables) -> States:
        """Returns the state with the outputs of the functions that stand in ``$(...)``: one state for each way."""
        states = [state]
        for start, end in _inner(simple):
            text = self.source.text[start:end]
            name = text.split(None, 1)[0] if text.strip() else ""
            if name in self.functions and not self.shared.exhausted:
                lexer = Lexer(self.source.text, start, end, self.mode)
                body = parse_statements(lexer.tokens())
                states = [
                    self._knows(each, text, after)
                    for each in states
                    for after in self._captured(body, each)[:_MOST_WAYS]
                ][:_MOST_WAYS]
        return states

    def _knows(self, state: Variables, text: str, after: Variables) -> Variables:
        other = state.copy(state.status)
        other.outputs = {**state.outputs, text: _shown(after)}
        other.asked = state.asked or after.asked
        return other

    def _captured(self, body: Sequence[Statement], state: Variables) -> States:
        """Returns the states behind a shell of its own, with what each printed."""
        inner = state.copy()
        inner.printed = ()
        return self.run(body, [inner])

    def reads(self, simple: Simple, state: Variables) -> States | None:
        """Follows ``read`` and ``mapfile`` with a known input; returns None for other commands."""
        reading = reading_of(simple.words)
        if reading is None or not (simple.input or simple.given or simple.read or simple.here):
            return None
        if simple.input:
            return [
                self._filled(reading, _shown(after), state, asked=after.asked)
                for after in self._captured(simple.input, state)[:_MOST_WAYS]
            ]
        return [self._filled(reading, (self._input(simple, state),), state, asked=False)]

    def _filled(self, reading: ShellReading, text: Sequence[str], state: Variables, *, asked: bool) -> Variables:
        other = state.copy(True)
        other.outcome = None
        other.asked = state.asked or asked
        other.forget(reading.names)
        other.values |= filled(reading, text)
        return other

    def _input(self, simple: Simple, state: Variables) -> str:
        if simple.given:
            return state.text(simple.given[-1])
        if simple.read:
            file = read_nearby(state.text(simple.read[-1]))
            return file.text if file is not None else UNKNOWN
        return self.document(simple)

    def document(self, simple: Simple) -> str:
        """Returns the text of a here-document without variables."""
        start, end = self.bodies.get(simple.here[-1], (0, 0))
        text = self.source.text[start:end]
        quoted = self.source.text[simple.here[-1] : start].lstrip("<-").lstrip().startswith(("'", '"', "\\"))
        return text if quoted or not set("$`\\") & set(text) else UNKNOWN

    def prints(self, simple: Simple, words: Sequence[Word], state: Variables) -> None:
        """Notes what a command prints where that is captured."""
        if state.printed is None or simple.aside or not words or words[0].text in _SILENT:
            return
        printed: list[str] = [f"{UNKNOWN}\n"]
        if words[0].text == "cat" and simple.here and len(words) == 1:
            printed = [self.document(simple)]
        elif words[0].text == "echo":
            printed = [PlacedText(_echo([word.text for word in words[1:]]), words[-1].span)]
        elif words[0].text == "printf":
            printed = _printf(words[1:])
        state.printed = (*state.printed, *printed)[:_MOST_PARTS]


def _inner(simple: Simple) -> list[tuple[int, int]]:
    tokens = [part for token in simple.words for part in (token, *(token.items or ()))]
    return [place for token in tokens for place in token.inner]


def _shown(state: Variables) -> tuple[str, ...]:
    return state.printed if state.printed is not None else (UNKNOWN,)


def _echo(words: Sequence[str]) -> str:
    kept = list(words)
    options = ""
    while kept and re.fullmatch(r"-[neE]+", kept[0]):
        options += kept.pop(0)
    text = " ".join(kept)
    return (text.replace("\\n", "\n") if "e" in options else text) + ("" if "n" in options else "\n")


def _printf(words: Sequence[Word]) -> list[str]:
    kept = list(words[1:] if words and words[0].text == "--" else words)
    form = kept[0].text if kept else ""
    if not kept or "%" in _FORMAT.sub("", form) or UNKNOWN in form:
        return [f"{UNKNOWN}\n"]
    step = sum(place not in _MEANT for place in _FORMAT.findall(form))
    if not step:
        return [PlacedText(_formatted(form, ()), kept[0].span)]
    groups = [kept[1:][at : at + step] for at in range(0, max(len(kept) - 1, 1), step)]
    return [PlacedText(_formatted(form, group), (group or kept)[0].span) for group in groups]


def _formatted(form: str, words: Sequence[Word]) -> str:
    left = iter(words)

    def filled_in(match: re.Match[str]) -> str:
        word = None if match[0] in _MEANT else next(left, None)
        return _MEANT.get(match[0]) or (word.text if word is not None else "")

    return _FORMAT.sub(filled_in, form)
