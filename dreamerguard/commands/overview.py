"""``dreamerguard`` without arguments: says what this folder holds, and what to type."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from dreamerguard.util.terminal import columns, echo

if TYPE_CHECKING:
    from dreamerguard.core.result import RepositoryResult, Result

#: Runs and files that are named; the others are only counted.
_NAMED = 3
#: Outside a repository, a folder with more files is not searched: it may be a home directory.
_MOST_FILES = 2000
_MOST_RUNS = 100
#: Columns before the explanation of a command.
_COLUMN, _LONGEST_WHY = 40, 48


def overview() -> None:
    """Prints what the current folder holds and the commands that fit."""
    from dreamerguard import __version__
    from dreamerguard.logs.search import runs_below

    echo(f"dreamerguard {__version__} checks DreamerV3 runs before, while and after they train.\n", fold=True)
    outcome = _checked()
    runs = runs_below(Path(), _MOST_RUNS) if outcome is not None else []
    found = [*(_programs(outcome) if outcome is not None else ()), *_logs(runs)]
    if outcome is None:
        echo("This folder is no repository and holds many files, so it was not searched.", fold=True)
    elif found:
        echo("This folder holds:")
        for line in found:
            echo(f"  {line}", fold=True)
    else:
        echo(f"No run of DreamerV3 was found among the {outcome.seen:,} files of this folder.")
    echo("\nType:")
    screen = columns(sys.stdout)
    column = 4 if screen is not None and screen < _COLUMN + _LONGEST_WHY else _COLUMN
    for command, why in _advice(outcome, runs):
        echo(f"  {command:<{column}}{why}" if len(command) < column else f"  {command}\n  {' ' * column}{why}")


def _checked() -> RepositoryResult | None:
    """Returns the result of ``check`` on this folder; None if it is too large and no repository."""
    from dreamerguard.commands.shared.errors import fail
    from dreamerguard.commands.shared.lint_settings import read_settings
    from dreamerguard.core.source import SourceError
    from dreamerguard.lint.repository import check_tree
    from dreamerguard.programs.native.options import LintOptions
    from dreamerguard.util.user_cache import user_cache_scope

    if not _in_repository() and _many_files():
        return None
    options = LintOptions()
    try:
        with user_cache_scope(on=not options.no_cache):
            return check_tree(settings=read_settings(options))
    except SourceError as error:
        fail(error.message)


def _in_repository() -> bool:
    here = Path.cwd()
    return any(os.path.lexists(folder / ".git") for folder in (here, *here.parents))


def _many_files() -> bool:
    seen = 0
    for _, _, files in os.walk("."):
        seen += len(files)
        if seen > _MOST_FILES:
            return True
    return False


def _programs(outcome: RepositoryResult) -> Iterator[str]:
    """Yields a line for each training program: its commands and files, and what lint found in them."""
    from dreamerguard.core.programs import SUPPORTED
    from dreamerguard.util.text import number_of

    titles = {program.name: program.title for program in SUPPORTED}
    for name in outcome.dialects:
        results = [result for result in outcome.results if result.dialect == name]
        places = list(dict.fromkeys(filter(None, map(_place, results))))
        where = f" in {_listed(places)}" if places else ""
        yield f"{titles[name]}: {number_of(len(results), 'run')}{where}; {_found(results)}"


def _place(result: Result) -> str:
    source = result.run.anchor.source
    return source.name if source.kind == "file" else ""


def _run_file(result: Result) -> str:
    """Returns the name of a run file of the bundled trainer that lint would let start; else an empty text."""
    name = _place(result)
    sound = result.dialect == "native" and result.judged.task and not result.refused
    return name if sound and name.endswith((".yaml", ".yml")) else ""


def _found(results: list[Result]) -> str:
    from collections import Counter

    from dreamerguard.core.finding import Severity
    from dreamerguard.reports.full import clean
    from dreamerguard.util.text import number_of

    counts = Counter(item.severity for result in results for item in result.active)
    words = [number_of(counts[item], str(item)) for item in (Severity.ERROR, Severity.WARNING) if counts[item]]
    return ", ".join(words) or clean(*results)


def _logs(runs: list[Path]) -> Iterator[str]:
    from dreamerguard.util.text import number_of

    if runs:
        more = " or more" if len(runs) == _MOST_RUNS else ""
        count = number_of(f"{len(runs)}{more}", "run")
        yield f"logs of {count}: {_listed([path.as_posix() for path in runs])}"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


def _advice(outcome: RepositoryResult | None, runs: list[Path]) -> Iterator[tuple[str, str]]:
    """Yields commands that fit what was found, with what they do."""
    import shlex

    results = outcome.results if outcome is not None else ()
    if results:
        yield "dreamerguard check", "shows every finding, its cost and its fix"
    if any(result.dialect != "native" for result in results):
        yield "dreamerguard guard -- COMMAND", "checks a training command, runs and watches it"
    for name in list(filter(None, map(_run_file, results)))[:1]:
        yield f"dreamerguard train --config {shlex.quote(name)}", "trains it with the bundled trainer"
    for run in runs[:1]:
        yield f"dreamerguard watch --once {shlex.quote(run.as_posix())}", "judges its scores by published curves"
    if len({run.parent for run in runs}) > 1:
        yield "dreamerguard compare NEW --baseline OLD", "compares two folders of runs"
    if not results:
        yield "dreamerguard lint -- COMMAND", "checks a training command"
    if not results and not runs:
        yield "dreamerguard init dmc_walker_walk", "writes a run file"
    yield "dreamerguard --help", "lists all commands"
