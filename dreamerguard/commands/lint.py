"""``dreamerguard lint``: will this configuration hurt?"""

from __future__ import annotations

from typing import Annotated

import typer

from dreamerguard.commands.shared.lint_options import LintOptions, OutputFormat, split
from dreamerguard.commands.shared.typer_argv import typed_words
from dreamerguard.core.model import Confidence, Severity


def lint(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(help="Run files, key=value settings, a task; or -- and a whole training command."),
    ] = None,
    task: Annotated[str | None, typer.Option("--task", help="Task, if no file names it.")] = None,
    edition: Annotated[str | None, typer.Option("--edition", help="Edition of published defaults.")] = None,
    size: Annotated[str | None, typer.Option("--size", help="Named model size.")] = None,
    output_format: Annotated[
        OutputFormat, typer.Option("--output-format", help="Report to write.")
    ] = OutputFormat.FULL,
    output: Annotated[str | None, typer.Option("--output", help="File for the report, instead of printing it.")] = None,
    explain_budget: Annotated[
        bool, typer.Option("--explain-budget", help="Also show how the number of gradient updates comes about.")
    ] = False,
    this_machine: Annotated[
        bool, typer.Option("--this-machine", help="The run is meant for this machine: check GPU and memory too.")
    ] = False,
    dialect: Annotated[
        str | None, typer.Option("--dialect", help="The program of the command: r2dreamer, or danijar:2023.")
    ] = None,
    probe: Annotated[
        bool, typer.Option("--probe", help="Make the environment, play two random episodes: runs the program's code.")
    ] = False,
    probe_env: Annotated[
        str | None, typer.Option("--probe-env", help="module:function that makes it, given the task; with --probe.")
    ] = None,
    list_rules: Annotated[bool, typer.Option("--list-rules", help="List all rules and exit.")] = False,
    select: Annotated[
        list[str] | None, typer.Option("--select", help="Only these rules: names, codes or beginnings of codes.")
    ] = None,
    ignore: Annotated[list[str] | None, typer.Option("--ignore", help="Not these rules.")] = None,
    min_severity: Annotated[
        Severity | None, typer.Option("--min-severity", help="Report nothing milder than this.")
    ] = None,
    min_confidence: Annotated[
        Confidence | None, typer.Option("--min-confidence", help="Report nothing less certain than this.")
    ] = None,
    config_file: Annotated[
        str | None, typer.Option("--config-file", help="Settings of dreamerguard, instead of the nearest ones.")
    ] = None,
    no_config: Annotated[bool, typer.Option("--no-config", help="Read no settings file.")] = False,
    baseline: Annotated[str | None, typer.Option("--baseline", help="Known findings that do not count.")] = None,
    write_baseline: Annotated[
        bool, typer.Option("--write-baseline", help="Put all findings of this run into the baseline.")
    ] = False,
    prune_baseline: Annotated[
        bool, typer.Option("--prune-baseline", help="Remove from the baseline what no longer occurs.")
    ] = False,
    fix: Annotated[bool, typer.Option("--fix", help="Correct files where the original could not have run.")] = False,
    unsafe_fixes: Annotated[
        bool, typer.Option("--unsafe-fixes", help="With --fix or --diff: also what changes the training.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show what --fix would change, and change nothing.")] = False,
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Exit with 0 in spite of findings.")] = False,
) -> None:
    """Check a run before it trains: its keys, its values, and what its gradient updates will cost in score.

    Later files and settings win. Exit code 0: nothing at warning or error; 1: findings; 2: the input cannot be read or
    names no task; 3: nothing was checked.
    """
    from .lint_run import run_lint

    del words, task, edition, size  # read from the words as typed, so that findings can point at them
    options = LintOptions(
        output_format=output_format.value,
        output=output,
        explain_budget=explain_budget,
        this_machine=this_machine,
        dialect=dialect,
        probe=probe,
        probe_env=probe_env,
        list_rules=list_rules,
        select=split(",".join(select or ())),
        ignore=split(",".join(ignore or ())),
        min_severity=min_severity.value if min_severity else None,
        min_confidence=min_confidence.value if min_confidence else None,
        config_file=config_file,
        no_config=no_config,
        baseline=baseline,
        write_baseline=write_baseline,
        prune_baseline=prune_baseline,
        fix=fix,
        unsafe_fixes=unsafe_fixes,
        diff=diff,
        exit_zero=exit_zero,
    )
    raise typer.Exit(run_lint(options, *typed_words(ctx)))
