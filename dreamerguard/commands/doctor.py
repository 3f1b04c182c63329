"""``dreamerguard doctor``: tests this machine before a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dreamerguard.commands.shared.errors import fail
from dreamerguard.util.terminal import echo

if TYPE_CHECKING:
    from dreamerguard.doctor.examine import RunPlan
    from dreamerguard.doctor.grade import MachineCheck

_VERSION = 1


def doctor(
    config: Annotated[
        str | None, typer.Argument(help="A run file, a task or a run directory; by default any run.", metavar="CONFIG")
    ] = None,
    logdir: Annotated[
        Path | None, typer.Option("--logdir", help="Run directory to examine; by default where train would write.")
    ] = None,
    time_limit: Annotated[
        float, typer.Option("--time-limit", min=1, help="Seconds that each probe in a child process may take.")
    ] = 120.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Examine this machine before a run: packages, devices, rendering, memory, disk, locks, limits and clock.

    Nothing is changed: test files are removed, and neither the run nor its checkpoints are touched. Exit code 0: every
    check is ok; 1: a warning, or a check that could not be made; 69: an error, the run would fail; 2: wrong usage.
    """
    from dreamerguard.doctor.examine import examine
    from dreamerguard.doctor.grade import worst

    plan = _plan(config, logdir)
    checks = examine(plan, time_limit)
    if as_json:
        _print_json(plan, checks)
    else:
        for check in checks:
            _print(check)
        echo(_summary(checks))
    raise typer.Exit(doctor_exit_code(worst(checks)))


def doctor_exit_code(grade: str) -> int:
    """Returns the exit code for the worst grade."""
    from dreamerguard.commands.shared.exit_codes import CLEAN, FINDINGS, UNFIT
    from dreamerguard.doctor.grade import Grade

    return {Grade.OK: CLEAN, Grade.ERROR: UNFIT}.get(Grade(grade), FINDINGS)


def _plan(config: str | None, logdir: Path | None) -> RunPlan:
    """Reads the run. No rule of the project runs, so that a checkout can be examined without approval."""
    from dreamerguard.core.source import SourceError
    from dreamerguard.doctor.examine import RunPlan

    if config is None:
        return RunPlan(logdir or Path("runs"))
    from dreamerguard.lint.before_start import lint_before_start, read_start_settings
    from dreamerguard.programs.native.run_directory import default_directory, load_config
    from dreamerguard.sources.argv import read_command
    from dreamerguard.util.paths import exists, is_dir

    folder = Path(config)
    if is_dir(folder):
        try:
            return RunPlan(logdir or folder, load_config(folder))
        except (OSError, ValueError) as error:
            fail(str(error))
    if not exists(folder):
        _require_task(config)
    try:
        settings = read_start_settings(none=True)
        result = lint_before_start(read_command(["dreamerguard", "train", config]), settings)
    except SourceError as error:
        fail(error.message)
    if result.run.config is None:
        first = next((f": {finding.message}" for finding in result.findings if finding.severity == "error"), "")
        fail(f"{config} is not a valid configuration{first}; `dreamerguard lint {config}` shows the place")
    return RunPlan(logdir or default_directory(result.run.config), result.run.config)


def _require_task(name: str) -> None:
    """Ends the command if an argument that names no file or folder names no task either."""
    from dreamerguard.programs.native.arguments import names_file
    from dreamerguard.schema.suites import has_free_names
    from dreamerguard.schema.tasks import UnknownTask, find_task

    if has_free_names(name):
        return
    try:
        find_task(name)
    except UnknownTask as error:
        task = "" if names_file(name) else f"; {error}"
        fail(f"there is no run file or run directory {name!r}{task}")


def _print(check: MachineCheck) -> None:
    from dreamerguard.doctor.grade import Grade

    echo(f"{check.grade:<12} {check.name:<17} {check.found}")
    if check.grade is Grade.OK:
        return
    for head, text in (("where", check.where), ("fix", check.fix)):
        if text:
            echo(f"{'':<30} {head}: {text}")


def _summary(checks: Sequence[MachineCheck]) -> str:
    from dreamerguard.doctor.grade import Grade

    counts = [(grade, sum(check.grade is grade for check in checks)) for grade in reversed(Grade)]
    return ", ".join(f"{count} {grade}" for grade, count in counts if count)


def _print_json(plan: RunPlan, checks: Sequence[MachineCheck]) -> None:
    import json
    from dataclasses import asdict

    from dreamerguard.doctor.grade import worst

    grade = worst(checks)
    report = {
        "version": _VERSION,
        "outcome": grade,
        "exit_code": doctor_exit_code(grade),
        "folder": str(plan.folder),
        "task": None if plan.config is None else plan.config.task,
        "checks": [asdict(check) for check in checks],
    }
    typer.echo(json.dumps(report, indent=2, default=str))
