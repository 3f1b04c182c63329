"""Joins and changes the states of the paths through a shell script."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from dreamerguard.sources.argv import UNKNOWN

from .shell_statements import Statement, simple_commands, target_of
from .shell_values import ConditionOutcome
from .shell_variables import Variables

_NUMBER = re.compile(r"-?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")
States = list[Variables]


def note_condition(outcome: ConditionOutcome | None, holds: Variables, fails: Variables) -> None:
    """Notes in two states what the condition between them says."""
    if outcome is None:
        return
    if outcome.name:
        if outcome.name in holds.defaults and fails.values.get(outcome.name) == outcome.value:
            fails.refine(outcome.name, None)
        holds.refine(outcome.name, outcome.value)
    if outcome.asked is not None:
        given = holds if outcome.asked else fails
        given.asked = True
        if outcome.filled and given.values.get(outcome.filled) == "":
            given.refine(outcome.filled, None)


def flipped(state: Variables) -> Variables:
    """Returns a state behind ``!``: the outcome of its last command is turned round."""
    state.status = None if state.status is None else not state.status
    outcome = state.outcome
    asked, filled = (outcome.asked, outcome.filled) if outcome is not None else (None, "")
    state.outcome = ConditionOutcome(asked=not asked, filled=filled) if asked is not None else None
    return state


def settled(states: States) -> States:
    """Returns states behind a branch, where the last outcome no longer counts."""
    for state in states:
        state.status, state.outcome = None, None
    return states


def joined(states: States, most: int) -> States:
    """Returns the states without duplicates, the last ones joined to one if there are too many."""
    if len(states) < 2:
        return states
    unique: dict[object, Variables] = {}
    for state in states:
        unique.setdefault(state.identity, state)
    kept = list(unique.values())
    if len(kept) <= most:
        return kept
    going = [state for state in kept if not state.jump]
    if len(going) <= most:
        return [*going, *[state for state in kept if state.jump][:1]]
    last = going[most - 1]
    for state in going[most:]:
        different = {
            name
            for name in state.values.keys() | last.values.keys()
            if state.values.get(name) != last.values.get(name) or (name in state.values) != (name in last.values)
        }
        last.forget(different)
        last.arguments = last.arguments if last.arguments == state.arguments else None
        last.asked = last.asked and state.asked
        if last.printed != state.printed:
            last.printed = (f"{UNKNOWN}\n",)
    return [*going[: most - 1], last]


def extremes(values: list[str]) -> list[str]:
    """Returns the smallest and the largest of many numbers, or the first and the last of other values."""
    if all(_NUMBER.fullmatch(value) for value in values):
        key: Callable[[str], float] = float
        return sorted({min(values, key=key), max(values, key=key)}, key=key)
    return [values[0], values[-1]]


def local_names(statements: Sequence[Statement]) -> set[str]:
    """Returns the variables that a function declares as its own."""
    return {
        token.plain or (target_of(token) or ("",))[0]
        for simple in simple_commands(statements)
        if simple.words and simple.words[0].plain in ("local", "declare", "typeset")
        for token in simple.words[1:]
    }
