"""A command of which nothing is known but that its script cannot be started."""

from __future__ import annotations

from pathlib import Path

from dreamerguard.core.finding import Problem
from dreamerguard.core.machine import Machine
from dreamerguard.core.run import ResolvedRun
from dreamerguard.programs.interface import Program
from dreamerguard.sources.argv import Command


class Unstartable(Program):
    """Stands for the program that a command would start.

    Args:
      name: name of the program.
      problem: why it does not start, with the place of the script.
      reason: the same in a few words, for what was not judged.
    """

    def __init__(self, name: str, problem: Problem, reason: str) -> None:
        self.name = name
        self._problem = problem
        self._reason = reason

    def detect(self, command: Command, folder: Path) -> str | None:
        """Recognises nothing by the words of a command."""
        return None

    def resolve(self, command: Command, machine: Machine, folder: Path) -> ResolvedRun:
        """Returns a run that has nothing but the problem."""
        return ResolvedRun(
            self.name, self._problem.label.span, {}, {}, {}, machine=machine, open=True, unread=(self._reason,),
            seen=False, problems=(self._problem,),
        )  # fmt: skip
