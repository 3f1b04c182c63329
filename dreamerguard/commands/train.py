"""``dreamerguard train``: lints a run, trains it, and stores everything that is needed to judge it later."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dreamerguard.commands.shared.allowances import read_allowances
from dreamerguard.commands.shared.completions import offer, run_words
from dreamerguard.commands.shared.errors import fail, note
from dreamerguard.commands.shared.stop_signals import StopSignals
from dreamerguard.commands.shared.typer_argv import typed_words
from dreamerguard.commands.shared.typer_options import takes_options
from dreamerguard.programs.native.options import PlanFormat, TrainOptions
from dreamerguard.util.terminal import echo

if TYPE_CHECKING:
    from dreamerguard.core.result import Result


@takes_options(TrainOptions)
def train(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            help="The task, run files and key=value settings.",
            metavar="TASK [key=value]",
            autocompletion=offer(run_words),
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="First seed.")] = None,
    seeds: Annotated[
        int | None, typer.Option("--seeds", help="Independent agents to train together; seeds count up from --seed.")
    ] = None,
    devices: Annotated[
        int | None,
        typer.Option("--devices", help="Devices over which every batch is split; short for runtime.devices."),
    ] = None,
    max_unsaved: Annotated[
        float | None,
        typer.Option(
            "--max-unsaved", help="Seconds of training while nothing can be saved; short for checkpoint.max_unsaved."
        ),
    ] = None,
    *,
    options: TrainOptions,
) -> None:
    """Check a run, then train a DreamerV3 agent.

    An error, or a warning with severe cost, refuses the run (exit code 78). The project's lint settings apply as in
    lint. The same command continues an interrupted run; intervals of logging, checkpoints and evaluation may change,
    and run.frames may be raised. Ctrl-C and SIGTERM save the run and end it (exit codes 130 and 143); a second one ends
    it at once.

    Other exit codes: 65 the run directory cannot be continued as it is; 71 the environments failed; 72 losses or
    actions are not finite; 73 nothing could be saved; 74 the directory was removed or replaced during the run; 75
    another process uses it.

    --from starts a new run from the parameters of another one, or of danijar/dreamerv3; optimizer and replay begin at
    zero. A run that continues does not read it again.

    --num-processes trains the run with several processes, which share environments and batches; process 0 writes all
    files. Without --process-id, all start on this machine. With it and --coordinator-address, start the same command
    on every machine; under Slurm, srun starts it with --num-processes auto. If a process ends, all do, with 76.

    --dry-run prints the plan instead: exit code 0 if train would start, 78 if lint refuses it, 2 if it cannot start.
    """
    from dreamerguard.commands.shared.agent_extra import require_agent
    from dreamerguard.notify.hidden import hide_channels

    # Only for --help: they are read from the arguments as typed, so that findings point at them.
    del words, seed, seeds, devices, max_unsaved
    own, after = typed_words(ctx)
    if after is not None:
        fail("train does not accept --; write the task and its settings without it")
    if options.output_format is not PlanFormat.TEXT and not options.dry_run:
        fail("--output-format needs --dry-run")
    _refuse_mistyped_options(own)
    if not options.dry_run:
        require_agent()
    typed = list(hide_channels(["dreamerguard", "train", *own]))
    with StopSignals() as stop:
        result = _lint(typed, options)
        if result.refused or options.process_id in (None, "0"):
            _show(result)
        code = _train(result, options, typed, stop)
    raise typer.Exit(code)


def _refuse_mistyped_options(own: Iterable[str]) -> None:
    from dreamerguard.commands.shared.first_contact import about_training
    from dreamerguard.commands.shared.unknown_option import mistyped_option
    from dreamerguard.programs.native.arguments import read_native
    from dreamerguard.programs.native.options import typed_names
    from dreamerguard.sources.argv import read_command

    arguments = read_native(read_command(["dreamerguard", "train", *own]))
    overrides = arguments.overrides
    flags = [item.span.text for item in overrides if item.span.text.startswith("--")]
    tasks, files = ([word.text for word in given] for given in (arguments.tasks, arguments.files))
    if wrong := about_training(tasks, files, list(own)) or mistyped_option(flags, "train", typed_names(TrainOptions)):
        fail(wrong)


def _lint(typed: list[str], options: TrainOptions) -> Result:
    from dreamerguard.core.source import SourceError
    from dreamerguard.lint.before_start import lint_before_start, read_start_settings
    from dreamerguard.lint.engine import UnknownRule
    from dreamerguard.rules.redirects import renamed
    from dreamerguard.sources.argv import read_command

    allow = read_allowances(options.allow)
    try:
        settings = read_start_settings(
            allow=allow,
            file=options.config_file,
            none=options.no_config,
            allow_local_rules=options.allow_local_rules,
        )
        if settings.withheld:
            note(settings.withheld)
        for text in renamed(settings.selectors):
            note(text)
        return lint_before_start(read_command(typed), settings, allow=allow)
    except SourceError as error:
        fail(error.message)
    except UnknownRule as error:
        fail(f"--allow: {error}")


def _show(result: Result) -> None:
    """Prints the findings and, if they refuse the run, how to accept them."""
    import os
    import sys

    from dreamerguard.reports import look_of, render_full

    if result.findings:
        typer.echo(render_full(result, look=look_of(sys.stderr, os.environ)), err=True, nl=False, color=True)
    if result.refused:
        names = " ".join(f'--allow {name}="reason"' for name in sorted({finding.name for finding in result.refused}))
        accept = f", or accept them with {names}" if result.run.config is not None else ""
        echo(f"refused to train. Fix the findings as shown{accept}", error=True)


def _train(result: Result, options: TrainOptions, typed: list[str], stop: StopSignals) -> int:
    from dreamerguard.commands.shared.exit_codes import CLEAN, REFUSED
    from dreamerguard.commands.shared.following import follow_training
    from dreamerguard.commands.shared.listening import open_listeners, train_and_tell
    from dreamerguard.commands.shared.processes import joined, read_processes, refuse_split
    from dreamerguard.commands.shared.start_from import read_start
    from dreamerguard.programs.native.run_directory import default_directory
    from dreamerguard.programs.native.runnable import why_not_here

    config = result.run.config
    if result.refused:
        if options.dry_run and options.output_format is PlanFormat.JSON:
            _print_plan(result, Path(), typed, options)
        return REFUSED
    if config is None:
        fail("the configuration is not valid")
    if config.env.make is None and (reason := why_not_here(config.task)):
        fail(reason)  # --allow accepts the finding, but the run would end at its environments
    directory = Path(options.logdir) if options.logdir is not None else default_directory(config)
    _refuse_unusable(directory)
    asked = read_processes(options)
    refuse_split(asked, config)
    start = read_start(options.from_, options.from_parts, directory, restart=options.restart)
    if options.dry_run:
        _print_plan(result, directory, typed, options)
        return CLEAN
    with joined(asked, config) as group:
        if group is not None and not group.share.leads:
            return follow_training(config, directory, stop, start, group)
        with open_listeners(options) as listeners:
            return train_and_tell(
                listeners, config, directory, result, typed, stop, restart=options.restart, start=start, group=group
            )


def _refuse_unusable(directory: Path) -> None:
    """Ends the command if the run directory, or a folder above it, is a file or cannot be reached."""
    from dreamerguard.programs.native.run_directory import CONFIG
    from dreamerguard.util.paths import exists, is_dir

    first = next((path for path in (directory, *directory.parents) if exists(path)), None)
    if first is not None and not is_dir(first):
        fail(f"the run directory {directory} cannot be used: {first} is a file; choose another one with --logdir")
    try:
        (directory / CONFIG).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        fail(f"the run directory {directory} cannot be used: {reason}; choose another one with --logdir")


def _print_plan(result: Result, directory: Path, typed: list[str], options: TrainOptions) -> None:
    import json

    from dreamerguard.commands.shared.plan_text import render_plan
    from dreamerguard.commands.shared.train_plan import make_plan

    plan = make_plan(result, directory, typed, restart=options.restart)
    as_json = options.output_format is PlanFormat.JSON
    echo(json.dumps(plan, indent=2, allow_nan=False) if as_json else render_plan(plan).rstrip("\n"))
