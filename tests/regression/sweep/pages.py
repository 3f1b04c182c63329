"""Pages of sweeps for tests."""

from __future__ import annotations

from dataclasses import replace

from dreamerguard.regression.charts.sweep_page import sweep_page
from dreamerguard.regression.sweep.facts import SweepFacts, SweptRunFacts
from dreamerguard.regression.sweep.references import task_references
from dreamerguard.regression.sweep.runs import SweepRun
from dreamerguard.regression.sweep.winners import compare_combinations

from .sweeps import TASKS, sweep

HOSTILE = "</td><script>window.hacked=1</script>\x1b[2J\u202e"


def facts_of(runs: list[SweepRun], why: str = "") -> dict[str, SweptRunFacts]:
    """Returns facts of finished runs, and of stopped ones below half of their budget."""
    found = {}
    for run in runs:
        stopped = run.share < 0.5
        found[run.name] = SweptRunFacts(
            run.name, "stopped" if stopped else "finished", why if stopped else "", 2 * run.share, 2 * run.share,
            2 * (1 - run.share) if stopped else None, None, 1e5, run.reached, 1, 0, "host", f"runs/{run.name}",
            verdict="REGRESSED" if stopped else "OK",
        )  # fmt: skip
    return found


def stopped_sweep() -> list[SweepRun]:
    """Returns three combinations; the slow one was stopped at a fifth of the budget."""
    runs = sweep(1.0, {"512": 1.0, "256": 1.1, "64": 8.0}, {"512": [0, 1], "256": [2, 3], "64": [4]})
    return [
        replace(run, frames=run.frames[:10], scores=run.scores[:10], ended=True) if "-64-" in run.name else run
        for run in runs
    ]


def stopped_page() -> str:
    """Returns the page of that sweep, with a refused run."""
    runs = stopped_sweep()
    facts = facts_of(runs, "run.train_ratio=64 is behind the reference on 6 of 6 tasks")
    facts["refused"] = SweptRunFacts("refused", "refused", "refused: low-train-ratio", lint=("low-train-ratio",))
    references, _ = task_references(TASKS)
    comparison = compare_combinations(runs, references, stopped=["run.train_ratio=64"])
    axes = {"run.train_ratio": ("512", "256", "64")}
    about = SweepFacts(
        "ratios", "Which ratio is enough?", axes, TASKS, (0, 1), "local", 1.79e9, 1.79e9 + 9e3, "1.0", "cmd"
    )
    return sweep_page(about, runs, facts, comparison, references)


def hostile_page() -> str:
    """Returns a page whose every text tries to be markup."""
    runs = [
        replace(run, name=run.name + HOSTILE, task=run.task + HOSTILE, combination={"key" + HOSTILE: "value" + HOSTILE})
        for run in sweep(1.0, {"512": 1.0}, {"512": [0]}, TASKS[:2])
    ]
    facts = {
        run.name: SweptRunFacts(run.name, "failed", HOSTILE, place=HOSTILE, lint=(HOSTILE,), verdict=HOSTILE)
        for run in runs
    }
    axes = {HOSTILE: (HOSTILE,)}
    about = SweepFacts(
        HOSTILE, HOSTILE, axes, (HOSTILE,), (0,), HOSTILE, version=HOSTILE, command=HOSTILE, notes=(HOSTILE,)
    )
    return sweep_page(about, runs, facts, compare_combinations(runs), {})


def large_page() -> str:
    """Returns a page with 40 combinations and 12 runs each."""
    values = {str(2**number): 1.0 + 0.1 * number for number in range(40)}
    runs = sweep(1.0, values, {value: [0, 1] for value in values})
    return sweep_page(SweepFacts("large"), runs, facts_of(runs), compare_combinations(runs), task_references(TASKS)[0])


def empty_page() -> str:
    """Returns the page of a sweep that has not begun."""
    runs = [replace(run, frames=(), scores=()) for run in sweep(1.0, {"512": 1.0}, {"512": [0]})]
    facts = {run.name: SweptRunFacts(run.name, "waiting") for run in runs}
    return sweep_page(SweepFacts("empty"), runs, facts, compare_combinations(runs), {})
