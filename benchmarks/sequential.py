"""Measures `compare --sequential` on published seeds: error rates, power, and the seeds that early stopping saves.

Usage: ``python -m benchmarks.sequential [REPETITIONS]``. 10,000 repetitions take about ten minutes.

- healthy: the 18 settings of `benchmarks.comparison`, seeds of one task drawn without replacement.
- designs: both sides grow up to the plan's end, seeds drawn with replacement. A slower candidate learns 2 or 4 times
  slower; a drop removes that share of the learned score; a loss removes points. "equal power" is the smallest fixed
  number of seeds per side with at least the power of the sequential plan.
- mixed: every second task is 4 times slower; errors are claims about a healthy task.
- blocks: the same designs with permutations within batches and joint boundaries, as AdaStop has them
  (https://arxiv.org/abs/2306.10882).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.comparison import MARGIN, PLANS
from benchmarks.drawn_seeds import CASES, CHUNK, DRAWS, Array, PValues, Sample, draw, statistics
from benchmarks.published import write_result
from dreamerguard.regression.compare.decision import INFERIOR_RATE, WORSE_RATE
from dreamerguard.regression.compare.sequential import DOUBT
from dreamerguard.regression.compare.sequential_plan import PlannedTask, make_plan, spend
from dreamerguard.regression.compare.task_claims import step_down

#: Suite, tasks, largest number of seeds per side; the fixed plan has ``fixed`` seeds per side.
DESIGNS: tuple[tuple[str, int, int, int], ...] = (
    ("dmc_proprio", 1, 12, 8), ("dmc_proprio", 3, 6, 5), ("dmc_proprio", 6, 5, 5), ("dmc_proprio", 18, 5, 5),
    ("dmc_vision", 1, 12, 8), ("dmc_vision", 3, 6, 5), ("dmc_vision", 6, 5, 5), ("dmc_vision", 20, 5, 5),
)  # fmt: skip


@dataclass(frozen=True)
class Outcomes:
    """What a plan gave: number of the deciding look (0 for none) and whether it was WORSE; seeds per side and task."""

    look: NDArray[np.int64]
    worse: NDArray[np.bool_]
    seeds: Array

    def row(self) -> dict[str, float]:
        """Returns shares and means for the result file."""
        return {
            "worse": share(self.worse), "non-inferior": share((self.look > 0) & ~self.worse),
            "seeds": round(float(self.seeds.mean()), 3),
        }  # fmt: skip


def share(flags: NDArray[np.bool_]) -> float:
    """Returns a share with four digits."""
    return round(float(flags.mean()), 4)


def run_plan(tests: PValues, planned: list[PlannedTask], looks: tuple[int, ...]) -> Outcomes:
    """Makes all looks of a plan with the product's levels."""
    count = len(tests.sample.baseline)
    look, worse, shown = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    levels = [spend(planned, looks, rate) for rate in (WORSE_RATE, INFERIOR_RATE)]
    for index, seeds in enumerate(looks):
        n, k = planned[0].sizes(seeds)
        low = tests.worse(n, k, levels[0][index]) & (look == 0)
        shown |= tests.margin(n, k, levels[1][index])
        calm = (tests.p(n, k, "area") > DOUBT) | (seeds == looks[-1])
        fine = shown & calm & (look == 0) & ~low
        worse |= low
        look[low | fine] = index + 1
    used = np.array([looks[-1], *looks], dtype=float)[look]
    return Outcomes(look, worse, used)


