"""The functions of the public interface. Import them from ``dreamerguard`` itself.

Nothing here prints, exits or runs the training program's code.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dreamerguard.core.machine import Machine
    from dreamerguard.core.result import RepositoryResult, Result
    from dreamerguard.lint.settings.model import Settings
    from dreamerguard.regression.compare.decision import Comparison
    from dreamerguard.regression.watch.watcher import Status


def lint_command(
    command: str | Sequence[str],
    *,
    folder: str | Path = ".",
    settings: Settings | None = None,
    allow: Mapping[str, str] | None = None,
    machine: Machine | None = None,
    program: str | None = None,
) -> Result:
    """Lints a training command without running it.

    Args:
      command: the command line as text, split as a POSIX shell would split it, or as a list of arguments.
      folder: folder in which the command would start; relative paths refer to it.
      settings: lint settings from `load_settings`; by default all findings count.
      allow: rule name or code -> reason, for findings to suppress.
      machine: machine that the run is meant for; `this_machine()` also checks GPU and memory.
      program: name of the training program if it should not be recognised automatically: ``sheeprl``, or
        ``danijar:2023`` with an edition.

    Raises:
      SourceError: a file of the command or of the settings cannot be read.
      UnknownProgram: the command does not start a supported training program.
      UnknownRule: ``allow`` names a rule that does not exist.
    """
    from dreamerguard.core.machine import UNKNOWN
    from dreamerguard.lint.engine import check_command
    from dreamerguard.sources.argv import read_command

    words = shlex.split(command) if isinstance(command, str) else list(command)
    return check_command(
        read_command(words), machine or UNKNOWN, allow=allow, folder=Path(folder), settings=settings, dialect=program
    )


def lint_run(
    task: str | None = None,
    file: str | Path | None = None,
    overrides: Sequence[str] = (),
    *,
    folder: str | Path = ".",
    settings: Settings | None = None,
    allow: Mapping[str, str] | None = None,
    machine: Machine | None = None,
) -> Result:
    """Lints a run of the bundled trainer.

    Args:
      task: task name, for example ``dmc_walker_walk``; None if the file names the task.
      file: run file in YAML.
      overrides: ``key=value`` overrides; a later one replaces an earlier one.
      folder, settings, allow, machine: see `lint_command`.

    Raises:
      SourceError: a file cannot be read.
      UnknownRule: ``allow`` names a rule that does not exist.
    """
    words = [part for part in (task, None if file is None else str(file)) if part is not None]
    command = ["dreamerguard", "train", *words, *overrides]
    return lint_command(command, folder=folder, settings=settings, allow=allow, machine=machine)


def lint_repository(
    folder: str | Path = ".", *, settings: Settings | None = None, machine: Machine | None = None
) -> RepositoryResult:
    """Lints every configuration file and training command in a folder and its subfolders.

    Raises:
      SourceError: the folder does not exist.
    """
    from dreamerguard.core.machine import UNKNOWN
    from dreamerguard.lint.repository import check_tree

    return check_tree([Path(folder)], machine or UNKNOWN, settings=settings, folder=Path(folder))


def load_settings(
    folder: str | Path = ".", file: str | Path | None = None, *, allow_local_rules: bool = False
) -> Settings:
    """Returns the lint settings of a folder, from the nearest ``dreamerguard.toml`` or ``pyproject.toml`` or ``file``.

    Code that the file names runs only with ``allow_local_rules``, or in a folder that the user's own settings trust;
    otherwise ``withheld`` of the result says why not.

    Raises:
      SourceError: the file cannot be read or has a setting that does not exist.
    """
    from dreamerguard.lint.settings.finder import load_settings as load

    return load(Path(folder), None if file is None else str(file), allow_local_rules=allow_local_rules)


def report(result: Result) -> dict[str, Any]:
    """Returns the JSON report of a linted run as an object; ``version`` rises if a field changes its meaning."""
    from dreamerguard.reports.json import report_object

    return report_object(result)


def watch(
    *directories: str | Path,
    task: str | None = None,
    suite: str | None = None,
    action_repeat: int | None = None,
    reference: str | None = None,
) -> list[Status]:
    """Returns the current verdict on each run; the seeds of one task are judged together.

    Args:
      directories: log directories, or folders of log directories.
      task, suite, action_repeat: facts that the logs do not state.
      reference: ``2024``, ``2023`` or a file with custom curves; by default the newest published curves.

    Raises:
      LogError: a log cannot be read.
    """
    from dreamerguard.lint.run_differences import explain_low_run
    from dreamerguard.logs.follow import find_runs
    from dreamerguard.regression.watch.watcher import Watcher, look_at_all

    runs = find_runs([Path(directory) for directory in directories])
    facts = (task, suite, action_repeat, reference)
    return look_at_all([Watcher(run, *facts, explain=explain_low_run) for run in runs])


def compare(
    candidates: Sequence[str | Path],
    baseline: Sequence[str | Path] = (),
    *,
    reference: str | None = None,
    task: str | None = None,
    suite: str | None = None,
    action_repeat: int | None = None,
    margin: float = 0.05,
    allow: Sequence[str] = (),
) -> Comparison:
    """Compares candidate runs with baseline runs, or with a reference, over seeds and tasks.

    Args:
      candidates, baseline: log directories, or folders of log directories.
      reference: published curves or a file with custom curves, instead of ``baseline``.
      task, suite, action_repeat: facts that the logs do not state.
      margin: accepted loss, as a share of what the baseline learns.
      allow: differences to accept: ``x-unit``, ``action-repeat``, ``score-kind`` or ``edition``.

    Raises:
      LogError: a log cannot be read.
      NotComparable: the runs must not be compared.
      ValueError: both or neither of ``baseline`` and ``reference`` are given.
    """
    from dreamerguard.logs.follow import find_runs
    from dreamerguard.regression.compare.compared_runs import against_reference, against_runs, read_sides
    from dreamerguard.regression.compare.decision import decide as decide

    if bool(baseline) == bool(reference):
        raise ValueError("give exactly one of baseline and reference")
    facts = (task, suite, action_repeat)
    ours = read_sides(find_runs([Path(run) for run in candidates]), *facts)
    if reference is not None:
        material = against_reference(ours, reference, allow)
    else:
        material = against_runs(ours, read_sides(find_runs([Path(run) for run in baseline]), *facts), allow)
    return decide(material.tasks, margin)
