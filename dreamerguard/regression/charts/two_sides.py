"""Opens a report of two sides with the verdict of their comparison, and one colour per side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dreamerguard.regression.watch.watcher import Status

from .html import NO_BREAK_SPACE, Html, html_table, items, tag, text
from .run_charts import sides_chart
from .run_facts import RunPage
from .svg import draw_svg

_CLASSES = {"WORSE": "regressed", "NON-INFERIOR": "ok"}


@dataclass(frozen=True, slots=True)
class TwoSides:
    """The comparison of the runs of a report.

    Attributes:
      outcome, reason: verdict of `compare` and its sentence.
      names: names of the candidate side and of the baseline side.
      side: for each run of the report 0 for a candidate, 1 for a baseline, None for a run that was not compared.
      head, rows: table of the tasks.
      caption: what the columns of the table are.
      facts: p-values, the size of the change, advice.
      notes: assumptions, allowed differences and questions about the sides.
    """

    outcome: str
    reason: str
    names: tuple[str, str]
    side: tuple[int | None, ...]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str
    facts: tuple[str, ...]
    notes: tuple[str, ...]


def sides_section(sides: TwoSides, runs: Sequence[RunPage]) -> Iterator[Html]:
    """Yields the top of the page: verdict, chart of each task, table of the tasks, notes."""
    badge = tag("span", sides.outcome, class_=f"badge {_CLASSES.get(sides.outcome, 'watch')}")
    yield tag("h1", badge, Html(" "), text(f"{sides.names[0]} compared with {sides.names[1]}"))
    yield tag("p", tag("strong", text(f"{sides.outcome}: {sides.reason}.")), class_="lead")
    for index, (task, groups) in enumerate(_by_task(sides, runs)):
        yield draw_svg(sides_chart(list(zip(_legend(sides.names), groups, strict=True)), f"all-{index}", task))
    yield tag("h2", "What changed")
    rows = [[cell.replace(" %", f"{NO_BREAK_SPACE}%") for cell in row] for row in sides.rows]
    yield html_table(sides.head, rows, sides.caption, numbers=1, class_="dense")
    yield items(sides.facts)
    if sides.notes:
        yield tag("h3", "Notes")
        yield items(sides.notes)


def _legend(names: tuple[str, str]) -> list[str]:
    kinds = ("candidate", "baseline")
    return [kind if name == kind else f"{name} ({kind})" for name, kind in zip(names, kinds, strict=True)]


def _by_task(sides: TwoSides, runs: Sequence[RunPage]) -> list[tuple[str, tuple[list[Status], list[Status]]]]:
    """Returns the runs of both sides for every task that both have."""
    groups: dict[str, tuple[list[Status], list[Status]]] = {}
    for run, side in zip(runs, sides.side, strict=True):
        if side is not None and run.status.log is not None and len(run.status.scores[0]):
            groups.setdefault(run.status.task, ([], []))[side].append(run.status)
    return [(task, group) for task, group in groups.items() if all(group)]
