"""Follows a shell script along all its paths, a bounded number of them at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import UNKNOWN, Command

from .shell_commands import CommandReader
from .shell_conditions import fits, is_replaceable, subject_name
from .shell_parameters import calculated
from .shell_parser import parse_statements
from .shell_statements import (
    Case,
    Chain,
    Function,
    Group,
    If,
    Loop,
    Negated,
    Pipe,
    Simple,
    Statement,
    While,
    assigned_names,
    simple_commands,
)
from .shell_states import States, extremes, flipped, joined, local_names, note_condition, settled
from .shell_tokens import Mode, Token
from .shell_variables import Variables
from .shell_words import Lexer

#: Largest number of passes through loop bodies and functions; beyond it the variables of a loop are unknown.
MAX_PASSES = 128
#: Largest number of paths that are followed together; beyond it their differences are unknown.
MAX_PATHS = 16
#: Largest number of simple commands that are looked at, for all paths; beyond it one path is followed.
_MAX_WORK = 4_000
#: Largest number of simple commands in all; nobody writes longer scripts.
_MOST_WORK = 15_000
_MAX_CALLS = 6
_COUNTS = re.compile(
    r"\(\(\s*(\w+)\s*=\s*([^;]+?)\s*;\s*\1\s*(<=?)\s*([^;]+?)\s*;\s*(?:\1\+\+|\+\+\1|\1\s*\+=\s*1)\s*\)\)", re.ASCII
)
_PARSES = re.compile(r"\$#|\$\{?1\b|\bgetopts?\b")


@dataclass
class Shared:
    """What the readers of a script and of the texts inside it have in common."""

    work: int = 0
    passes: int = 0

    @property
    def exhausted(self) -> bool:
        """Whether only one path is followed from here on."""
        return self.work > _MAX_WORK


@dataclass
class _Unreached:
    """A branch that no path took, and the variables before it."""

    body: list[Statement]
    state: Variables
    names: set[str] = field(default_factory=set)


class PathReader(CommandReader):
    """Reads one script, or the text inside one that another shell runs."""

    def __init__(self, source: Source, mode: Mode, shared: Shared, nesting: int = 0) -> None:
        super().__init__(source, mode, nesting)
        self.shared = shared
        self.calls = 0
        self.called: set[str] = set()
        self.entered: set[int] = set()
        self.unreached: dict[int, _Unreached] = {}

    def read(self, start: int, end: int, first: Variables) -> list[Command]:
        """Returns the commands of a range."""
        lexer = Lexer(self.source.text, start, end, self.mode)
        statements = parse_statements(lexer.tokens())
        self.bodies = lexer.bodies
        states = self._run(statements, [first])
        last = states[0] if states else first
        for function in [item for name, item in self.functions.items() if name not in self.called]:
            state = last.copy()
            state.arguments, state.jump = None, ""
            self._run(function.body, [state])
        for branch in self.unreached.values():
            branch.state.forget(branch.names)
            self._run(branch.body, [branch.state])
        return self.commands()

    def read_inside(self, source: Source, start: int, end: int, state: Variables, *, known: bool) -> list[Command]:
        """Returns the commands of a text inside the script, which has the script's variables if they are ``known``."""
        self.shared.work += (end - start) // 50
        if self.shared.work > _MOST_WORK:
            return []
        inner = Variables(source, self.mode, state.values if known else {})
        inner.arguments, inner.budget = (state.arguments if known else None), state.budget
        return PathReader(source, self.mode, self.shared, self.nesting + 1).read(start, end, inner)

    def _run(self, statements: Sequence[Statement], states: States) -> States:
        """Follows statements from some states; returns the states behind them, ended paths among them."""
        if statements:
            self.entered.add(id(statements))
        ended: States = []
        for statement in statements:
            if self.shared.work > _MOST_WORK:
                break
            going = [state for state in states if not state.jump]
            ended += [state for state in states if state.jump]
            if not going:
                return self._bounded(ended)
            states = self._statement(statement, going)
            if len(states) > 1:
                states = self._bounded(states)
        return self._bounded([*states, *ended]) if ended else states

    def _bounded(self, states: States) -> States:
        return joined(states, 1 if self.shared.exhausted else MAX_PATHS)

    def _statement(self, statement: Statement, states: States) -> States:
        if isinstance(statement, Simple):
            return [after for state in states for after in self._simple(statement, state)]
        if isinstance(statement, Chain):
            return self._chain(statement, states)
        if isinstance(statement, If):
            return self._if(statement, states)
        if isinstance(statement, Case):
            return self._case(statement, states)
        if isinstance(statement, Loop):
            return [after for state in states for after in self._loop(statement, state)]
        if isinstance(statement, While):
            return self._while(statement, states)
        if isinstance(statement, Function):
            self.functions[statement.name] = statement
            return states
        if isinstance(statement, Negated):
            return [flipped(state) for state in self._statement(statement.body, states)]
        return self._grouped(statement, states)

    def _grouped(self, statement: Group | Pipe, states: States) -> States:
        if isinstance(statement, Group) and not statement.separate:
            return self._run(statement.body, states)
        parts = [statement.body] if isinstance(statement, Group) else [[part] for part in statement.parts]
        for state in states:
            state.status, state.outcome = None, None
            for part in parts:
                self._run(part, [state.copy()])
            if isinstance(statement, Pipe):
                self.piped(statement, state)
        return states

    def _simple(self, simple: Simple, state: Variables) -> States:
        self.shared.work += 1 + len(state.values) // 100
        words = self.simple(simple, state)
        name = words[0].text if words else ""
        function = self.functions.get(name)
        if function is None:
            return [state]
        self.called.add(name)
        if self.calls >= _MAX_CALLS or self.shared.passes >= MAX_PASSES or self.shared.exhausted:
            state.forget(assigned_names(function.body))
            return [state]
        self.shared.passes += 1
        self.calls += 1
        after = self._call(function, tuple(word.text for word in words[1:]), state)
        self.calls -= 1
        return after

    def _call(self, function: Function, arguments: tuple[str, ...], state: Variables) -> States:
        outer, before = state.arguments, dict(state.values)
        state.arguments = arguments
        local = local_names(function.body)
        states = self._run(function.body, [state])
        for after in states:
            after.arguments = outer
            after.jump = "" if after.jump == "return" else after.jump
            for name in local & after.values.keys():
                del after.values[name]
                if name in before:
                    after.values[name] = before[name]
        return states

    def _split(self, states: States, body: Iterable[Statement]) -> tuple[States, States]:
        """Splits states by the outcome of their last command."""
        yes: States = []
        no: States = []
        for state in states:
            if state.jump:
                yes.append(state)
            elif state.status is not None:
                (yes if state.status else no).append(state)
            elif self.shared.exhausted:
                self._run(list(body), [state])
                state.forget(assigned_names(list(body)))
                state.jump, state.status = "", None
                no.append(state)
            else:
                holds, fails = state.copy(True), state.copy(False)
                note_condition(state.outcome, holds, fails)
                yes.append(holds)
                no.append(fails)
                self.shared.work += len(state.values) // 10
        return yes, no

    def _chain(self, chain: Chain, states: States) -> States:
        states = self._statement(chain.parts[0][1], states)
        for operator, part in chain.parts[1:]:
            yes, no = self._split(states, [part])
            chosen, skipped = (yes, no) if operator == "&&" else (no, yes)
            ended = [state for state in chosen if state.jump]
            after = self._statement(part, [state for state in chosen if not state.jump])
            states = self._bounded([*after, *skipped, *ended] if operator == "&&" else [*skipped, *after, *ended])
        for state in states:
            state.status = None if len({state.status for state in states}) > 1 else state.status
        return states

    def _if(self, statement: If, states: States) -> States:
        done: States = []
        for condition, body in statement.branches:
            yes, states = self._split(self._run(condition, states), body)
            if yes:
                done += self._run(body, yes)
            elif states:
                self._note_unreached(body, states[0], condition)
        if statement.otherwise is None:
            done += states
        elif states:
            done += self._run(statement.otherwise, states)
        elif done:
            self._note_unreached(statement.otherwise, done[0], statement.branches[0][0])
        return settled(done)

    def _note_unreached(self, body: list[Statement], state: Variables, condition: Sequence[Statement]) -> None:
        names = {
            piece.text
            for simple in simple_commands(condition)
            for token in simple.words
            for piece in token.pieces
            if piece.kind == "variable"
        }
        self._unreached(body, state, names)

    def _unreached(self, body: list[Statement], state: Variables, names: set[str]) -> None:
        if len(self.unreached) < MAX_PASSES:
            snapshot = state.copy()
            snapshot.jump = ""
            self.unreached.setdefault(id(body), _Unreached(body, snapshot, names))

    def _case(self, statement: Case, states: States) -> States:
        done: States = []
        for state in states:
            done += self._arms(statement, state)
        return settled(done)

    def _arms(self, statement: Case, state: Variables) -> States:
        name, text = subject_name(statement.subject), state.text(statement.subject)
        known = UNKNOWN not in text and not is_replaceable(statement.subject, state)
        if self.shared.exhausted:
            for _, body in statement.arms:
                self._run(body, [state])
                state.forget(assigned_names(body))
                state.jump = ""
            return [state]
        done: States = []
        for patterns, body in statement.arms:
            raw = [self._pattern(token) for token in patterns]
            matches = [fits(text, pattern) for pattern in raw] if known else [None]
            if known and not any(match is not False for match in matches):
                self._unreached(body, state, {name})
                continue
            self.shared.work += len(state.values) // 10
            inside = state.copy()
            plain = len(raw) == 1 and not set(raw[0]) & set("*?[$")
            if name and not known:
                inside.refine(name, raw[0] if plain else None)
            done += self._run(body, [inside])
            if any(matches) or "*" in raw:
                return done
        if not known and name in state.defaults:
            state.refine(name, None)
        return [*done, state]

    def _pattern(self, token: Token) -> str:
        return self.source.text[token.start : token.end].replace('"', "").replace("'", "")

    def _while(self, statement: While, states: States) -> States:
        names = assigned_names([*statement.condition, *statement.body])
        first = next(simple_commands(statement.condition), None)
        text = self._text(first) if first is not None else ""
        parses = bool(_PARSES.search(text)) or any(
            simple.words and simple.words[0].plain == "shift" for simple in simple_commands(statement.body)
        )
        for state in states:
            inside = state.copy()
            inside.forget(names)
            inside.arguments = None if parses else inside.arguments
            self._run(statement.body, self._run(statement.condition, [inside]))
            self._skip_loop(state, names, parses)
        return states

    def _text(self, simple: Simple) -> str:
        return self.source.text[simple.words[0].start : simple.words[-1].end] if simple.words else ""

    def _skip_loop(self, state: Variables, names: Iterable[str], parses: bool) -> None:
        """Goes on behind a loop of unknown length; where it reads the caller's options, with their defaults."""
        state.status, state.outcome = None, None
        for name in names:
            default = state.values.get(name)
            if parses and default and UNKNOWN not in default:
                state.defaults.add(name)
            else:
                state.forget([name])
        if parses:
            state.arguments = None

    def _loop(self, loop: Loop, state: Variables) -> States:
        name, values = self._values(loop, state)
        if not values or any(UNKNOWN in value for value in values):
            return self._unknown_loop(loop, name, state)
        if self.shared.exhausted or self.shared.passes + len(values) > MAX_PASSES:
            values = extremes(values) if not self.shared.exhausted and self.shared.passes < 2 * MAX_PASSES else []
            self.shared.passes += len(values)
            for value in values:
                inside = state.copy()
                inside.values[name] = value
                self._run(loop.body, [inside])
            return self._unknown_loop(loop, name, state)
        states = [state]
        for value in values:
            self.shared.passes += 1
            for each in states:
                if not each.jump:
                    each.values[name] = value
                    each.defaults.discard(name)
            states = self._run(loop.body, states)
            for each in states:
                each.jump = "" if each.jump == "continue" else each.jump
        for each in states:
            each.jump = "" if each.jump == "break" else each.jump
        return states

    def _values(self, loop: Loop, state: Variables) -> tuple[str, list[str]]:
        if loop.counts is None:
            return loop.name, [word.text for token in loop.words for word in state.expand(token)]
        text = self.source.text[loop.counts.start : loop.counts.end]
        match = _COUNTS.fullmatch(text)
        if match is None:
            named = re.match(r"\(\(\s*(\w+)\s*=", text)
            return (named[1] if named else ""), []
        first, last = calculated(match[2], state.value), calculated(match[4], state.value)
        if first is None or last is None:
            return match[1], []
        end = int(last) + (match[3] == "<=")
        return match[1], [str(value) for value in range(int(first), min(end, int(first) + 4 * MAX_PASSES))]

    def _unknown_loop(self, loop: Loop, name: str, state: Variables) -> States:
        names = assigned_names(loop.body)
        given = loop.counts is None and (
            not loop.words or any(piece.kind == "arguments" for token in loop.words for piece in token.pieces)
        )
        inside = state.copy()
        inside.forget([*names, name])
        if given and state.arguments is None:
            self._run(loop.body, [inside])
            self._skip_loop(state, names, True)
            return [state]
        states = self._run(loop.body, [inside])
        for each in states:
            each.jump = "" if each.jump in ("continue", "break") else each.jump
        return states
