"""Lints a training command before it starts, for ``dreamerguard train`` and ``dreamerguard guard``.

The project's settings apply as in ``dreamerguard lint``: approved local rules and plugins run. A finding that a
comment, the settings or the baseline accepts does not refuse the run. It stays in the result with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dreamerguard.core.machine import Machine, detect_machine
from dreamerguard.core.result import Result
from dreamerguard.lint.engine import active_rules, check_command, require_rules
from dreamerguard.lint.settings.finder import load_settings
from dreamerguard.lint.settings.model import Settings
from dreamerguard.sources.argv import Command

from .selection import check_selectors


def read_start_settings(
    folder: Path = Path(),
    allow: Mapping[str, str] | None = None,
    *,
    file: str | None = None,
    none: bool = False,
    allow_local_rules: bool = False,
) -> Settings:
    """Reads and checks the lint settings, so that an error in them is not reported as an error in the command.

    Args:
      folder: folder in which the command runs; the nearest settings file applies.
      allow: rule name or code -> reason, for findings that are accepted.
      file: settings file to read instead of the nearest one.
      none: whether to read no settings file.
      allow_local_rules: whether code that the file names may run.

    Raises:
      SourceError: the settings, their baseline or one of their rules cannot be read, or a selector names no rule.
      UnknownRule: ``allow`` names a rule that does not exist.
    """
    settings = Settings() if none else load_settings(folder, file, allow_local_rules=allow_local_rules)
    if settings.file is not None:
        check_selectors(settings, active_rules(settings))
        if settings.baseline is not None:
            from .known_findings import read_baseline

            read_baseline(settings.baseline)
    require_rules(allow or {}, settings)
    return settings


def lint_before_start(
    command: Command,
    settings: Settings,
    folder: Path = Path(),
    allow: Mapping[str, str] | None = None,
    machine: Machine | None = None,
    *,
    dialect: str | None = None,
) -> Result:
    """Lints a training command for the machine that starts it. ``Result.refused`` holds the findings that refuse it.

    Args:
      command: the training command.
      settings: from `read_start_settings`.
      folder: folder in which the command runs.
      allow: rule name or code -> reason, for findings that are accepted.
      machine: machine that starts the command; this machine by default.
      dialect: name of the program if it should not be recognised, as in ``danijar:2023``.

    Raises:
      SourceError: a file of the command cannot be read.
      UnknownProgram: the command starts no supported training program.
      UnknownRule: ``allow`` names a rule that does not exist.
    """
    machine = detect_machine() if machine is None else machine
    return check_command(command, machine, allow=allow, folder=folder, settings=settings, dialect=dialect)
