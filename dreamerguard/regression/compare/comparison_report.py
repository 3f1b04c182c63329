"""Formats a comparison as text, Markdown, JSON and JUnit."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from xml.sax.saxutils import escape, quoteattr

from .decision import Comparison, Outcome, TaskResult

#: Version of the JSON object; increases when a field changes its meaning or is removed. New fields keep the version.
VERSION = 1

#: Column titles of `comparison_table`.
COLUMNS = (
    "task",
    "change",
    "95 % interval",
    "candidate score",
    "baseline score",
    "change of the whole curve",
    "chance to score higher",
    "candidate seeds",
    "baseline seeds",
    "seeds too low",
)
#: Cells of a row of the short table in this order.
_ORDER = (0, 5, 6, 4, 3, 7, 8, 2, 1, 9)

#: What the columns of `comparison_table` are.
LEGEND = (
    "Scores: mean over the last 10 % of the frames and over seeds. Changes: as a share of what the baseline learns."
    " Chance to score higher: of a candidate seed against a baseline seed. Seeds too low: candidate seeds that alone"
    " are too low at 5 % against published curves"
)

_HEAD = (
    "task", "baseline seeds", "candidate seeds", "baseline", "candidate", "change", "95 % interval", "whole curve",
    "better", "too low",
)  # fmt: skip
#: What the columns of the short table are.
HEAD_LEGEND = (
    "seeds: of baseline, candidate; change: of the final score, whole curve: of the mean over the run, both as"
    " shares of what the baseline learns; better: chance that a candidate seed scores higher than a baseline seed;"
    " too low: candidate seeds that are too low even alone"
)


def render_text(comparison: Comparison, caveats: Sequence[str]) -> str:
    """Returns plain text: verdict, table, effect and notes."""
    table = text_table(narrow(table_lines(comparison)))
    notes = "".join(f"note: {caveat}\n" for caveat in caveats)
    facts = "\n".join([HEAD_LEGEND, *comparison_facts(comparison)])
    return f"{comparison.outcome}: {comparison.reason}\n\n{table}\n\n{facts}\n{notes}"


def text_table(rows: Sequence[Sequence[str]]) -> str:
    """Returns rows of cells as lines of plain text with aligned columns, the first one to the left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    cells = [
        [f"{row[0]:<{widths[0]}}", *(f"{c:>{w}}" for c, w in zip(row[1:], widths[1:], strict=True))] for row in rows
    ]
    return "\n".join("  ".join(row).rstrip() for row in cells)


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Returns rows of cells as a Markdown table; the first row is the head."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]])


def comparison_markdown(comparison: Comparison, caveats: Sequence[str]) -> str:
    """Returns Markdown for a pull request: verdict, table, effect and notes."""
    table = markdown_table(table_lines(comparison))
    notes = [f"- {line}" for line in [HEAD_LEGEND, *comparison_facts(comparison), *caveats]]
    return "\n".join([f"**{comparison.outcome}**: {comparison.reason}", "", table, "", *notes]) + "\n"


def comparison_json(comparison: Comparison, caveats: Sequence[str]) -> str:
    """Returns one JSON object that ends with a line break."""
    data = {"version": VERSION, **asdict(comparison), "outcome": comparison.outcome.value, "caveats": list(caveats)}
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def comparison_junit(comparison: Comparison, caveats: Sequence[str]) -> str:
    """Returns JUnit XML with one test case: failed if WORSE, skipped if INCONCLUSIVE, passed otherwise."""
    body = escape("\n".join([*comparison_facts(comparison), *caveats]))
    inner = f"<system-out>{body}</system-out>"
    reason = quoteattr(comparison.reason)
    if comparison.outcome is Outcome.WORSE:
        inner = f"<failure type={quoteattr('WORSE')} message={reason}/>" + inner
    elif comparison.outcome is Outcome.INCONCLUSIVE:
        inner = f"<skipped message={reason}/>" + inner
    failures, skipped = comparison.outcome is Outcome.WORSE, comparison.outcome is Outcome.INCONCLUSIVE
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuite name="dreamerguard compare" tests="1" failures="{failures:d}" errors="0" skipped="{skipped:d}">'
        f'<testcase classname="dreamerguard.compare" name="candidates">{inner}</testcase></testsuite>\n'
    )


