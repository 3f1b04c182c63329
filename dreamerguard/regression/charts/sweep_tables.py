"""The tables of a sweep's page: combinations, their scores on each task, cost, and runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dreamerguard.regression.sweep.comparison import WHOLE, CombinationResult, SweepComparison, TaskScore
from dreamerguard.regression.sweep.facts import SweptRunFacts
from dreamerguard.regression.sweep.runs import SweepRun, by_combination
from dreamerguard.util.text import number_of

from .html import NO_BREAK_SPACE, Html, count, figure, html_table, join_html, percent, tag, text

#: Columns of scores in one table.
COLUMNS = 5

_SCORES = (
    "Mean final score of the seeds; the highest of a task is bold. In brackets: share of the budget, where the runs are"
    " not at its end. ↓: shown to be worse than the first combination on this task alone"
)
_STATES = {"finished": "ok", "failed": "regressed", "refused": "regressed", "stopped": "watch"}
_STATUSES = {"winner": "ok", "worse": "regressed", "stopped": "watch"}
_VERDICTS = {"OK": "ok", "WATCH": "watch", "REGRESSED": "regressed"}


@dataclass(frozen=True, slots=True)
class Cost:
    """The work of some runs.

    Attributes:
      planned, made, saved: gradient updates: of the plan, made so far, and not made because of an early stop.
      hours, gpu_hours, saved_hours: wall hours and hours times GPUs; saved by early stops.
    """

    planned: float
    made: float
    saved: float
    hours: float
    gpu_hours: float
    saved_hours: float

    @classmethod
    def of(cls, runs: Sequence[SweepRun], facts: Mapping[str, SweptRunFacts]) -> Cost:
        """Adds up the facts of runs; unknown figures count as nothing."""
        found = [(run, facts[run.name]) for run in runs if run.name in facts]
        shares = [(row.updates or 0.0, min(max(row.frames_done / run.budget, 0.0), 1.0), row) for run, row in found]
        return cls(
            sum(updates for updates, _, _ in shares),
            sum(updates * share for updates, share, _ in shares),
            sum(updates * (1 - share) for updates, share, row in shares if row.state == "stopped"),
            sum(row.hours or 0.0 for _, row in found),
            sum(row.gpu_hours or 0.0 for _, row in found),
            sum(row.saved_hours or 0.0 for _, row in found),
        )


def hours(value: float) -> str:
    """Formats hours; a dash for none."""
    return f"{value:,.1f}{NO_BREAK_SPACE}h" if value else "–"


def combination_table(
    comparison: SweepComparison, runs: Sequence[SweepRun], facts: Mapping[str, SweptRunFacts]
) -> Html:
    """Returns the table of the combinations with verdict and cost."""
    groups = by_combination(runs)
    rows = [
        _combination(item, comparison.leader, groups.get(item.label, []), facts) for item in comparison.combinations
    ]
    head = ("combination", "verdict", "change", "mean rank", "p", "runs", "stopped", "updates", "hours", "saved")
    caption = (
        "Change: score minus that of the first row at the same frames, mean over tasks, in percent of what is learned."
        " Mean rank: of all runs of a task, from 0 (lowest) to 1. p: adjusted p-value of being worse than another"
        " combination. Saved: hours of runs that were stopped early"
    )
    return html_table(head, rows, caption, numbers=2, class_="dense")


def score_tables(comparison: SweepComparison) -> Iterator[Html]:
    """Yields tables with the mean final score of each combination on each task; the highest of a task is bold.

    There are at most `COLUMNS` columns, so that a table fits on paper; more combinations or tasks get further tables.
    """
    items = comparison.combinations
    tasks = list(dict.fromkeys(task.task for item in items for task in item.tasks))
    cells = {(item.label, task.task): task for item in items for task in item.tasks}
    best = {task: max(found.score for (_, other), found in cells.items() if other == task) for task in tasks}
    labels = [item.label for item in items]
    few = len(labels) <= len(tasks)
    side, top = (tasks, labels) if few else (labels, tasks)
    for begin in range(0, len(top), COLUMNS):
        part = top[begin : begin + COLUMNS]
        rows = [
            [one, *(_score_cell(cells.get((other, one) if few else (one, other)), best) for other in part)]
            for one in side
        ]
        caption = _SCORES if not begin else f"Further {'combinations' if few else 'tasks'}"
        yield html_table(("task" if few else "combination", *part), rows, caption, numbers=1, class_="dense")


def _score_cell(found: TaskScore | None, best: Mapping[str, float]) -> Html:
    if found is None:
        return text("–")
    early = f" ({percent(found.share)})" if found.share < WHOLE else ""
    shown = text(f"{figure(found.score)}{' ↓' if found.worse else ''}")
    return join_html([tag("strong", shown) if found.score == best[found.task] else shown, early])


def run_table(runs: Sequence[SweepRun], facts: Mapping[str, SweptRunFacts]) -> Html:
    """Returns the runs with state, verdict and cost; runs with facts alone stand at the end."""
    known = {run.name: run for run in runs}
    rows = [_run(name, known.get(name), facts.get(name)) for name in dict.fromkeys((*known, *facts))]
    head = ("run", "state", "verdict of watch", "score", "frames", "hours", "place", "why")
    return html_table(head, rows, "Score: mean of the last tenth of the episodes so far", class_="dense")


def _combination(
    item: CombinationResult, leader: str | None, runs: Sequence[SweepRun], facts: Mapping[str, SweptRunFacts]
) -> list[str]:
    cost = Cost.of(runs, facts)
    states = [facts[run.name].state for run in runs if run.name in facts]
    change = "–" if item.change is None or item.label == leader else f"{100 * item.change:+.1f}{NO_BREAK_SPACE}%"
    badge = tag("span", item.status, class_=f"badge {_STATUSES.get(item.status, 'open')}")
    return [
        item.label, badge, change, f"{item.rank:.2f}", figure_of_p(item.p), str(len(runs)),
        str(states.count("stopped")) if states else "–", count(cost.made) if cost.planned else "–",
        hours(cost.gpu_hours or cost.hours), hours(cost.saved_hours),
    ]  # fmt: skip


def figure_of_p(p: float | None) -> str:
    """Formats a p-value; a dash for None."""
    if p is None:
        return "–"
    return f"{p:.2g}" if p >= 1e-4 else "< 0.0001"


def _run(name: str, run: SweepRun | None, facts: SweptRunFacts | None) -> list[str]:
    row = facts or SweptRunFacts(name, "")
    state = tag("span", row.state, class_=f"badge {_STATES.get(row.state, 'open')}") if row.state else text("–")
    verdict = row.verdict or "–"
    judged = tag("span", verdict, class_=_VERDICTS.get(verdict, "open"))
    why = "; ".join([*([row.why] if row.why else []), *([f"lint: {', '.join(row.lint)}"] if row.lint else [])])
    frames = run.reached if run else row.frames_done
    return [
        name, state, judged, figure(_score(run)), count(frames), hours(row.hours or 0.0), row.place or "–", why or "–",
    ]  # fmt: skip


def _score(run: SweepRun | None) -> float | None:
    if run is None or not run.reached:
        return None
    scores = run.finite[1]
    late = scores[-max(len(scores) // 10, 1) :]
    return sum(late) / len(late) if len(late) else None


def cost_facts(cost: Cost, runs: int) -> Iterator[str]:
    """Yields one line per figure of the whole sweep."""
    if cost.planned:
        share = f", {percent(cost.saved / cost.planned)} saved by early stops" if cost.saved else ""
        yield f"Gradient updates: {count(cost.made)} of {count(cost.planned)} planned{share}."
    if cost.hours:
        gpu = f", {hours(cost.gpu_hours)} times GPUs" if cost.gpu_hours else ""
        yield f"Time of all runs together: {hours(cost.hours)}{gpu}; {hours(cost.saved_hours)} saved by early stops."
    yield f"{number_of(runs, 'run')} in the plan."
