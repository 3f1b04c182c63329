"""Groups the tokens of a shell script into commands, branches, loops and functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .shell_tokens import Token

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(\+?)=", re.ASCII)
_ITEM = re.compile(r"([A-Za-z_]\w*)\[", re.ASCII)
_READS = frozenset({"read", "getopts", "mapfile", "readarray", "unset"})
#: Commands that set variables.
DECLARES = frozenset({"export", "local", "declare", "readonly", "typeset"})


@dataclass
class Simple:
    """One simple command.

    Attributes:
      here: places of its ``<<``.
      written: files that it writes to.
      given: text after ``<<<``.
      read: files after ``<``.
      input: commands in ``< <(...)``.
      aside: whether its output goes to a file or to the error stream.
      changes: variables that ``((i += 1))`` changes.
    """

    words: list[Token]
    here: list[int] = field(default_factory=list)
    written: list[Token] = field(default_factory=list)
    given: list[Token] = field(default_factory=list)
    read: list[Token] = field(default_factory=list)
    input: list[Statement] = field(default_factory=list)
    aside: bool = False
    changes: list[str] = field(default_factory=list)


@dataclass
class Chain:
    """``first && second || third``: each part with the operator before it."""

    parts: list[tuple[str, Statement]]


@dataclass
class Pipe:
    """``first | second``."""

    parts: list[Statement]


@dataclass
class Negated:
    """``! statement``."""

    body: Statement


@dataclass
class Group:
    """``{ body; }``, or ``( body )`` if it is a shell of its own."""

    body: list[Statement]
    separate: bool


@dataclass
class If:
    """``if``, ``elif`` and ``else``: the branches with their conditions."""

    branches: list[tuple[list[Statement], list[Statement]]]
    otherwise: list[Statement] | None = None


@dataclass
class Case:
    """``case subject in patterns) body;; esac``."""

    subject: Token
    arms: list[tuple[list[Token], list[Statement]]]


@dataclass
class While:
    """``while`` or ``until``."""

    condition: list[Statement]
    body: list[Statement]


@dataclass
class Loop:
    """``for name in words; do body; done``; no words if it loops over the script's arguments or counts."""

    name: str
    words: list[Token]
    body: list[Statement] = field(default_factory=list)
    #: Place of ``((i=0; i<3; i++))``.
    counts: Token | None = None


@dataclass
class Function:
    """``name() { body; }``."""

    name: str
    body: list[Statement] = field(default_factory=list)


Statement = Simple | Chain | Pipe | Negated | Group | If | Case | While | Loop | Function


def target_of(token: Token) -> tuple[str, str] | None:
    """Returns the name and the ``+`` of an assignment; None if the token is not an assignment."""
    first = token.pieces[0] if token.pieces else None
    match = _ASSIGNMENT.match(first.text) if first is not None and first.kind == "text" and not first.quoted else None
    return (match[1], match[2]) if match else None


def item_target_of(token: Token) -> str:
    """Returns the name of the array in ``name[index]=value``; empty if the token is no such assignment."""
    first = token.pieces[0] if token.pieces else None
    match = _ITEM.match(first.text) if first is not None and first.kind == "text" and not first.quoted else None
    return match[1] if match and any("]=" in piece.text or "]+=" in piece.text for piece in token.pieces) else ""


def simple_commands(statements: Sequence[Statement]) -> Iterator[Simple]:
    """Yields all simple commands, however deep, in order."""
    queue: list[Statement] = list(reversed(statements))
    while queue:
        statement = queue.pop()
        if isinstance(statement, Simple):
            yield statement
            queue.extend(reversed(statement.input))
        else:
            queue.extend(reversed(list(_parts(statement))))


def _parts(statement: Statement) -> Iterator[Statement]:
    if isinstance(statement, Chain):
        yield from (part for _, part in statement.parts)
    elif isinstance(statement, Pipe):
        yield from statement.parts
    elif isinstance(statement, Negated):
        yield statement.body
    elif isinstance(statement, If):
        for condition, body in statement.branches:
            yield from (*condition, *body)
        yield from statement.otherwise or ()
    elif isinstance(statement, Case):
        for _, body in statement.arms:
            yield from body
    elif isinstance(statement, While):
        yield from (*statement.condition, *statement.body)
    elif not isinstance(statement, Simple):
        yield from statement.body


def assigned_names(statements: Sequence[Statement]) -> set[str]:
    """Returns the variables that commands set."""
    found: set[str] = set()
    for simple in simple_commands(statements):
        words = _behind_separator(simple.words)
        found.update(simple.changes)
        first = words[0].plain if words else ""
        if first in _READS:
            found.update(word.plain for word in words[1:] if word.plain)
        declared = words[1:] if first in DECLARES else words
        found.update(target[0] for word in declared if (target := target_of(word)) is not None)
        found.update(filter(None, map(item_target_of, declared)))
    return found


def read_names(words: Sequence[Token]) -> list[str]:
    """Returns the variables that ``read`` and its like set to something unknown."""
    words = _behind_separator(words)
    named = [word.plain for word in words[1:] if word.plain and not word.plain.startswith("-")]
    return named if words and words[0].plain in _READS else []


def _behind_separator(words: Sequence[Token]) -> Sequence[Token]:
    """Returns the words of a command behind ``IFS=``, which holds for this command only."""
    alone = len(words) < 2 or not (words[0].plain or "").startswith("IFS=")
    return words if alone else words[1:]
