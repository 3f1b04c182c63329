"""``dreamerguard check``: is anything in this repository going to hurt?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dreamerguard.commands.shared.errors import fail, note
from dreamerguard.commands.shared.typer_options import takes_options
from dreamerguard.programs.native.options import LintOptions, OutputFormat

if TYPE_CHECKING:
    from dreamerguard.core.result import RepositoryResult
    from dreamerguard.lint.settings.model import Settings


@takes_options(
    LintOptions, "output_format", "output", "this_machine", "select", "ignore", "min_severity", "min_confidence",
    "config_file", "no_config", "no_cache", "baseline", "exit_zero",
)  # fmt: skip
def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files and folders; by default the current folder.")
    ] = None,
    allow_nothing: Annotated[
        bool, typer.Option("--allow-nothing", help="Exit with 0 when there is nothing to check, for hooks.")
    ] = False,
    *,
    options: LintOptions,
) -> None:
    """Find and check every configuration and training command of a repository.

    Looks into scripts, Makefiles, Markdown, container files, editors' launch files, workflows and notebooks, into run
    files and into the configuration of danijar/dreamerv3, dreamerv3-torch, r2dreamer, sheeprl and torchrl. Files
    that .gitignore excludes are left out.

    Exit code 0: nothing at warning or error; 1: findings; 2: a path or the settings cannot be read; 3: nothing was
    found that could be checked.
    """
    from dreamerguard.commands.shared.exit_codes import NOTHING_CHECKED
    from dreamerguard.commands.shared.lint_settings import read_settings
    from dreamerguard.core.machine import UNKNOWN, detect_machine
    from dreamerguard.core.source import SourceError
    from dreamerguard.lint.repository import check_tree
    from dreamerguard.util.user_cache import user_cache_scope

    try:
        settings = read_settings(options)
        machine = detect_machine() if options.this_machine else UNKNOWN
        with user_cache_scope(on=not options.no_cache):
            outcome = check_tree(paths or [], machine, settings=settings)
        _report(outcome, options, settings)
    except SourceError as error:
        fail(error.message)
    if not outcome.checked and not allow_nothing:
        reason = "; ".join(outcome.unread[:3]) or f"no run among {outcome.seen} files"
        fail(f"nothing to check: {reason}", NOTHING_CHECKED)
    raise typer.Exit(0 if options.exit_zero else _exit_code(outcome))


def _report(outcome: RepositoryResult, options: LintOptions, settings: Settings) -> None:
    import os
    import sys

    from dreamerguard.lint.engine import active_rules
    from dreamerguard.reports import render
    from dreamerguard.reports.repository_summary import render_tree, repository_summary
    from dreamerguard.util.terminal import write
    from dreamerguard.util.text import wants_color

    if options.output_format is OutputFormat.FULL:
        text = render_tree(outcome, options.output is None and wants_color(sys.stdout.isatty(), os.environ))
    else:
        text = render(options.output_format, outcome.results, rules=active_rules(settings))
        for line in repository_summary(outcome).split("\n"):
            note(line)
    if options.output is None:
        write(sys.stdout, text)
        return
    from dreamerguard.core.atomic_write import write_atomically

    write_atomically(Path(options.output), text.encode("utf-8"))


def _exit_code(outcome: RepositoryResult) -> int:
    from dreamerguard.commands.shared.exit_codes import CLEAN, FINDINGS, NOTHING_CHECKED, exit_code

    codes = {exit_code(result) for result in outcome.results}
    if FINDINGS in codes:
        return FINDINGS
    return NOTHING_CHECKED if codes == {NOTHING_CHECKED} else CLEAN
