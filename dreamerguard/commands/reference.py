"""``dreamerguard reference``: makes your runs a reference for ``watch`` and ``compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dreamerguard.commands.shared.errors import fail, note
from dreamerguard.commands.shared.log_options import ActionRepeat, Suite, Task
from dreamerguard.util.terminal import echo
from dreamerguard.util.text import number_of

app = typer.Typer(
    help="Reference curves from your own runs.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _options() -> None:
    """Reference curves from your own runs."""


@app.command("build")
def build(
    runs: Annotated[list[Path], typer.Argument(help="Finished runs, or folders of runs.", metavar="RUN...")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")],
    task: Task = None,
    suite: Suite = None,
    action_repeat: ActionRepeat = None,
    frames: Annotated[
        float | None,
        typer.Option("--frames", min=1, help="Common length in frames; by default the length of the shortest run."),
    ] = None,
    borrow: Annotated[
        str | None,
        typer.Option("--borrow", help="Suite to take false-alarm statistics from if there are fewer than 19 curves."),
    ] = None,
) -> None:
    """Build reference curves from your own runs, several seeds per task.

    ``watch --reference FILE`` and ``compare --reference FILE`` compare runs with them. Exit code 2: runs that cannot be
    read or are not comparable.
    """
    import json

    from dreamerguard.core.atomic_write import write_atomically
    from dreamerguard.core.source import SourceError
    from dreamerguard.logs import LogError
    from dreamerguard.logs.follow import find_runs
    from dreamerguard.regression.compare.compared_runs import lost_rows, read_sides
    from dreamerguard.regression.reference.comparability import NotComparable
    from dreamerguard.regression.reference.own import build_reference_file as build_content

    try:
        sides = read_sides(find_runs(runs), task, suite, action_repeat)
        for lost in lost_rows(sides):
            note(f"note: {lost}")
        content = build_content(sides, frames, borrow)
        text = json.dumps(content, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
        write_atomically(output, (text + "\n").encode())
    except (LogError, NotComparable, SourceError) as error:
        fail(str(error))
    for name, entry in content["tasks"].items():
        echo(f"{name}: {number_of(entry['n'], 'seed')}, final score {entry['final']['median']:.4g}")
    echo(f"{output}: {content['budget']:,} frames. {content['note']}")
