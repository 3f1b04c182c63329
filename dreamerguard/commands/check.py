"""``dreamerguard check``: is anything in this repository going to hurt?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dreamerguard.commands.shared.lint_options import LintOptions, OutputFormat, split
from dreamerguard.core.model import Confidence, Severity

if TYPE_CHECKING:
    from dreamerguard.core.result import RepositoryResult
    from dreamerguard.lint.settings.model import Settings


def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files and folders; by default the current folder.")
    ] = None,
    output_format: Annotated[
        OutputFormat, typer.Option("--output-format", help="Report to write.")
    ] = OutputFormat.FULL,
    output: Annotated[
        Path | None, typer.Option("--output", help="File for the report, instead of printing it.")
    ] = None,
    this_machine: Annotated[
        bool, typer.Option("--this-machine", help="The runs are meant for this machine: check GPU and memory too.")
    ] = False,
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
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Exit with 0 in spite of findings.")] = False,
    allow_nothing: Annotated[
        bool, typer.Option("--allow-nothing", help="Exit with 0 when there is nothing to check, for hooks.")
    ] = False,
) -> None:
    """Find and check every configuration and training command of a repository.

    Looks into scripts, Makefiles, Markdown, container files, editors' launch files, workflows and notebooks, into run
    files and into the configuration of danijar/dreamerv3, dreamerv3-torch, r2dreamer, sheeprl and torchrl. Files
    that .gitignore excludes are left out.

    Exit code 0: nothing at warning or error; 1: findings; 2: a path or the settings cannot be read; 3: nothing was
    found that could be checked.
    """
    from dreamerguard.commands.shared.exit_codes import NOTHING_CHECKED
    from dreamerguard.core.machine import UNKNOWN, probe
    from dreamerguard.core.model import SourceError
    from dreamerguard.lint.repository import check_tree

    from .lint_run import Stop, read_settings, say

    options = LintOptions(
        output_format=output_format.value,
        select=split(",".join(select or ())),
        ignore=split(",".join(ignore or ())),
        min_severity=min_severity.value if min_severity else None,
        min_confidence=min_confidence.value if min_confidence else None,
        config_file=config_file,
        no_config=no_config,
        baseline=baseline,
    )
    try:
        settings = read_settings(options)
        outcome = check_tree(paths or [], probe() if this_machine else UNKNOWN, settings=settings)
        _report(outcome, output_format, output, settings)
        if not outcome.checked and not allow_nothing:
            raise Stop(f"nothing to check: no run among {outcome.seen} files", NOTHING_CHECKED)
    except SourceError as error:
        say(Stop(error.message))
        raise typer.Exit(2) from error
    except Stop as stop:
        say(stop)
        raise typer.Exit(stop.code) from stop
    raise typer.Exit(0 if exit_zero else _exit_code(outcome))


def _report(outcome: RepositoryResult, output_format: OutputFormat, output: Path | None, settings: Settings) -> None:
    import os
    import sys

    from dreamerguard.lint.engine import active_rules
    from dreamerguard.reports import render
    from dreamerguard.reports.tree import render_tree, summary
    from dreamerguard.util.terminal import write
    from dreamerguard.util.text import wants_color

    from .lint_run import note

    if output_format is OutputFormat.FULL:
        text = render_tree(outcome, output is None and wants_color(sys.stdout.isatty(), os.environ))
    else:
        text = render(output_format.value, outcome.results, rules=active_rules(settings))
        for line in summary(outcome).split("\n"):
            note(line)
    if output is None:
        write(sys.stdout, text)
        return
    from dreamerguard.core.files import write_atomically

    write_atomically(output, text.encode("utf-8"))


def _exit_code(outcome: RepositoryResult) -> int:
    from dreamerguard.commands.shared.exit_codes import CLEAN, FINDINGS, NOTHING_CHECKED, exit_code

    codes = {exit_code(result) for result in outcome.results}
    if FINDINGS in codes:
        return FINDINGS
    return NOTHING_CHECKED if codes == {NOTHING_CHECKED} else CLEAN
