"""``dreamerguard report``: writes an HTML page about runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dreamerguard.commands.shared.errors import fail
from dreamerguard.commands.shared.exit_codes import NOTHING_CHECKED
from dreamerguard.commands.shared.log_options import (
    ActionRepeat,
    Reference,
    Runs,
    Suite,
    Task,
    check_reference,
    check_task,
    look,
)
from dreamerguard.util.terminal import echo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dreamerguard.regression.watch.watcher import Status


def report(
    runs: Runs,
    output: Annotated[Path, typer.Option("--output", "-o", help="HTML file to write.")] = Path("report.html"),
    png: Annotated[Path | None, typer.Option("--png", help="Also write the curves to this PNG file.")] = None,
    task: Task = None,
    suite: Suite = None,
    action_repeat: ActionRepeat = None,
    reference: Reference = None,
) -> None:
    """Write one page about one or more runs: curves, verdict, lint, settings, speed and health.

    The page is a single file without scripts and loads no other file. Exit code 0: written; 2: a run cannot be read;
    3: written, but no run has a verdict (no reference, no log, or no scores).
    """
    import time

    from dreamerguard import __version__
    from dreamerguard.commands.shared.report_settings import describe_run
    from dreamerguard.core.atomic_write import write_atomically
    from dreamerguard.core.source import SourceError
    from dreamerguard.logs.follow import find_runs
    from dreamerguard.regression.charts.page import report_page
    from dreamerguard.regression.watch.status_report import headline
    from dreamerguard.regression.watch.watcher import Watcher
    from dreamerguard.util.paths import exists, is_dir

    check_reference(reference)
    check_task(task, suite, reference)
    missing = next((run for run in runs if not is_dir(run)), None)
    if missing is not None:
        fail(f"{missing} is not a directory" if exists(missing) else f"{missing} does not exist")
    statuses = look([Watcher(run, task, suite, action_repeat, reference) for run in find_runs(runs)])
    pages = [describe_run(label, status) for label, status in zip(_labels(statuses), statuses, strict=True)]
    made = f"Made by dreamerguard {__version__} on {time.strftime('%Y-%m-%d %H:%M %Z')}."
    try:
        write_atomically(output, report_page(pages, made).encode("utf-8"))
        if png is not None:
            _draw(png, statuses, [page.label for page in pages])
    except SourceError as error:
        fail(error.message)
    verdicts = ", ".join(f"{page.label} {headline(page.status)}" for page in pages)
    echo(f"{output}: {verdicts}")
    if not any(status.verdict for status in statuses):
        raise typer.Exit(NOTHING_CHECKED)


def _labels(statuses: Sequence[Status]) -> list[str]:
    """Returns directory names, with as many parents as are needed to make them different."""
    paths = [status.directory.resolve() for status in statuses]
    for depth in range(1, max((len(path.parts) for path in paths), default=1)):
        labels = ["/".join(path.parts[-depth:]) for path in paths]
        if len(set(labels)) == len(labels):
            return labels
    return [str(path) for path in paths]


def _draw(path: Path, statuses: Sequence[Status], labels: Sequence[str]) -> None:
    from dreamerguard.regression.charts.png import Curve, draw_png

    logs = [(label, status.log) for label, status in zip(labels, statuses, strict=True) if status.log is not None]
    curves = [Curve(label, log.scores[0].frames, log.scores[0].values) for label, log in logs]
    tasks = {status.task for status in statuses}
    reference = next((status.reference for status in statuses if status.reference), None) if len(tasks) == 1 else None
    try:
        draw_png(path, curves, ", ".join(sorted(tasks)), reference.envelope if reference else None)
    except ImportError:
        fail("--png needs matplotlib: pip install 'dreamerguard[agent]'")
    except OSError as error:
        fail(f"cannot write {path}: {error.strerror}")
