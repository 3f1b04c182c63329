"""Follows a shell script along all its paths, a bounded number of them at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import Command

from .array_jobs import array_tasks
from .shell_branches import BranchReader
from .shell_limits import MAX_CALLS, Shared
from .shell_loops import LoopReader
from .shell_output import OutputReader
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
)
from .shell_states import States, flipped, joined, local_names
from .shell_tokens import Mode
from .shell_values import Value
from .shell_variables import Variables
from .shell_words import Lexer

#: Deepest nesting of function calls.
_MAX_DEPTH = 6


class PathReader(BranchReader, LoopReader, OutputReader):
    """Reads one script, or the text inside one that another shell runs."""

    def __init__(self, source: Source, mode: Mode, shared: Shared, nesting: int = 0) -> None:
        super().__init__(source, mode, shared, nesting)
        self.depth = 0
        self.called: set[str] = set()

    def read(self, start: int, end: int, first: Variables) -> list[Command]:
        """Returns the commands of a range."""
        lexer = Lexer(self.source.text, start, end, self.mode)
        statements = parse_statements(lexer.tokens())
        self.bodies = lexer.bodies
        for state in self._tasks(start, end, first):
            states = self.run(statements, [state])
            self._run_uncalled(states[0] if states else state)
        self.run_unreached()
        return self.commands()

    def _tasks(self, start: int, end: int, first: Variables) -> Iterator[Variables]:
        """Yields the variables before the script, once for each task of an array job."""
        whole = start == 0 and end == len(self.source.text) and self.mode == "script" and not self.nesting
        tasks = array_tasks(self.source.text) if whole else None
        if tasks is None:
            yield first
            return
        name, numbers = tasks
        for number in numbers:
            state = first.copy()
            state.values[name] = str(number)
            yield state
            self.shared.next_task()

    def _run_uncalled(self, last: Variables) -> None:
        """Follows the functions that nothing calls, from the state behind the script."""
        for function in [item for name, item in self.functions.items() if name not in self.called]:
            state = last.copy()
            state.arguments, state.jump = None, ""
            self.run(function.body, [state])

    def read_inside(self, source: Source, start: int, end: int, state: Variables, *, known: bool) -> list[Command]:
        """Returns the commands of a text inside the script, which has the script's variables if they are ``known``."""
        self.shared.work += 1 + (end - start) // 50
        if self.shared.ended:
            return []
        inner = Variables(source, self.mode, state.values if known else state.passed)
        inner.arguments, inner.budget = (state.arguments if known else None), state.budget
        return PathReader(source, self.mode, self.shared, self.nesting + 1).read(start, end, inner)

    def read_script(self, source: Source, arguments: tuple[str, ...], state: Variables) -> list[Command]:
        """Returns the commands of another script, started with arguments; it knows only what the state passes on."""
        self.shared.work += 1 + len(source.text) // 50
        if self.shared.ended:
            return []
        inner = Variables(source, "script", state.passed)
        inner.arguments, inner.budget = arguments, state.budget
        return PathReader(source, "script", self.shared, self.nesting + 1).read(0, len(source.text), inner)

    def sourced(self, source: Source, state: Variables) -> dict[str, Value]:
        """Returns the variables behind a script that is read into this one."""
        self.shared.work += 1 + len(source.text) // 50
        reader = PathReader(source, self.mode, self.shared, self.nesting + 1)
        inner = Variables(source, self.mode, state.values)
        inner.arguments, inner.budget = state.arguments, state.budget
        lexer = Lexer(source.text, 0, len(source.text), self.mode)
        states = joined(reader.run(parse_statements(lexer.tokens()), [inner]), 1)
        return states[0].values if states else state.values

    def run(self, statements: Sequence[Statement], states: States) -> States:
        """Follows statements from some states; returns the states behind them, ended paths among them."""
        if statements:
            self.entered.add(id(statements))
        ended: States = []
        for statement in statements:
            if self.shared.ended:
                break
            going = [state for state in states if not state.jump]
            ended += [state for state in states if state.jump]
            if not going:
                return self.bounded(ended)
            states = self.statement(statement, going)
            if len(states) > 1:
                states = self.bounded(states)
        return self.bounded([*states, *ended]) if ended else states

    def statement(self, statement: Statement, states: States) -> States:
        """Follows one statement from some states; returns the states behind it."""
        if isinstance(statement, Simple):
            return [
                after
                for state in states
                for each in self.with_outputs(statement, state)
                for after in self._simple(statement, each)
            ]
        if isinstance(statement, Chain):
            return self.chain(statement, states)
        if isinstance(statement, If):
            return self.branch(statement, states)
        if isinstance(statement, Case):
            return self.case(statement, states)
        if isinstance(statement, Loop):
            return [after for state in states for after in self.loop(statement, state)]
        if isinstance(statement, While):
            return self.loop_while(statement, states)
        if isinstance(statement, Function):
            self.functions[statement.name] = statement
            return states
        if isinstance(statement, Negated):
            return [flipped(state) for state in self.statement(statement.body, states)]
        return self._grouped(statement, states)

    def _grouped(self, statement: Group | Pipe, states: States) -> States:
        if isinstance(statement, Group) and not statement.separate:
            return self.run(statement.body, states)
        parts = [statement.body] if isinstance(statement, Group) else [[part] for part in statement.parts]
        for state in states:
            state.status, state.outcome = None, None
            for part in parts:
                self.run(part, [state.copy()])
            state.print_unknown()
            if isinstance(statement, Pipe):
                self.piped(statement, state)
        return states

    def _simple(self, simple: Simple, state: Variables) -> States:
        self.shared.work += 1 + len(state.values) // 100
        if (read := self.reads(simple, state)) is not None:
            return read
        words = self.simple(simple, state)
        state.outputs = {}
        name = words[0].text if words else ""
        function = self.functions.get(name)
        if function is None:
            self.prints(simple, words, state)
            return [state]
        self.called.add(name)
        if self.depth >= _MAX_DEPTH or self.shared.calls >= MAX_CALLS or self.shared.exhausted:
            state.forget(self.names_of(function.body))
            return [state]
        self.shared.calls += 1
        self.depth += 1
        after = self._call(function, tuple(word.text for word in words[1:]), state)
        self.depth -= 1
        return after

    def _call(self, function: Function, arguments: tuple[str, ...], state: Variables) -> States:
        outer, before = state.arguments, dict(state.values)
        state.arguments = arguments
        local = local_names(function.body)
        states = self.run(function.body, [state])
        for after in states:
            after.arguments = outer
            after.jump = "" if after.jump == "return" else after.jump
            for name in local & after.values.keys():
                del after.values[name]
                if name in before:
                    after.values[name] = before[name]
        return states
