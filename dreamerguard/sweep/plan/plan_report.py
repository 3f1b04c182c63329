"""Prints the plan of a sweep: runs, updates, hours, disk, and what lint says about each combination."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from dreamerguard.util.text import number_of

from .make_plan import SweepPlan
from .planned_run import PlannedRun

VERSION = 1
#: Rows and refused runs that the text names; the JSON report names all.
_ROWS, _NAMED = 40, 20
UNKNOWN = "not known"

_Amount = Callable[[PlannedRun], float | None]


def plan_json(plan: SweepPlan) -> dict[str, Any]:
    """Returns the plan as plain data."""
    return {
        "version": VERSION,
        "name": plan.sweep.name,
        "folder": str(plan.folder),
        "engine": plan.sweep.engine.kind,
        "starts": not plan.stops and len(plan.left_out) < len(plan.runs),
        "totals": _totals(plan),
        "runs": [_row(run, plan) for run in plan.runs],
        "notes": list(plan.notes),
    }


def plan_text(plan: SweepPlan) -> str:
    """Returns the plan as lines for people."""
    lines = [*_head(plan), "", *_table(plan), "", *_totals_text(plan)]
    lines += [line for note in plan.notes for line in ("", f"note: {note}")]
    lines += _left_out_text(plan)
    return "\n".join(lines)


def _row(run: PlannedRun, plan: SweepPlan) -> dict[str, Any]:
    cost = run.cost
    return {
        "name": run.name,
        "task": run.task,
        "seed": run.seed,
        "combination": dict(run.combination),
        "command": list(run.words),
        "frames": run.frames,
        "updates": cost.updates,
        "hours": cost.hours,
        "gpu_hours": cost.gpu_hours,
        "disk": cost.disk,
        "lint": run.checked,
        "findings": list(run.findings),
        "why": run.why,
        "left_out": run in plan.left_out,
    }


def _started(plan: SweepPlan) -> list[PlannedRun]:
    left_out = {run.name for run in plan.left_out}
    return [run for run in plan.runs if run.name not in left_out]


def _totals(plan: SweepPlan) -> dict[str, Any]:
    runs = _started(plan)
    amounts: dict[str, _Amount] = {
        "frames": lambda run: run.frames,
        "updates": lambda run: run.cost.updates,
        "hours": lambda run: run.cost.hours,
        "gpu_hours": lambda run: run.cost.gpu_hours,
        "disk": lambda run: run.cost.disk,
    }
    return {"runs": len(runs), "left_out": len(plan.left_out)} | {
        name: _sum(amount(run) for run in runs) for name, amount in amounts.items()
    }


def _sum(amounts: Iterable[float | None]) -> float | None:
    """Returns the sum; None if an amount is not known."""
    total = 0.0
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total


def _head(plan: SweepPlan) -> Iterator[str]:
    sweep = plan.sweep
    combinations = len({tuple(run.combination.items()) for run in plan.runs})
    yield (
        f"{sweep.name}: {number_of(len(plan.runs), 'run')} = {number_of(len(sweep.tasks), 'task')}"
        f" x {number_of(combinations, 'combination')} x {number_of(len(sweep.seed_list), 'seed')},"
        f" in {plan.folder}, engine {sweep.engine.kind}"
    )


def _table(plan: SweepPlan) -> Iterator[str]:
    groups: dict[tuple[str, str, str, str], list[PlannedRun]] = {}
    for run in plan.runs:
        groups.setdefault((run.task, run.shown, run.checked, run.why), []).append(run)
    rows = [("task", "combination", "runs", "frames", "updates", "hours each", "lint")]
    for (task, shown, checked, _), runs in list(groups.items())[:_ROWS]:
        first = runs[0]
        said = checked if not first.findings else f"{checked}: {', '.join(first.findings)}"
        amounts = (_count(first.frames), _count(first.cost.updates), _hours(first.cost.hours))
        rows.append((task, shown or "-", str(len(runs)), *amounts, said))
    yield from _columns(rows)
    if len(groups) > _ROWS:
        yield f"and {len(groups) - _ROWS} more; --output-format json lists all"


def _totals_text(plan: SweepPlan) -> Iterator[str]:
    totals = _totals(plan)
    left = f", {totals['left_out']} left out" if totals["left_out"] else ""
    yield f"runs       {totals['runs']}{left}"
    yield f"frames     {_count(totals['frames'])}"
    yield f"updates    {_count(totals['updates'])}"
    after = "" if totals["hours"] is None else ", one run after the other"
    yield f"hours      {_hours(totals['hours'])}{after}"
    yield f"GPU hours  {_gpu_hours(plan, totals['gpu_hours'])}"
    yield f"disk       {_disk(totals['disk'])}"


def _disk(total: float | None) -> str:
    if not total:
        return UNKNOWN
    size = f"{total / 1e9:,.1f} GB" if total >= 1e9 else f"{total / 1e6:,.0f} MB"
    return f"at least {size}, for the replay in the checkpoints"


def _gpu_hours(plan: SweepPlan, total: float | None) -> str:
    if not plan.sweep.engine.gpus_per_run:
        return "0: gpus_per_run is 0"
    if total is not None:
        return f"{total:,.1f}"
    return f"{UNKNOWN}: no similar run on this machine beside these, and the file states no frames_per_second"


def _left_out_text(plan: SweepPlan) -> Iterator[str]:
    groups = (("refused by lint", plan.refused), ("not checked by lint", plan.unchecked))
    for what, runs in groups:
        if not runs:
            continue
        yield ""
        yield f"{number_of(len(runs), 'run')} {what}:"
        yield from (f"  {run.name}: {run.why}" for run in runs[:_NAMED])
        if len(runs) > _NAMED:
            yield f"  and {len(runs) - _NAMED} more"


def _columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    right = {2, 3, 4, 5}
    for row in rows:
        cells = (
            f"{cell:>{width}}" if index in right else f"{cell:<{width}}"
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()


def _count(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:,.0f}"


def _hours(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:,.2f}" if value < 100 else f"{value:,.0f}"
