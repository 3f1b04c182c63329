"""Formats a sequential comparison as text, Markdown, JSON and JUnit."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .comparison_report import (
    HEAD_LEGEND,
    comparison_facts,
    comparison_json,
    comparison_junit,
    markdown_table,
    narrow,
    table_lines,
    text_table,
)
from .decision import Outcome
from .sequential import LookResult, SequentialResult

_HEAD = (
    "look",
    "seeds per task",
    "p final",
    "p area",
    "level of WORSE",
    "p margin",
    "level of NON-INFERIOR",
    "verdict",
)


def sequential_text(result: SequentialResult, path: Path, caveats: Sequence[str]) -> str:
    """Returns plain text: verdict or next step, looks, table, effect, plan and notes."""
    comparison = result.comparison
    parts = [f"{comparison.outcome}: {comparison.reason}", text_table(_look_rows(result))]
    if comparison.tasks:
        parts += [text_table(narrow(table_lines(comparison))), "\n".join(_facts(result))]
    notes = [_plan_line(result, path), *(f"note: {caveat}" for caveat in caveats)]
    return "\n\n".join([*parts, "\n".join(notes)]) + "\n"


def sequential_markdown(result: SequentialResult, path: Path, caveats: Sequence[str]) -> str:
    """Returns Markdown for a pull request: verdict or next step, looks, table, effect, plan and notes."""
    comparison = result.comparison
    parts = [f"**{comparison.outcome}**: {comparison.reason}", markdown_table(_look_rows(result))]
    facts: list[str] = []
    if comparison.tasks:
        parts.append(markdown_table(table_lines(comparison)))
        facts = _facts(result)
    notes = [f"- {line}" for line in [*facts, _plan_line(result, path), *caveats]]
    return "\n\n".join([*parts, "\n".join(notes)]) + "\n"


def sequential_json(result: SequentialResult, path: Path, caveats: Sequence[str]) -> str:
    """Returns the JSON object of `compare` with the field ``sequential``; it ends with a line break."""
    data: dict[str, Any] = json.loads(comparison_json(result.comparison, caveats))
    data["sequential"] = {
        "stop": result.stop,
        "look": len(result.looks),
        "looks": look_records(result.looks),
        "needed": [asdict(item) for item in result.needed],
        "worse_tasks": list(result.worse_tasks),
        "saved_seeds": result.saved,
        "plan_file": str(path),
        "plan": asdict(result.plan),
    }
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def sequential_junit(result: SequentialResult, path: Path, caveats: Sequence[str]) -> str:
    """Returns JUnit XML with one test case: failed if WORSE, skipped if INCONCLUSIVE, passed otherwise."""
    return comparison_junit(result.comparison, [_plan_line(result, path), *caveats])


#: Output format -> function that writes the report.
SEQUENTIAL_FORMATS: dict[str, Callable[[SequentialResult, Path, Sequence[str]], str]] = {
    "text": sequential_text,
    "markdown": sequential_markdown,
    "json": sequential_json,
    "junit": sequential_junit,
}


def look_records(looks: Sequence[LookResult]) -> list[dict[str, Any]]:
    """Returns the looks as JSON objects."""
    return [asdict(look) | {"outcome": look.outcome.value} for look in looks]


def _look_rows(result: SequentialResult) -> list[tuple[str, ...]]:
    plan = result.plan
    rows: list[tuple[str, ...]] = [_HEAD]
    for index, seeds in enumerate(plan.looks):
        levels = f"{plan.worse[index]:.2g}", f"{plan.inferior[index]:.2g}"
        if index < len(result.looks):
            look = result.looks[index]
            margin = "-" if look.p_margin is None else f"{look.p_margin:.3g}"
            shown = f"{look.p_final:.3g}", f"{look.p_area:.3g}", levels[0], margin, levels[1], look.outcome.value
        else:
            shown = "-", "-", levels[0], "-", levels[1], "not needed" if result.stop else "to come"
        rows.append((str(index + 1), str(seeds), *shown))
    return rows


def _facts(result: SequentialResult) -> list[str]:
    lines = [HEAD_LEGEND, *comparison_facts(result.comparison, advise=False)]
    if result.comparison.outcome is Outcome.WORSE and len(result.plan.tasks) > 1:
        named = ", ".join(result.worse_tasks) or "none; more seeds per task are needed to name one"
        lines.append(f"worse by their own seeds (family-wise over tasks): {named}")
    return lines


def _plan_line(result: SequentialResult, path: Path) -> str:
    plan = result.plan
    rates = f"{100 * 2 * sum(plan.worse):.2g} % for WORSE and {100 * sum(plan.inferior):.2g} % for NON-INFERIOR"
    return (
        f"plan: at most {plan.looks[-1]} candidate seeds on each of {len(plan.tasks)} tasks, false verdicts in at most"
        f" {rates} of comparisons over all looks and tasks; stored in {path}"
        if len(plan.tasks) > 1
        else f"plan: at most {plan.looks[-1]} candidate seeds, false verdicts in at most {rates} of comparisons over"
        f" all looks; stored in {path}"
    )
