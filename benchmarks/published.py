"""Provides the published seeds for benchmarks: each is compared with the others, with thresholds from other tasks."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from dreamerguard.regression.published import Calibration, Envelope, envelope_tasks, load_calibration, load_envelope
from dreamerguard.regression.reference.slower import slower_deficits
from dreamerguard.regression.statistics.binned_curve import Curve, conformal_quantile, slowed
from dreamerguard.regression.statistics.guaranteed_band import GuaranteedBand, can_guarantee, guaranteed
from dreamerguard.regression.statistics.seed_band import SeedBand, leave_one_out

#: Suites with at least three seeds per task.
SUITES = ("dmc_proprio", "dmc_vision", "atari100k", "atari", "dmlab", "minecraft")

#: False alarm rates of a whole run.
RATES = (0.1, 0.05, 0.02)


@dataclass(frozen=True)
class Suite:
    """The curves of one suite and the deficits of its healthy seeds when compared with each other.

    The suite's relative spread, a shrinkage target with the weight of four degrees of freedom, includes all its tasks.
    """

    name: str

    @cached_property
    def envelopes(self) -> dict[str, Envelope]:
        """Task -> reference curves, only for tasks with at least three seeds."""
        found = ((task, load_envelope(self.name, task)) for task in envelope_tasks(self.name))
        return {task: envelope for task, envelope in found if envelope and envelope.seeds >= 3}

    @cached_property
    def prior(self) -> float:
        """The relative spread of the suite."""
        stored = load_calibration(self.name)
        assert stored is not None
        return stored[0].spread

    @cached_property
    def null(self) -> dict[str, list[float]]:
        """Task -> largest deficit of each seed relative to the others."""
        return {task: leave_one_out(envelope.curves, self.prior) for task, envelope in self.envelopes.items()}

    def threshold(self, task: str, rate: float, seed: int | None = None) -> float:
        """Returns the threshold for a task from the other tasks; from the other seeds if the suite has one task."""
        if len(self.null) > 1:
            pool = [value for name, values in self.null.items() if name != task for value in values]
        else:
            pool = [value for index, value in enumerate(self.null[task]) if index != seed]
        return max(conformal_quantile(pool, rate), 0.0)

    @cached_property
    def others(self) -> dict[tuple[str, int], SeedBand]:
        """(task, seed) -> reference band of the other seeds of the task."""
        return {
            (task, seed): SeedBand.of([*envelope.curves[:seed], *envelope.curves[seed + 1 :]], self.prior)
            for task, envelope in self.envelopes.items()
            for seed in range(envelope.seeds)
        }

    def first_alarm(self, task: str, seed: int, curve: Curve, rate: float) -> float | None:
        """Returns the share of the budget at a curve's first alarm relative to the other seeds; None without alarm."""
        threshold = self.threshold(task, rate, seed)
        deficits = self.others[task, seed].deficits(curve)
        hit = next((i for i, deficit in enumerate(deficits) if deficit > threshold), None)
        return None if hit is None else (hit + 1) / len(curve)

    @cached_property
    def slower(self) -> dict[str, list[float]]:
        """Task -> largest deficit of each seed, made slower, relative to the others."""
        return {task: slower_deficits(envelope.curves, self.prior) for task, envelope in self.envelopes.items()}

    def first_alarm_of_slower(self, task: str, seed: int, curve: Curve, rate: float) -> float | None:
        """Returns `first_alarm` with ``--other-laboratory``."""
        if len(self.slower) > 1:
            pool = [value for name, values in self.slower.items() if name != task for value in values]
        else:
            pool = [value for index, value in enumerate(self.slower[task]) if index != seed]
        limit = max(conformal_quantile(pool, rate), 0.0)
        deficits = self.others[task, seed].deficits(curve)
        hit = next((i for i, deficit in enumerate(deficits) if deficit > limit), None)
        return None if hit is None else (hit + 1) / len(curve)

    @cached_property
    def guarantees(self) -> dict[tuple[str, int], tuple[GuaranteedBand, Calibration]]:
        """(task, seed) -> band and statistics of the guarantee, as if the seed had not been published."""
        found = {}
        for task, envelope in self.envelopes.items():
            others = [value for name, values in self.null.items() if name != task for value in values]
            for seed in range(envelope.seeds):
                rest = [*envelope.curves[:seed], *envelope.curves[seed + 1 :]]
                pool = [*others, *left_out(rest, self.prior)]
                null = tuple(sorted((value for value in pool if value > 0), reverse=True))
                rates: dict[float, float | None] = dict.fromkeys(RATES)
                stored = Calibration(self.prior, len(pool), null, rates, None, 0.0, None)
                band = GuaranteedBand.leaving_one_out(rest, self.prior)
                found[task, seed] = band, guaranteed(stored)
        return found

    def first_guaranteed_alarm(self, task: str, seed: int, curve: Curve, rate: float) -> float | None:
        """Returns the share of the budget at a curve's first alarm with the guarantee; None without an alarm."""
        band, calibration = self.guarantees[task, seed]
        threshold = calibration.alarm[rate]
        if threshold is None:
            return None
        hit = next((i for i, deficit in enumerate(band.deficits(curve)) if deficit > threshold), None)
        return None if hit is None else (hit + 1) / len(curve)

    def is_guaranteed(self, task: str) -> bool:
        """Returns whether `watch` uses the guarantee for a task."""
        stored = load_calibration(self.name)
        assert stored is not None
        return can_guarantee(self.envelopes[task].seeds, stored[0])


def left_out(curves: Sequence[Curve], prior: float) -> list[float]:
    """Returns the largest deficit of each seed relative to the other seeds, also of only two."""
    return [max(SeedBand.of([*curves[:i], *curves[i + 1 :]], prior).deficits(curve)) for i, curve in enumerate(curves)]


def degrade(curve: Curve, kind: str, amount: float, start: float) -> list[float | None]:
    """Returns a worse version of a healthy curve that keeps its noise.

    Args:
      curve: one figure per cell.
      kind: ``slow`` learns ``amount`` times slower, ``gain`` loses that share of the learned score, ``collapse`` falls
        to the score of the start after that share of the budget.
      amount: factor or share, see ``kind``.
      start: score before learning.
    """
    if kind == "slow":
        return slowed(curve, amount)
    if kind == "gain":
        return [None if y is None else start + (1 - amount) * (y - start) for y in curve]
    return [start if (index + 1) / len(curve) > amount else y for index, y in enumerate(curve)]


def rate(flags: Sequence[bool]) -> str:
    """Formats the share and the counts of flags for a table."""
    return f"{100 * sum(flags) / len(flags):.1f} % ({sum(flags)}/{len(flags)})"


def result_path(name: str) -> Path:
    """Returns ``benchmarks/results/NAME.json``."""
    return Path(__file__).resolve().parent / "results" / f"{name}.json"


def write_result(name: str, result: object) -> None:
    """Writes ``benchmarks/results/NAME.json``."""
    path = result_path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"\n{path}")


def parse(description: str) -> list[Suite]:
    """Returns the suites named on the command line; by default all."""
    parser = argparse.ArgumentParser(description=description.split("\n")[0])
    parser.add_argument("suites", nargs="*", default=SUITES, help=f"suites to measure (default: {' '.join(SUITES)})")
    return [Suite(name) for name in parser.parse_args().suites]
