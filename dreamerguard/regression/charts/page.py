"""Writes the HTML report about runs: one file that needs no network, no scripts and no other file.

The page works in print, on a phone, in light and dark mode, and with a screen reader. Text from logs is escaped, and a
content security policy blocks every load. A report of two sides opens with the verdict of `compare`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dreamerguard.regression.watch.status_report import headline

from .curves import trailing_name
from .html import Html, count, figure, html_table, percent, tag
from .run_charts import common_chart
from .run_facts import RunPage
from .run_section import badge, run_section
from .shell import whole_page
from .svg import draw_svg
from .two_sides import TwoSides, sides_section

#: Number of runs from which on the sections are closed, unless a run is too low.
_MANY = 4


def report_page(runs: Sequence[RunPage], made: str, sides: TwoSides | None = None) -> str:
    """Returns the whole page.

    Args:
      runs: the runs to show, in this order.
      made: footer that states when and with which program the page was made.
      sides: the comparison of the runs, if they are those of two sides.
    """
    if sides is not None:
        title = f"{sides.outcome}: {sides.names[0]} compared with {sides.names[1]}"
    else:
        title = f"{runs[0].label}: {headline(runs[0].status)}" if len(runs) == 1 else f"{len(runs)} DreamerV3 runs"
    return whole_page(title, _body(runs, title, sides), made)


def _body(runs: Sequence[RunPage], title: str, sides: TwoSides | None) -> Iterator[Html]:
    if sides is not None:
        yield from sides_section(sides, runs)
        yield tag("h2", "Each run alone, compared with the reference curves")
        yield _overview(runs, neutral=True)
    else:
        yield tag("h1", title)
        if len(runs) > 1:
            yield _overview(runs, neutral=False)
            for index, group in enumerate(_by_task(runs)):
                statuses, labels = [run.status for run in group], [run.label for run in group]
                yield draw_svg(common_chart(statuses, labels, f"all-{index}", group[0].status.task))
    for index, run in enumerate(runs):
        folded = sides is not None or (len(runs) >= _MANY and not _flagged(run))
        yield run_section(run, f"run-{index}", len(runs) == 1, folded, neutral=sides is not None)


def _flagged(run: RunPage) -> bool:
    verdict = run.status.verdict
    return verdict is not None and verdict.state.flagged


def _by_task(runs: Sequence[RunPage]) -> list[list[RunPage]]:
    """Groups runs with scores by task; omits tasks with a single run."""
    groups: dict[tuple[str, str], list[RunPage]] = {}
    for run in runs:
        if run.status.log is not None and len(run.status.scores[0]):
            suite = run.status.reference.envelope.suite if run.status.reference else ""
            groups.setdefault((suite, run.status.task), []).append(run)
    return [group for group in groups.values() if len(group) > 1]


def _overview(runs: Sequence[RunPage], neutral: bool) -> Html:
    head = ("run", "verdict", "score", "reference", "healthy runs as low", "frames", "task")
    rows = []
    for index, run in enumerate(runs):
        status, verdict = run.status, run.status.verdict
        last = verdict.last if verdict else None
        name = tag("a", run.label, href=f"#run-{index}")
        p = percent(verdict.p) if verdict and last else "–"
        scores = figure(last.score if last else None), figure(last.median if last else None)
        frames = count(status.log.frames) if status.log else "–"
        rows.append((name, badge(status, neutral), *scores, p, frames, status.task))
    return html_table(head, rows, _caption(runs), numbers=2)


def _caption(runs: Sequence[RunPage]) -> str:
    judged = next((run.status for run in runs if run.status.reference is not None), None)
    if judged is None:
        return "Verdicts of the runs"
    return (
        f"Score and reference: {trailing_name(judged)}, at the last look; the reference is the median of its seeds."
        " Healthy runs as low: share of healthy runs that are ever this far below the reference; below 5 % WATCH, below"
        " 2 % REGRESSED"
    )