def healthy(repetitions: int) -> dict[str, Any]:
    """Returns fixed and sequential verdicts for the 18 healthy settings."""
    rows: dict[str, Any] = {}
    print("| suite | n | k | tasks | looks | fixed worse / NI | sequential worse / NI | seeds |\n" + "|---" * 8 + "|")
    for number, (name, n, k, tasks) in enumerate(PLANS):
        rng = np.random.default_rng([1, number])
        sample = draw(name, n, k, tasks, repetitions, rng, False, ("healthy",))
        tests, real = PValues(sample, "healthy", number), sample.baseline.shape[1]
        planned = [PlannedTask(name, str(i), 1.0, n, 0.1, True) for i in range(real)]
        plan_looks = looks_of(planned, k)
        low = tests.worse(n, k, WORSE_RATE)
        fixed = {"worse": share(low), "non-inferior": share(tests.margin(n, k, INFERIOR_RATE) & ~low), "seeds": k}
        found = run_plan(tests, planned, plan_looks).row()
        rows[f"{name}, n {n}, k {k}, {tasks} tasks"] = {"looks": plan_looks, "fixed": fixed, "sequential": found}
        cells = [f"{100 * row['worse']:.1f} / {100 * row['non-inferior']:.0f}" for row in (fixed, found)]
        print(
            f"| {name} | {n} | {k} | {tasks} | {plan_looks} | {cells[0]} | {cells[1]} | {found['seeds']:.2f} |",
            flush=True,
        )
    return rows


def looks_of(planned: list[PlannedTask], most: int) -> tuple[int, ...]:
    """Returns the product's looks; one look at the end if no look can decide."""
    if spend(planned, (most,), WORSE_RATE)[0] <= 0:
        return (most,)
    return make_plan(planned, 1, most, None, margin=MARGIN, seed=0, reference=None).looks


def designs(repetitions: int) -> dict[str, Any]:
    """Returns errors, power and seeds of sequential plans in which both sides grow."""
    rows: dict[str, Any] = {}
    print(
        "\n| suite | tasks | looks | fixed | case | fixed worse | worse | NI | seeds | fewer | equal power | blocks |"
    )
    print("|---" * 12 + "|")
    for number, (name, tasks, most, fixed) in enumerate(DESIGNS):
        planned = [PlannedTask(name, str(i), 1.0, 1, 0.1) for i in range(tasks)]
        looks = looks_of(planned, most)
        sample = draw(name, most, most, tasks, repetitions, np.random.default_rng([2, number]), True, CASES)
        row: dict[str, Any] = {"looks": looks, "fixed seeds": fixed}
        for kind in CASES:
            tests = PValues(sample, kind, number)
            found = run_plan(tests, planned, looks).row()
            powers = {k: share(tests.worse(k, k, WORSE_RATE)) for k in range(1, most + 1)}
            equal = next((k for k, power in powers.items() if power >= found["worse"]), None)
            entry: dict[str, Any] = {"fixed worse": powers[fixed], "sequential": found}
            entry |= {"fewer seeds than fixed": round(1 - found["seeds"] / fixed, 3), "fixed power": powers}
            entry |= {"equal power": equal, "blocks": blocked(sample, kind, looks, np.random.default_rng([3, number]))}
            row[kind] = entry
            print(f"| {name} | {tasks} | {looks} | {fixed} | {kind} | {_cells(entry)} |", flush=True)
        row["mixed"] = mixed(sample, planned, looks) if tasks > 1 else None
        print(f"mixed: {row['mixed']}")
        rows[f"{name}, {tasks} tasks, at most {most}"] = row
    return rows


def _cells(entry: dict[str, Any]) -> str:
    found, blocks = entry["sequential"], entry["blocks"]
    parts = [f"{100 * entry['fixed worse']:.1f}", f"{100 * found['worse']:.1f}", f"{100 * found['non-inferior']:.1f}"]
    parts += [f"{found['seeds']:.2f}", f"{100 * entry['fewer seeds than fixed']:.0f} %", str(entry["equal power"])]
    return " | ".join([*parts, f"{100 * blocks['worse']:.1f} @ {blocks['seeds']:.2f}"])


