"""``dreamerguard report``: writes an HTML page about runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dreamerguard.commands.shared.errors import fail, note
from dreamerguard.commands.shared.exit_codes import NOTHING_CHECKED
from dreamerguard.commands.shared.log_options import (
    ActionRepeat,
    Allow,
    Baseline,
    Margin,
    OtherLaboratory,
    Reference,
    Runs,
    Suite,
    Task,
    check_laboratory,
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
    baseline: Baseline = None,
    margin: Margin = 0.05,
    allow: Allow = None,
    task: Task = None,
    suite: Suite = None,
    action_repeat: ActionRepeat = None,
    reference: Reference = None,
    other_laboratory: OtherLaboratory = False,
) -> None:
    """Write one page about one or more runs: curves, verdict, lint, settings, speed and health.

    `report new/* --baseline old/*` opens with the verdict of `compare`, and so does `report new old` of two folders of
    runs, of which the first is the candidate.

    The page is a single file without scripts and loads no other file. Exit code 0: written; 2: a run cannot be read;
    3: written, but no run has a verdict (no reference, no log, or no scores).
    """
    from dreamerguard.commands.shared.low_runs import explain_run
    from dreamerguard.commands.shared.report_settings import describe_run
    from dreamerguard.commands.shared.report_sides import compare_sides, split_sides
    from dreamerguard.commands.shared.two_sides import without_files
    from dreamerguard.core.atomic_write import write_atomically
    from dreamerguard.core.source import SourceError
    from dreamerguard.regression.charts.page import report_page
    from dreamerguard.regression.watch.watcher import Watcher

    check_reference(reference)
    check_task(task, suite, reference)
    check_laboratory(other_laboratory, reference)
    left_out: list[str] = []
    sides = split_sides(without_files(runs, left_out), without_files(baseline or [], left_out))
    for line in left_out:
        note(f"note: {line}")
    given = (task, suite, action_repeat)
    compared = compare_sides(sides, given, margin, allow or [])
    statuses = look(
        [Watcher(run, *given, reference, explain=explain_run, other_laboratory=other_laboratory) for run in sides.runs]
    )
    pages = [describe_run(label, status) for label, status in zip(_labels(statuses), statuses, strict=True)]
    try:
        write_atomically(output, report_page(pages, _made(), compared).encode("utf-8"))
        if png is not None:
            _draw(png, statuses, [page.label for page in pages])
    except SourceError as error:
        fail(error.message)
    verdicts = ", ".join(f"{page.label} {_headline(page.status)}" for page in pages)
    echo(f"{output}: " + (f"{compared.outcome}: {compared.reason}" if compared else verdicts))
    if not compared and not any(status.verdict for status in statuses):
        raise typer.Exit(NOTHING_CHECKED)


def _made() -> str:
    import time

    from dreamerguard import __version__

    return f"Made by dreamerguard {__version__} on {time.strftime('%Y-%m-%d %H:%M %Z')}."


def _headline(status: Status) -> str:
    from dreamerguard.regression.watch.status_report import headline

    return headline(status)


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

    shown = [
        (label, status.scores[0]) for label, status in zip(labels, statuses, strict=True) if status.log is not None
    ]
    curves = [Curve(label, scores.frames, scores.values) for label, scores in shown]
    tasks = {status.task for status in statuses}
    reference = next((status.reference for status in statuses if status.reference), None) if len(tasks) == 1 else None
    try:
        draw_png(path, curves, ", ".join(sorted(tasks)), reference.envelope if reference else None)
    except ImportError:
        fail("--png needs matplotlib: pip install 'dreamerguard[agent]'")
    except OSError as error:
        fail(f"cannot write {path}: {error.strerror}")