#: Output format -> function that writes the report.
FORMATS: dict[str, Callable[[Comparison, Sequence[str]], str]] = {
    "text": render_text,
    "markdown": comparison_markdown,
    "json": comparison_json,
    "junit": comparison_junit,
}


def comparison_table(comparison: Comparison) -> list[tuple[str, ...]]:
    """Returns one row per task, with the cells of `COLUMNS`."""
    return [tuple(row[place] for place in _ORDER) for row in map(_row, comparison.tasks)]


def table_lines(comparison: Comparison) -> list[tuple[str, ...]]:
    """Returns the head and the rows of the short table of text and Markdown."""
    return [_HEAD, *(_row(task) for task in comparison.tasks)]


def narrow(rows: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """Returns the rows of `table_lines` with both numbers of seeds in one column, for a terminal."""
    return [
        (name, "seeds" if first.startswith("baseline") else f"{first}, {second}", *others)
        for name, first, second, *others in rows
    ]


def comparison_facts(comparison: Comparison, *, advise: bool = True) -> list[str]:
    """Returns the lines below the table: p-values, the size of the change, and with ``advise`` seeds that are missing.

    Args:
      comparison: the result.
      advise: whether an INCONCLUSIVE result states how many more seeds it needs.
    """
    tasks = len(comparison.tasks)
    ways = "all ways" if comparison.exact else "many drawn ways"
    both = f"{comparison.p_final:.3g} for the final score, {comparison.p_area:.3g} for the whole curve"
    level = f"{comparison.rates.worse:.3g}"
    worse = f"p that chance alone makes the candidate look this bad: {both}; WORSE needs at most {level} in either"
    lines = [f"{worse} (permutation test: {ways} to exchange seeds between the sides of a task)"]
    if comparison.p_margin is not None:
        loss = f"p that a loss of more than {comparison.margin:.0%} looks this good"
        lines.append(f"{loss}: {comparison.p_margin:.3g}; NON-INFERIOR needs at most {comparison.rates.inferior:.3g}")
    if comparison.change is not None:
        lines.append(
            f"change of the final score {_percent(comparison.change)} of what the baseline learns (interquartile mean"
            f" over tasks); 95 % interval, if it is the same on all tasks: {_interval(comparison)}; chance that a"
            f" candidate seed scores higher than a baseline seed: {comparison.better:.2f}"
        )
    if comparison.outcome is Outcome.INCONCLUSIVE and advise:
        lines.append(_more_seeds(comparison))
        if tasks < 6:
            lines.append("add tasks rather than seeds: one seed on each of six tasks beats six seeds on one task")
    return lines


def _interval(comparison: Comparison) -> str:
    low, high = comparison.low, comparison.high
    if low is not None and high is not None:
        return f"{_percent(low)} to {_percent(high)}"
    if low is not None:
        return f"at least {_percent(low)}, not bounded above"
    return f"at most {_percent(high)}, not bounded below" if high is not None else "not bounded"


def _more_seeds(comparison: Comparison) -> str:
    goal = "an equally good candidate would be shown non-inferior four times in five (normal approximation)"
    if comparison.further:
        return f"{comparison.further} more candidate seeds per task are needed until {goal}"
    if comparison.further == 0:
        return f"this number of seeds usually suffices: {goal}; this candidate may be slightly worse"
    if comparison.further_both:
        return (
            f"adding candidate seeds alone is not enough; {comparison.further_both} more seeds per task on both sides"
            f" are needed until {goal}"
        )
    return "more than 100 further seeds per task are needed: add tasks, or accept a larger --margin"


def _row(task: TaskResult) -> tuple[str, ...]:
    interval = "-" if task.low is None or task.high is None else f"{_percent(task.low)} to {_percent(task.high)}"
    change, area = (_percent(x) if x is not None else "-" for x in (task.change, task.area_change))
    too_low = "-" if task.too_low is None else f"{task.too_low} of {task.k}"
    scores = f"{task.baseline:.4g}", f"{task.candidate:.4g}"
    return task.task, str(task.n), str(task.k), *scores, change, interval, area, f"{task.better:.2f}", too_low


def _percent(value: float) -> str:
    return f"{100 * value:+.1f} %"
