"""``dreamerguard sweep``: runs tasks x seeds x settings, each run linted, all watched together and compared."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from dreamerguard.commands.shared.typer_options import takes_options
from dreamerguard.programs.native.options import PlanFormat, TrainOptions

_DEFAULT = "run"


class SweepGroup(TyperGroup):
    """Takes ``sweep FILE`` for ``sweep run FILE``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Reads the arguments, with the default command put in where none is named."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = [_DEFAULT, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=SweepGroup,
    help="Run tasks x seeds x settings: linted, watched together, stopped when hopeless, and compared.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class EngineName(StrEnum):
    """Engines."""

    EMBEDDED = "embedded"
    RAY = "ray"
    SLURM = "slurm"


Folder = Annotated[Path, typer.Argument(help="Folder of the sweep.", metavar="DIR")]
Engine = Annotated[EngineName | None, typer.Option("--engine", help="Engine instead of the file's.")]
SlotCount = Annotated[int | None, typer.Option("--slots", min=1, help="Most runs at the same time.")]
Address = Annotated[str | None, typer.Option("--address", help="With --engine ray: address of the cluster.")]


@app.callback()
def _options() -> None:
    """Run tasks x seeds x settings: linted, watched together, stopped when hopeless, and compared.

    `sweep FILE` starts a sweep, or continues it; `sweep resume DIR` continues it without its file.
    """


@app.command(_DEFAULT)
@takes_options(TrainOptions, "notify", "metrics_file", "config_file", "no_config", "allow_local_rules")
def run(
    file: Annotated[Path, typer.Argument(help="Sweep file.", metavar="FILE")],
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Folder of the sweep; by default sweeps/ and the name of the file.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the plan; start nothing and write nothing.")
    ] = False,
    output_format: Annotated[
        PlanFormat, typer.Option("--output-format", help="Format of the plan, with --dry-run.")
    ] = PlanFormat.TEXT,
    engine: Engine = None,
    slots: SlotCount = None,
    address: Address = None,
    *,
    options: TrainOptions,
) -> None:
    """Lint every run of a sweep, run those that pass, and compare them. The same command continues the sweep.

    Ctrl-C and SIGTERM save all runs and end; a second one leaves them running. After a kill, too, the same command
    continues: runs that go on are adopted, and nothing runs twice.

    Exit code 0: every run finished, was stopped as hopeless, or was left out; 1: a run failed for good; 2: wrong usage;
    75: another controller leads the sweep; 78: lint refuses runs and the file says stop, or all runs; 128 + n: signal n
    ended the command.
    """
    from dreamerguard.commands.shared.errors import fail
    from dreamerguard.commands.shared.sweep_session import EngineChoice, LeadOptions, print_plan, start

    if output_format is not PlanFormat.TEXT and not dry_run:
        fail("--output-format needs --dry-run")
    target = (folder if folder is not None else Path("sweeps") / file.stem).absolute()
    choice = EngineChoice(engine.value if engine else None, slots, address)
    given = LeadOptions(options, choice)
    if dry_run:
        raise typer.Exit(print_plan(file, target, given, as_json=output_format is PlanFormat.JSON))
    raise typer.Exit(start(file, target, given))


@app.command("resume")
@takes_options(TrainOptions, "notify", "metrics_file", "config_file", "no_config", "allow_local_rules")
def resume(
    folder: Folder,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try failed runs again.")] = False,
    engine: Engine = None,
    slots: SlotCount = None,
    address: Address = None,
    *,
    options: TrainOptions,
) -> None:
    """Continue exactly what is missing of a sweep, on any engine. Exit codes as of `sweep FILE`."""
    from dreamerguard.commands.shared.sweep_session import EngineChoice, LeadOptions, resume_sweep

    choice = EngineChoice(engine.value if engine else None, slots, address)
    raise typer.Exit(resume_sweep(folder.absolute(), LeadOptions(options, choice), retry_failed=retry_failed))


@app.command("status")
def status(
    folder: Folder,
    attempts: Annotated[
        bool, typer.Option("--attempts", help="Also list every attempt: where it ran, how it ended.")
    ] = False,
    output_format: Annotated[PlanFormat, typer.Option("--output-format", help="Format.")] = PlanFormat.TEXT,
) -> None:
    """Show the state of a sweep, also while it runs, and also one whose controller was killed."""
    from dreamerguard.commands.shared.sweep_status import show_status

    show_status(folder.absolute(), attempts=attempts, as_json=output_format is PlanFormat.JSON)


@app.command("report")
def report(folder: Folder) -> None:
    """Write report.html, runs.csv and, with pyarrow, runs.parquet of a sweep, also while it runs."""
    from dreamerguard.commands.shared.sweep_session import report_sweep

    report_sweep(folder.absolute())
