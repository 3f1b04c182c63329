"""Writes the HTML page about a sweep: who wins, what was stopped, scores of all combinations, curves, runs and cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from dreamerguard.regression.sweep.comparison import SweepComparison
from dreamerguard.regression.sweep.facts import SweepFacts, SweptRunFacts
from dreamerguard.regression.sweep.references import TaskReference
from dreamerguard.regression.sweep.runs import SweepRun
from dreamerguard.util.text import number_of

from .html import NO_BREAK_SPACE, Html, items, percent, tag
from .shell import whole_page
from .svg import draw_svg
from .sweep_charts import SHOWN, task_charts
from .sweep_tables import Cost, combination_table, cost_facts, hours, run_table, score_tables

#: Runs from which on their table is closed, and charts from which on the further ones are.
_MANY_RUNS, _MANY_CHARTS = 40, 12


def sweep_page(
    facts: SweepFacts,
    runs: Sequence[SweepRun],
    run_facts: Mapping[str, SweptRunFacts],
    comparison: SweepComparison,
    references: Mapping[str, TaskReference],
) -> str:
    """Returns the whole page.

    Args:
      facts: the sweep.
      runs: all planned runs but refused ones.
      run_facts: name -> facts; also of refused runs.
      comparison: result of `compare_combinations`.
      references: key -> reference curves, for the charts.
    """
    title = f"{facts.name}: sweep of {number_of(len(runs), 'run')}"
    made = f"Made by DreamerGuard {facts.version}" + (f" with `{facts.command}`." if facts.command else ".")
    return whole_page(title, _body(facts, runs, run_facts, comparison, references), made)


def headline(comparison: SweepComparison, runs: Sequence[SweepRun], facts: Mapping[str, SweptRunFacts]) -> str:
    """Returns the sentence that opens the page: who wins, how sure that is, what was stopped, what that saved."""
    stopped = [run for run in runs if run.name in facts and facts[run.name].state == "stopped"]
    if not stopped:
        return f"{comparison.headline}; no run was stopped early."
    cost, labels = Cost.of(runs, facts), {run.label for run in stopped}
    parts = [hours(cost.saved_hours)] if cost.saved_hours else []
    parts += [f"{percent(cost.saved / cost.planned)} of the updates"] if cost.planned and cost.saved else []
    saved = f" and saved {' and '.join(parts)}" if parts else ""
    what = f"{number_of(len(stopped), 'run')} of {number_of(len(labels), 'combination')}"
    return f"{comparison.headline}; early stops ended {what}{saved}."


def _body(
    facts: SweepFacts,
    runs: Sequence[SweepRun],
    run_facts: Mapping[str, SweptRunFacts],
    comparison: SweepComparison,
    references: Mapping[str, TaskReference],
) -> Iterator[Html]:
    yield tag("h1", facts.name)
    yield tag(
        "p", tag("strong", headline(comparison, runs, run_facts).replace(" %", f"{NO_BREAK_SPACE}%")), class_="lead"
    )
    if facts.description:
        yield tag("p", facts.description)
    yield tag("p", _plan(facts, runs, run_facts), class_="soft")
    yield tag("h2", "Combinations")
    yield combination_table(comparison, runs, run_facts)
    if any(item.tasks for item in comparison.combinations):
        yield tag("h2", "Scores by task")
        yield from score_tables(comparison)
    yield from _charts(runs, references, comparison)
    yield tag("h2", "Cost")
    yield items(cost_facts(Cost.of(runs, run_facts), len(runs)))
    yield tag("h2", "Runs")
    yield _folded(
        f"{number_of(len(run_facts) or len(runs), 'run')}", run_table(runs, run_facts), len(runs) >= _MANY_RUNS
    )
    yield tag("h2", "How sure this is")
    yield items([*_assurance(comparison), *comparison.notes, *facts.notes])


def _plan(facts: SweepFacts, runs: Sequence[SweepRun], run_facts: Mapping[str, SweptRunFacts]) -> str:
    axes = [f"{key}: {', '.join(values)}" for key, values in facts.axes.items()]
    counts: dict[str, int] = {}
    for row in run_facts.values():
        counts[row.state] = counts.get(row.state, 0) + 1
    parts = [*axes, number_of(len(facts.tasks), "task") if facts.tasks else "", _seeds(facts)]
    parts += [f"engine {facts.engine}" if facts.engine else "", _time("started", facts.started)]
    parts += [_time("ended", facts.ended), ", ".join(f"{number} {state}" for state, number in counts.items())]
    return "; ".join(part for part in parts if part) + "."


def _seeds(facts: SweepFacts) -> str:
    return f"{number_of(len(facts.seeds), 'seed')} each" if facts.seeds else ""


def _time(word: str, seconds: float | None) -> str:
    return "" if seconds is None else f"{word} {datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def _charts(
    runs: Sequence[SweepRun], references: Mapping[str, TaskReference], comparison: SweepComparison
) -> Iterator[Html]:
    labels = [item.label for item in comparison.combinations][:SHOWN]
    charts = [draw_svg(chart) for chart in task_charts(runs, references, labels)]
    if not charts:
        return
    yield tag("h2", "Curves by task")
    left = len(comparison.combinations) - len(labels)
    if left:
        yield tag("p", f"The first {len(labels)} combinations; {left} more stand in the tables.", class_="caption")
    yield tag("div", *charts[:_MANY_CHARTS], class_="pair")
    if len(charts) > _MANY_CHARTS:
        rest = tag("div", *charts[_MANY_CHARTS:], class_="pair")
        yield _folded(f"{len(charts) - _MANY_CHARTS} more tasks", rest, True)


def _folded(summary: str, content: Html, closed: bool) -> Html:
    if not closed:
        return content
    return tag("details", tag("summary", summary), content)


def _assurance(comparison: SweepComparison) -> Iterator[str]:
    yield (
        f"Every pair of combinations is compared in both directions, {number_of(comparison.pairs, 'test')}, by the"
        " exact rank-sum test over their common tasks, with Holm's limits. The probability that any claim “worse” is"
        f" wrong is at most {100 * comparison.rate:.3g} %."
    )
    yield (
        "A combination that “may be the best” is worse than none. Combinations that were stopped early are not compared"
        " again: they were found hopeless, or not among the best of successive halving."
    )
