"""Measures rule R1 on the curves of nicklashansen/tdmpc2: false alarms and detection, each seed against the two others.

Usage: ``python -m benchmarks.laboratories``. The curves are the shipped ones; thresholds come from other tasks with the
same measure. The 18 tasks that DreamerV3's authors publish too are neither shipped nor read.

The last table is for the authors' curves: each seed as a run of a laboratory that learns 20 % slower, or 5 % less, or
whose scores are lower by 5 % of the learned range.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from benchmarks.build_tdmpc2_data import METHODS, SUITES
from benchmarks.pooled_calibration import TaskCurves, can_be_flagged, folds
from benchmarks.published import SUITES as AUTHORS
from benchmarks.published import Suite, degrade, rate, write_result
from dreamerguard.regression.published import envelope_tasks, load_calibration, load_envelope
from dreamerguard.regression.published.envelope import Measure
from dreamerguard.regression.statistics.binned_curve import Curve, conformal_quantile, learned_range, trailing
from dreamerguard.regression.statistics.seed_band import SeedBand

RATES = (0.1, 0.05, 0.02)
#: Synthetic laboratories: name -> what `degrade` does, and the shift in learned ranges.
OTHERS: dict[str, tuple[str, float, float]] = {
    "as published": ("slow", 1.0, 0.0),
    "20 % slower": ("slow", 1.2, 0.0),
    "5 % less learned": ("gain", 0.05, 0.0),
    "5 % of the range lower": ("slow", 1.0, 0.05),
}
HARMS = (("slow", 4.0), ("slow", 16.0), ("gain", 0.5), ("gain", 0.75), ("collapse", 0.5))


@dataclass(frozen=True)
class Measured:
    """The shipped curves with one measure."""

    measure: Measure

    @cached_property
    def tasks(self) -> dict[str, tuple[str, TaskCurves]]:
        """Task -> suite and curves."""
        found = {}
        for source in SUITES:
            for task in envelope_tasks(source.suite, "tdmpc2") if source.measure == self.measure else ():
                envelope = load_envelope(source.suite, task, "tdmpc2")
                assert envelope is not None
                found[task] = (source.suite, TaskCurves(task, envelope.grid, envelope.curves))
        return found

    @cached_property
    def folds(self) -> dict[str, list[tuple[Curve, SeedBand]]]:
        """Task -> each seed that can be flagged, with the band of the others."""
        suite = next(source.suite for source in SUITES if source.measure == self.measure)
        stored = load_calibration(suite, "tdmpc2")
        assert stored is not None
        return {
            task: [
                (curve, band)
                for curve, band in folds(item, stored[0].spread, METHODS[self.measure])
                if can_be_flagged(band)
            ]
            for task, (_, item) in self.tasks.items()
        }

    @cached_property
    def null(self) -> dict[str, list[float]]:
        """Task -> largest deficit of each seed."""
        return {task: [max(band.deficits(curve)) for curve, band in rows] for task, rows in self.folds.items()}

    def threshold(self, task: str, value: float) -> float:
        """Returns the threshold for a task from the other tasks."""
        pool = [deficit for name, values in self.null.items() if name != task for deficit in values]
        found = conformal_quantile(pool, value)
        return found if found == math.inf else max(found, 0.0)

    def start(self, task: str) -> float:
        """Returns the score before learning."""
        method = METHODS[self.measure]
        return method.learned(*learned_range([trailing(c, method.window) for c in self.tasks[task][1].curves]))[1]


def false_alarms(measured: Measured, suite: str) -> dict[str, list[bool]]:
    """Returns rate -> one flag per healthy seed of a suite that can be flagged."""
    tasks = [task for task, (name, _) in measured.tasks.items() if name == suite]
    return {
        f"{value:g}": [deficit > measured.threshold(task, value) for task in tasks for deficit in measured.null[task]]
        for value in RATES
    }


def detected(measured: Measured, kind: str, amount: float) -> list[bool]:
    """Returns one flag per degraded seed that can be flagged, at 5 %."""
    found = []
    for task, rows in measured.folds.items():
        threshold, start = measured.threshold(task, 0.05), measured.start(task)
        found += [max(band.deficits(degrade(curve, kind, amount, start))) > threshold for curve, band in rows]
    return found


def other_laboratory(suite: Suite, name: str) -> list[bool]:
    """Returns one flag per seed of a suite of the authors, as a run of a synthetic laboratory, at 5 %."""
    kind, amount, shift = OTHERS[name]
    found = []
    for task, envelope in suite.envelopes.items():
        scale, start = learned_range([trailing(curve, 0.16) for curve in envelope.curves])
        for seed, curve in enumerate(envelope.curves):
            run = [None if y is None else y - shift * scale for y in degrade(curve, kind, amount, start)]
            found.append(suite.first_alarm(task, seed, run, 0.05) is not None)
    return found


def _counts(flags: Sequence[bool]) -> list[int]:
    return [sum(flags), len(flags)]


def main() -> None:
    """Prints both tables and writes the result file."""
    result: dict[str, Any] = {"false alarms": {}, "detected": {}}
    total: dict[str, list[bool]] = {f"{value:g}": [] for value in RATES}
    print("| suite | tasks | seeds that can be flagged | at 10 % | at 5 % | at 2 % |\n" + "|---" * 6 + "|")
    groups: dict[Measure, Measured] = {measure: Measured(measure) for measure in METHODS}
    for source in SUITES:
        flags = false_alarms(groups[source.measure], source.suite)
        result["false alarms"][source.suite] = {name: _counts(found) for name, found in flags.items()}
        count = len(envelope_tasks(source.suite, "tdmpc2"))
        print(f"| {source.suite} | {count} | {len(flags['0.05'])} | " + " | ".join(map(rate, flags.values())) + " |")
        for name, found in flags.items():
            total[name] += found
    result["false alarms"]["all"] = {name: _counts(found) for name, found in total.items()}
    print(f"| all | | {len(total['0.05'])} | " + " | ".join(map(rate, total.values())) + " |\n")
    print("| measure | " + " | ".join(f"{kind} {amount:g}" for kind, amount in HARMS) + " |\n" + "|---" * 6 + "|")
    for measure, measured in groups.items():
        row = {f"{kind} {amount:g}": detected(measured, kind, amount) for kind, amount in HARMS}
        result["detected"][measure] = {name: _counts(found) for name, found in row.items()}
        print(f"| {measure} | " + " | ".join(map(rate, row.values())) + " |")
    judged = [
        envelope.flat_run_caught_at is not None
        for source in SUITES
        for task in envelope_tasks(source.suite, "tdmpc2")
        if (envelope := load_envelope(source.suite, task, "tdmpc2"))
    ]
    result["tasks on which a run that learns nothing is detected"] = _counts(judged)
    print(f"\ntasks on which a run that learns nothing is detected: {rate(judged)}")
    print("\n| suite | " + " | ".join(OTHERS) + " |\n" + "|---" * 5 + "|")
    result["synthetic laboratories"] = {}
    for suite in map(Suite, AUTHORS):
        row = {name: other_laboratory(suite, name) for name in OTHERS}
        result["synthetic laboratories"][suite.name] = {name: _counts(found) for name, found in row.items()}
        print(f"| {suite.name} | " + " | ".join(map(rate, row.values())) + " |")
    write_result("laboratories", result)


if __name__ == "__main__":
    main()
