"""``dreamerguard check``: is anything in this repository going to hurt?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dreamerguard.commands.shared.typer_options import takes_options
from dreamerguard.programs.native.options import LintOptions


@takes_options(
    LintOptions, "output_format", "output", "this_machine", "select", "ignore", "min_severity", "min_confidence",
    "config_file", "no_config", "allow_local_rules", "no_cache", "baseline", "write_baseline", "prune_baseline", "fix",
    "unsafe_fixes", "diff", "exit_zero",
)  # fmt: skip
def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Files and folders; by default the current folder. - reads one file from standard input."),
    ] = None,
    allow_nothing: Annotated[
        bool, typer.Option("--allow-nothing", help="Exit with 0 when there is nothing to check, for hooks.")
    ] = False,
    stdin_filename: Annotated[
        str | None, typer.Option("--stdin-filename", help="With -: name of the file, which decides how it is read.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Check again whenever a file changes, until Ctrl-C.")] = False,
    *,
    options: LintOptions,
) -> None:
    """Find and check every configuration and training command of a repository.

    Looks into scripts, Makefiles, Markdown, container files, editors' launch files, workflows and notebooks, into run
    files and into the configuration of danijar/dreamerv3, dreamerv3-torch, r2dreamer, sheeprl, torchrl and RLlib.
    Files that .gitignore excludes are left out. --fix edits only files below the given paths.

    Exit code 0: nothing at warning or error; 1: findings, or changes to show with --diff; 2: a path or the settings
    cannot be read; 3: nothing was found that could be checked.
    """
    from .check_run import run_check

    raise typer.Exit(
        run_check(options, paths or [], allow_nothing=allow_nothing, stdin_filename=stdin_filename, watch=watch)
    )
