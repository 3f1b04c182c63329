"""What is known about a command before it starts: lint's result, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dreamerguard.core.result import Result
    from dreamerguard.sources.argv import Command


@dataclass(frozen=True, slots=True)
class Check:
    """Lint's word on a command.

    Attributes:
      result: what it found; None when the command could not be checked.
      unchecked: why not, for people; empty when it was.
    """

    result: Result | None
    unchecked: str = ""

    @property
    def own(self) -> bool:
        """Whether the program is ``dreamerguard train``, which checks and reports for itself."""
        return self.result is not None and self.result.dialect == "native"

    def refused(self, strict: bool) -> bool:
        """Whether the command must not start; with ``strict`` also when it could not be checked."""
        if self.result is None:
            return strict
        return bool(self.result.refused) and not self.own


def check(command: Command, allow: Mapping[str, str], folder: Path = Path()) -> Check:
    """Checks a command for this machine, with the settings of the folder. A failure of lint itself is no refusal.

    Args:
      command: the words.
      allow: rule -> reason.
      folder: where the command runs.

    Raises:
      UnknownRule: ``allow`` names a rule that does not exist.
      SourceError: the settings cannot be read.
    """
    from dreamerguard.core.machine import probe
    from dreamerguard.core.model import SourceError
    from dreamerguard.lint.engine import UnknownRule, check_command
    from dreamerguard.lint.settings.finder import load_settings
    from dreamerguard.programs.registry import UnknownProgram

    settings = load_settings(folder)
    try:
        return Check(check_command(command, probe(), allow=allow, folder=folder, settings=settings))
    except UnknownRule:
        raise
    except UnknownProgram as error:
        _known_rules(allow)
        return Check(None, f"{error}, so the command is not checked")
    except SourceError as error:
        return Check(None, f"the command is not checked: {error.message}")
    except Exception as error:  # a bug in a rule must not keep anybody from training
        return Check(None, f"the command is not checked: lint failed with {type(error).__name__}: {error}")


def _known_rules(names: Mapping[str, str]) -> None:
    from dreamerguard.lint.engine import UnknownRule
    from dreamerguard.rules import find_rule

    for name in names:
        if find_rule(name) is None:
            raise UnknownRule(name)
