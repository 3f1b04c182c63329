"""Follows the loops of a shell script: for each known value, or once with unknown variables."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import UNKNOWN

from .shell_commands import CommandReader
from .shell_limits import MAX_PASSES, Shared
from .shell_statements import Loop, Simple, While, simple_commands
from .shell_states import States, extremes
from .shell_tokens import Mode
from .shell_variables import Variables

_COUNTS = re.compile(
    r"\(\(\s*(\w+)\s*=\s*([^;]+?)\s*;\s*\1\s*(<=?)\s*([^;]+?)\s*;\s*(?:\1\+\+|\+\+\1|\1\s*\+=\s*1)\s*\)\)", re.ASCII
)
_PARSES = re.compile(r"\$#|\$\{?1\b|\bgetopts?\b")


class LoopReader(CommandReader):
    """Follows loops."""

    def __init__(self, source: Source, mode: Mode, shared: Shared, nesting: int) -> None:
        super().__init__(source, mode, shared, nesting)
        self.followed: set[int] = set()

    def loop_while(self, statement: While, states: States) -> States:
        """Follows ``while`` and ``until``."""
        names = self.names_of(statement.condition) | self.names_of(statement.body)
        first = next(simple_commands(statement.condition), None)
        text = self._text(first) if first is not None else ""
        parses = bool(_PARSES.search(text)) or any(
            simple.words and simple.words[0].plain == "shift" for simple in simple_commands(statement.body)
        )
        for state in states:
            inside = state.copy()
            inside.forget(names)
            inside.arguments = None if parses else inside.arguments
            self.run(statement.body, self.run(statement.condition, [inside]))
            self._skip_loop(state, names, parses)
        return states

    def _text(self, simple: Simple) -> str:
        return self.source.text[simple.words[0].start : simple.words[-1].end] if simple.words else ""

    def _skip_loop(self, state: Variables, names: Iterable[str], parses: bool) -> None:
        """Goes on behind a loop of unknown length; where it reads the caller's options, with their defaults."""
        state.status, state.outcome = None, None
        state.print_unknown()
        for name in names:
            default = state.values.get(name)
            if parses and default and UNKNOWN not in default:
                state.defaults.add(name)
            else:
                state.forget([name])
        if parses:
            state.arguments = None

    def loop(self, loop: Loop, state: Variables) -> States:
        """Follows ``for``."""
        name, values = self._values(loop, state)
        if not values or any(UNKNOWN in value for value in values):
            return self._unknown_loop(loop, name, state)
        if self.shared.exhausted or self.shared.passes + len(values) > MAX_PASSES:
            if id(loop) not in self.followed:
                return self._extremes(loop, name, values, state)
            values = values[:1]  # each of them was followed in an earlier pass of a loop around it
        else:
            self.followed.add(id(loop))
        states = [state]
        for value in values:
            self.shared.passes += 1
            for each in states:
                if not each.jump:
                    each.values[name] = value
                    each.defaults.discard(name)
            states = self.run(loop.body, states)
            for each in states:
                each.jump = "" if each.jump == "continue" else each.jump
        for each in states:
            each.jump = "" if each.jump == "break" else each.jump
        return states

    def _extremes(self, loop: Loop, name: str, values: list[str], state: Variables) -> States:
        """Follows a loop with too many values for two of them, and for an unknown one."""
        few = extremes(values) if not self.shared.exhausted and self.shared.passes < 2 * MAX_PASSES else []
        self.shared.passes += len(few)
        for value in few:
            inside = state.copy()
            inside.values[name] = value
            self.run(loop.body, [inside])
        return self._unknown_loop(loop, name, state)

    def _values(self, loop: Loop, state: Variables) -> tuple[str, list[str]]:
        if loop.counts is None:
            return loop.name, [text for token in loop.words for text in state.listed(token)]
        text = self.source.text[loop.counts.start : loop.counts.end]
        match = _COUNTS.fullmatch(text)
        if match is None:
            named = re.match(r"\(\(\s*(\w+)\s*=", text)
            return (named[1] if named else ""), []
        first, last = state.number(match[2]), state.number(match[4])
        if first is None or last is None:
            return match[1], []
        end = last + (match[3] == "<=")
        return match[1], [str(value) for value in range(first, min(end, first + 4 * MAX_PASSES))]

    def _unknown_loop(self, loop: Loop, name: str, state: Variables) -> States:
        names = self.names_of(loop.body)
        given = loop.counts is None and (
            not loop.words or any(piece.kind == "arguments" for token in loop.words for piece in token.pieces)
        )
        inside = state.copy()
        inside.forget([*names, name])
        if given and state.arguments is None:
            self.run(loop.body, [inside])
            self._skip_loop(state, names, True)
            return [state]
        states = self.run(loop.body, [inside])
        for each in states:
            each.jump = "" if each.jump in ("continue", "break") else each.jump
            each.print_unknown()
        return states
