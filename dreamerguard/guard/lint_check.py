"""Lints a command before it starts: returns lint's result, or the reason why there is no result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dreamerguard.core.machine import Machine
    from dreamerguard.core.result import Result
    from dreamerguard.lint.settings.model import Settings
    from dreamerguard.sources.argv import Command


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of linting a command.

    Attributes:
      result: lint's result; None if the command could not be checked.
      unchecked: why the command was not checked; empty if it was.
      withheld: why code that the settings name did not run; empty if none was withheld.
    """

    result: Result | None
    unchecked: str = ""
    withheld: str = ""

    @property
    def own(self) -> bool:
        """Whether the program is ``dreamerguard train``, which lints and reports by itself."""
        return self.result is not None and self.result.dialect == "native"

    def refused(self, strict: bool) -> bool:
        """Returns whether the command must not start; with ``strict`` also if it could not be checked."""
        if self.result is None:
            return strict
        return bool(self.result.refused) and not self.own


def check_guarded_command(
    command: Command,
    allow: Mapping[str, str],
    folder: Path = Path(),
    *,
    file: str | None = None,
    none: bool = False,
    allow_local_rules: bool = False,
) -> Check:
    """Lints a command for this machine with the settings of the folder. A failure of lint does not refuse the command.

    Args:
      command: the command line.
      allow: rule -> reason, for accepted findings.
      folder: folder in which the command runs.
      file: settings file to read instead of the folder's.
      none: whether to read no settings file.
      allow_local_rules: whether code that the settings name may run.

    Raises:
      UnknownRule: ``allow`` names a rule that does not exist.
      SourceError: the settings cannot be read.
    """
    from dreamerguard.lint.before_start import read_start_settings

    settings = read_start_settings(folder, allow, file=file, none=none, allow_local_rules=allow_local_rules)
    return replace(check_with_settings(command, settings, folder, allow), withheld=settings.withheld)


def check_with_settings(
    command: Command,
    settings: Settings,
    folder: Path,
    allow: Mapping[str, str],
    *,
    machine: Machine | None = None,
    dialect: str | None = None,
) -> Check:
    """Lints a command as `check_guarded_command` does, with settings that were read before.

    Args:
      command: the command line.
      settings: from `read_start_settings`.
      folder: folder in which the command runs.
      allow: rule -> reason, for accepted findings.
      machine: machine that starts the command; this machine by default.
      dialect: name of the program if it should not be recognised, as in ``danijar:2023``.
    """
    from dreamerguard.core.source import SourceError
    from dreamerguard.lint.before_start import lint_before_start
    from dreamerguard.programs.registry import UnknownProgram

    try:
        return Check(lint_before_start(command, settings, folder, allow, machine, dialect=dialect))
    except UnknownProgram as error:
        return Check(None, f"{error}, so the command is not checked")
    except SourceError as error:
        return Check(None, f"the command is not checked: {error.message}")
    except Exception as error:  # a bug in a rule must not prevent training
        return Check(None, f"the command is not checked: lint failed with {type(error).__name__}: {error}")