def mixed(sample: Sample, planned: list[PlannedTask], looks: tuple[int, ...]) -> dict[str, float]:
    """Returns how often a healthy task, and a slower one, is named where every second task is 4 times slower."""
    slow = np.arange(len(planned)) % 2 == 0
    both = np.where(slow[None, :, None, None], sample.candidate["4x slower"], sample.candidate["healthy"])
    cut = slice(0, min(len(both), 2000))
    part = Sample(sample.baseline[cut], {"mixed": both[cut]}, sample.scales[cut])
    found = run_plan(PValues(part, "mixed", 0), planned, looks)
    levels = spend(planned, looks, WORSE_RATE)
    wrong, right = np.zeros(len(found.look), dtype=bool), np.zeros(len(found.look))
    for index, seeds in enumerate(looks):
        rows = np.flatnonzero(found.worse & (found.look == index + 1))
        for figure in (0, 1):
            table = statistics(part.baseline[rows][:, :, :seeds, figure], both[rows][:, :, :seeds, figure])
            p = (table <= table[:, :, :1] + 1e-9).mean(axis=2)
            for row, values in zip(rows, p, strict=True):
                named = step_down(list(values), [table.shape[2]] * len(values), levels[index])
                wrong[row] |= any(not slow[i] for i in named)
                right[row] = max(right[row], sum(slow[i] for i in named) / slow.sum())
    return {"comparisons": len(wrong), "worse": share(found.worse), "healthy task named": share(wrong),
            "slower tasks named": round(float(right.mean()), 4)}  # fmt: skip


def blocked(sample: Sample, kind: str, looks: tuple[int, ...], rng: np.random.Generator) -> dict[str, float]:
    """Returns power and seeds if labels are shuffled within batches, with joint boundaries over the looks."""
    count, tasks = sample.baseline.shape[:2]
    edges = [0, *looks]
    signs = np.ones((1 + DRAWS, tasks, 2, looks[-1]))
    signs[:, :, 0] = -1
    for begin, end in pairwise(edges):
        width = end - begin
        order = np.argsort(rng.random((DRAWS, tasks, 2 * width)), axis=2)
        mixed_up = np.r_[-np.ones(width), np.ones(width)][order]
        signs[1:, :, 0, begin:end], signs[1:, :, 1, begin:end] = mixed_up[:, :, :width], mixed_up[:, :, width:]
    looked, rejected = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=bool)
    for figure in (0, 1):
        first = _blocked_looks(sample, kind, looks, signs, figure)
        new = (first > 0) & ((looked == 0) | (first < looked))
        looked[new], rejected[first > 0] = first[new], True
    used = np.array([looks[-1], *looks], dtype=float)[looked]
    return {"worse": share(rejected), "seeds": round(float(used.mean()), 3)}


def _blocked_looks(sample: Sample, kind: str, looks: tuple[int, ...], signs: Array, figure: int) -> NDArray[np.int64]:
    """Returns the rejecting look of each comparison; 0 for none. Unspent error is kept for later looks."""
    out = np.zeros(len(sample.baseline), dtype=np.int64)
    for begin in range(0, len(out), CHUNK):
        cut = slice(begin, begin + CHUNK)
        alive = np.ones((len(out[cut]), len(signs)), dtype=bool)
        for number, seeds in enumerate(looks):
            pool = np.concatenate(
                [sample.baseline[cut, :, :seeds, figure], sample.candidate[kind][cut, :, :seeds, figure]], axis=2
            )
            spread = np.maximum(pool.std(axis=2, keepdims=True), 1e-12)
            weights = np.concatenate([signs[:, :, 0, :seeds], signs[:, :, 1, :seeds]], axis=2)
            total: Array = np.einsum("rtn,btn->rb", pool / spread, weights, optimize=True)
            total[~alive] = np.inf
            room = int(WORSE_RATE * seeds / looks[-1] * len(signs) + 1e-9) - (~alive).sum(axis=1)
            ordered = np.sort(total, axis=1)
            limit = ordered[np.arange(len(total)), np.clip(room, 0, len(signs) - 1)]
            hit = alive & (total < limit[:, None] - 1e-9)
            out[cut] = np.where(hit[:, 0] & (out[cut] == 0), number + 1, out[cut])
            alive &= ~hit
    return out


def main() -> None:
    """Prints the tables and writes the result file."""
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    print("Verdicts in percent: WORSE / NON-INFERIOR; seeds: candidate seeds per task\n")
    result: dict[str, Any] = {
        "command": f"python -m benchmarks.sequential {repetitions}", "repetitions": repetitions,
        "healthy": healthy(repetitions), "designs": designs(repetitions),
    }  # fmt: skip
    write_result("sequential", result)


if __name__ == "__main__":
    main()
