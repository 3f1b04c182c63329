"""The result of one check of the machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Grade(StrEnum):
    """How a check ended, from best to worst."""

    OK = "ok"
    NOT_CHECKED = "not checked"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class MachineCheck:
    """The result of one check.

    Attributes:
      name: name of the check; stable, for scripts.
      grade: ok; error: the run cannot start or loses data; warning: it may fail, or trains more slowly; not checked.
      found: what was found, with values, in one line.
      where: the folder, variable, package or file that is concerned; empty if it is the whole machine.
      fix: how to fix it, in one line; empty if there is nothing to fix.
      facts: measured values, for scripts.
    """

    name: str
    grade: Grade
    found: str
    where: str = ""
    fix: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


def ok(name: str, found: str, where: str = "", **facts: Any) -> MachineCheck:
    """Returns a check without a problem."""
    return MachineCheck(name, Grade.OK, found, where, "", facts)


def warning(name: str, found: str, where: str, fix: str, **facts: Any) -> MachineCheck:
    """Returns a check with a problem that a run may survive."""
    return MachineCheck(name, Grade.WARNING, found, where, fix, facts)


def error(name: str, found: str, where: str, fix: str, **facts: Any) -> MachineCheck:
    """Returns a check with a problem that stops a run."""
    return MachineCheck(name, Grade.ERROR, found, where, fix, facts)


def not_checked(name: str, reason: str, where: str = "", fix: str = "", **facts: Any) -> MachineCheck:
    """Returns a check that could not be made."""
    return MachineCheck(name, Grade.NOT_CHECKED, reason, where, fix, facts)


def worst(checks: Iterable[MachineCheck]) -> Grade:
    """Returns the worst grade; ok without checks."""
    order = list(Grade)
    return max((check.grade for check in checks), key=order.index, default=Grade.OK)


def one_line(text: object, most: int = 300) -> str:
    """Returns a message of a library as one line of limited length."""
    line = " ".join(str(text).split())
    return line if len(line) <= most else line[: most - 4] + " ..."
