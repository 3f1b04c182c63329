"""Follows the branches of a shell script: ``if``, ``case``, ``&&`` and ``||``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import UNKNOWN

from .shell_commands import CommandReader
from .shell_conditions import fits, is_replaceable, subject_name
from .shell_limits import MAX_PASSES, MAX_PATHS, Shared
from .shell_statements import Case, Chain, If, Statement, assigned_names, simple_commands
from .shell_states import States, joined, note_condition, settled
from .shell_tokens import Mode, Token
from .shell_variables import Variables


@dataclass
class Unreached:
    """A branch that no path took, and the variables before it."""

    body: list[Statement]
    state: Variables
    names: set[str] = field(default_factory=set)


class BranchReader(CommandReader):
    """Follows branches: a path for each one whose condition may hold."""

    def __init__(self, source: Source, mode: Mode, shared: Shared, nesting: int) -> None:
        super().__init__(source, mode, shared, nesting)
        self.unreached: dict[int, Unreached] = {}

    def bounded(self, states: States) -> States:
        """Returns the states, the last ones joined if there are too many."""
        return joined(states, 1 if self.shared.exhausted else MAX_PATHS)

    def run_unreached(self) -> None:
        """Follows the branches that no path entered; what their conditions ask about is unknown."""
        done: set[int] = set()
        while left := [place for place in self.unreached if place not in done and place not in self.entered]:
            done.update(left)
            for branch in [self.unreached[place] for place in left]:
                branch.state.forget(branch.names)
                self.run(branch.body, [branch.state])

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
                self.run(list(body), [state])
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

    def chain(self, chain: Chain, states: States) -> States:
        """Follows ``first && second || third``."""
        states = self.statement(chain.parts[0][1], states)
        for operator, part in chain.parts[1:]:
            yes, no = self._split(states, [part])
            chosen, skipped = (yes, no) if operator == "&&" else (no, yes)
            ended = [state for state in chosen if state.jump]
            after = self.statement(part, [state for state in chosen if not state.jump])
            states = self.bounded([*after, *skipped, *ended] if operator == "&&" else [*skipped, *after, *ended])
        for state in states:
            state.status = None if len({state.status for state in states}) > 1 else state.status
        return states

    def branch(self, statement: If, states: States) -> States:
        """Follows ``if``: a path for each branch."""
        done: States = []
        for condition, body in statement.branches:
            yes, states = self._split(self.run(condition, states), body)
            if yes:
                done += self.run(body, yes)
            elif states:
                self._note_unreached(body, states[0], condition)
        if statement.otherwise is None:
            done += states
        elif states:
            done += self.run(statement.otherwise, states)
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
            self.unreached.setdefault(id(body), Unreached(body, snapshot, names))

    def case(self, statement: Case, states: States) -> States:
        """Follows ``case``: a path for each pattern that may fit."""
        done: States = []
        for state in states:
            done += self._arms(statement, state)
        return settled(done)

    def _arms(self, statement: Case, state: Variables) -> States:
        name, text = subject_name(statement.subject), state.text(statement.subject)
        known = UNKNOWN not in text and not is_replaceable(statement.subject, state)
        if self.shared.exhausted:
            for _, body in statement.arms:
                self.run(body, [state])
                state.forget(self.names_of(body))
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
            done += self.run(body, [inside])
            if any(matches) or "*" in raw:
                return done
        if not known and name in state.defaults:
            state.refine(name, None)
        return [*done, state]

    def _pattern(self, token: Token) -> str:
        return self.source.text[token.start : token.end].replace('"', "").replace("'", "")
