"""Measures error rates and power of rule R2 on published seeds: some are candidates, the others baselines.

Usage: ``python -m benchmarks.comparison [REPETITIONS]``. Healthy candidates come from the same release as their
baseline. A drop removes that share of every seed's learned score. 400 repetitions take some minutes and have a standard
error of about a point.
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass
from typing import Any

from benchmarks.published import Suite, degrade, write_result
from dreamerguard.regression.compare.decision import INFERIOR_RATE, WORSE_RATE
from dreamerguard.regression.statistics.binned_curve import area, final_score, learned_range, trailing
from dreamerguard.regression.statistics.permutation import PermutationTest

#: Suite, baseline seeds, candidate seeds, tasks.
PLANS: tuple[tuple[str, int, int, int], ...] = (
    *(("dmc_vision", 5, k, m) for k in (1, 2, 3, 5) for m in (1, 6, 20)),
    ("dmc_proprio", 3, 2, 6), ("dmc_proprio", 3, 2, 18), ("dmc_proprio", 4, 1, 6), ("dmc_proprio", 4, 1, 18),
    ("atari100k", 3, 2, 26), ("atari", 3, 2, 20),
)  # fmt: skip
DROPS = (0.0, 0.05, 0.1, 0.2)
MARGIN, DRAWS = 0.05, 400


@dataclass(frozen=True)
class Draw:
    """The seeds of one repetition, per task: curves of both sides, start and learned range of the task."""

    baseline: list[list[list[float | None]]]
    candidate: list[list[list[float | None]]]
    starts: list[float]
    scales: list[float]


def draw(suite: Suite, n: int, k: int, tasks: int, rng: random.Random) -> Draw:
    """Draws random tasks and seeds of a suite."""
    able = [task for task, envelope in suite.envelopes.items() if envelope.seeds >= n + k and envelope.range > 0]
    found = Draw([], [], [], [])
    for task in rng.sample(able, min(tasks, len(able))):
        curves = [list(curve) for curve in suite.envelopes[task].curves]
        rng.shuffle(curves)
        found.baseline.append(curves[:n])
        found.candidate.append(curves[n : n + k])
        scale, start = learned_range([trailing(curve, 0.16) for curve in suite.envelopes[task].curves])
        found.starts.append(start)
        found.scales.append(scale)
    return found


def outcomes(sample: Draw, drop: float, seed: int) -> tuple[bool, bool, bool]:
    """Returns whether the final score is worse, whether either figure is worse, and whether a drop is non-inferior.

    For the third result the drop is subtracted in points of the learned range.
    """
    worse, shown = [], False
    for final in (True, False):
        figure = (lambda curve: final_score(curve, 0.1)) if final else area
        base = [[float(figure(curve) or 0.0) for curve in curves] for curves in sample.baseline]
        cand = [
            [float(figure(degrade(curve, "gain", drop, start)) or 0.0) for curve in curves]
            for curves, start in zip(sample.candidate, sample.starts, strict=True)
        ]
        test = PermutationTest.of(base, cand, DRAWS, seed)
        worse.append(test.p_worse([0.0] * len(base)) <= WORSE_RATE)
        if final:
            healthy = [[float(figure(curve) or 0.0) for curve in curves] for curves in sample.candidate]
            shifted = PermutationTest.of(base, healthy, DRAWS, seed)
            shown = shifted.p_better([(MARGIN - drop) * scale for scale in sample.scales]) <= INFERIOR_RATE
    return worse[0], any(worse), shown


def measure(plan: tuple[str, int, int, int], repetitions: int, suites: dict[str, Suite]) -> dict[str, Any]:
    """Returns the shares of verdicts over all repetitions, for each drop."""
    name, n, k, tasks = plan
    rng = random.Random(f"{plan}")
    samples = [draw(suites.setdefault(name, Suite(name)), n, k, tasks, rng) for _ in range(repetitions)]
    row: dict[str, Any] = {}
    for drop in DROPS:
        flags = [outcomes(sample, drop, seed) for seed, sample in enumerate(samples)]
        row[f"{drop:g}"] = {
            "worse, final": round(sum(flag[0] for flag in flags) / repetitions, 3),
            "worse": round(sum(flag[1] for flag in flags) / repetitions, 3),
            "non-inferior": round(sum(flag[2] for flag in flags) / repetitions, 3),
        }
    return row


def main() -> None:
    """Prints the table and writes the result file."""
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    print("Called worse / shown non-inferior within 5 %, in percent\n")
    print("| suite | n | k | tasks | " + " | ".join("healthy" if not x else f"drop {x:.0%}" for x in DROPS) + " |")
    print("|---" * (4 + len(DROPS)) + "|")
    result: dict[str, Any] = {"repetitions": repetitions}
    suites: dict[str, Suite] = {}
    for plan in PLANS:
        row = measure(plan, repetitions, suites)
        cells = [f"{100 * row[f'{x:g}']['worse']:.0f} / {100 * row[f'{x:g}']['non-inferior']:.0f}" for x in DROPS]
        print(f"| {' | '.join(map(str, plan))} | {' | '.join(cells)} |", flush=True)
        result["{}, n {}, k {}, {} tasks".format(*plan)] = row
    write_result("comparison", result)


if __name__ == "__main__":
    main()
