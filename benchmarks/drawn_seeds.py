"""Draws comparisons from published seeds and computes their permutation tests with NumPy, thousands at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from benchmarks.comparison import MARGIN
from benchmarks.published import Suite, degrade
from dreamerguard.regression.statistics.binned_curve import Curve, area, final_score, learned_range, trailing

Array = NDArray[np.float64]

KINDS = {"healthy": ("gain", 0.0), "4x slower": ("slow", 4.0), "2x slower": ("slow", 2.0), "drop 10 %": ("gain", 0.1)}
#: Every candidate loses exactly the margin in both figures: NON-INFERIOR is false.
AT_MARGIN = "loss of 5 %"
CASES = (*KINDS, AT_MARGIN)
DRAWS, CHUNK = 999, 500


@dataclass(frozen=True)
class Seeds:
    """One task: learned range, and for each kind final score and area of each seed, shape (seeds, 2)."""

    figures: dict[str, Array]
    scale: float


@cache
def load(name: str) -> tuple[Seeds, ...]:
    """Returns the tasks of a suite that are learned."""
    found = []
    for envelope in Suite(name).envelopes.values():
        scale, start = learned_range([trailing(curve, 0.16) for curve in envelope.curves])
        if scale > 0:
            kinds = {
                kind: np.array([_figures(degrade(curve, *how, start)) for curve in envelope.curves])
                for kind, how in KINDS.items()
            }
            kinds[AT_MARGIN] = kinds["healthy"] - MARGIN * scale
            found.append(Seeds(kinds, scale))
    return tuple(found)


def _figures(curve: Curve) -> tuple[float, float]:
    return float(final_score(curve, 0.1) or 0.0), float(area(curve) or 0.0)


@dataclass(frozen=True)
class Sample:
    """Drawn comparisons: baseline, and candidates per kind, shape (comparisons, tasks, seeds, 2); scales per task."""

    baseline: Array
    candidate: dict[str, Array]
    scales: Array


def draw(
    name: str, n: int, k: int, tasks: int, count: int, rng: np.random.Generator, replace: bool, kinds: tuple[str, ...]
) -> Sample:
    """Draws random tasks and seeds of a suite."""
    able = [item for item in load(name) if replace or len(item.figures["healthy"]) >= n + k]
    tasks = min(tasks, len(able))
    baseline, scales = np.empty((count, tasks, n, 2)), np.empty((count, tasks))
    candidate = {kind: np.empty((count, tasks, k, 2)) for kind in kinds}
    for row in range(count):
        for column, index in enumerate(rng.permutation(len(able))[:tasks]):
            item, have = able[index], len(able[index].figures["healthy"])
            seeds = rng.integers(0, have, n + k) if replace else rng.permutation(have)[: n + k]
            baseline[row, column], scales[row, column] = item.figures["healthy"][seeds[:n]], item.scale
            for kind in kinds:
                candidate[kind][row, column] = item.figures[kind][seeds[n:]]
    return Sample(baseline, candidate, scales)


@cache
def labelings(n: int, k: int) -> Array:
    """Returns 1 for each candidate of each labeling, shape (labelings, n + k); the true labeling first."""
    if comb(n + k, k) <= 2000:
        chosen = sorted(combinations(range(n + k), k), key=lambda labels: labels != tuple(range(n, n + k)))
        found = np.zeros((len(chosen), n + k))
        found[np.arange(len(chosen))[:, None], np.array(chosen)] = 1
        return found
    rng = np.random.default_rng(0)
    rows = [np.r_[np.zeros(n), np.ones(k)], *(rng.permutation(np.r_[np.zeros(n), np.ones(k)]) for _ in range(1999))]
    return np.array(rows)


def statistics(base: Array, cand: Array) -> Array:
    """Returns the studentised difference of each task under each labeling, shape (comparisons, tasks, labelings)."""
    n, k = base.shape[2], cand.shape[2]
    labels, pool = labelings(n, k), np.concatenate([base, cand], axis=2)
    spread = pool.std(axis=2)
    spread = np.where(spread <= 1e-12 * np.abs(pool).max(axis=2), np.inf, spread)
    found: Array = (pool @ (labels / k - (1 - labels) / n).T) / spread[:, :, None]
    return found


def p_low(base: Array, cand: Array, rng: np.random.Generator) -> Array:
    """Returns the share of labelings at least as bad for the candidates, per comparison."""
    out = []
    for begin in range(0, len(base), CHUNK):
        table = statistics(base[begin : begin + CHUNK], cand[begin : begin + CHUNK])
        rows, tasks, count = table.shape
        if count**tasks <= 2000:
            sums = table[:, 0, :]
            for task in range(1, tasks):
                sums = (sums[:, :, None] + table[:, task, None, :]).reshape(rows, -1)
            out.append((sums <= sums[:, :1] + 1e-9).mean(axis=1))
            continue
        picks, sums = rng.integers(0, count, (tasks, DRAWS)), np.zeros((rows, DRAWS))
        for task in range(tasks):
            sums += table[:, task, picks[task]]
        observed = table[:, :, 0].sum(axis=1, keepdims=True)
        out.append((1 + (sums <= observed + 1e-9).sum(axis=1)) / (1 + DRAWS))
    return np.concatenate(out)


class PValues:
    """The p-values of drawn comparisons at any numbers of seeds, each computed once."""

    def __init__(self, sample: Sample, kind: str, seed: int) -> None:
        self.sample, self.kind, self.rng = sample, kind, np.random.default_rng(seed)
        self.known: dict[tuple[int, int, str], Array] = {}

    def p(self, n: int, k: int, what: str) -> Array:
        """Returns the p-values of ``final``, ``area`` or ``margin``."""
        if (n, k, what) not in self.known:
            figure = int(what == "area")
            base, cand = self.sample.baseline[:, :, :n, figure], self.sample.candidate[self.kind][:, :, :k, figure]
            if what == "margin":
                base, cand = -base, -(cand + MARGIN * self.sample.scales[:, :, None])
            self.known[n, k, what] = p_low(base, cand, self.rng)
        return self.known[n, k, what]

    def worse(self, n: int, k: int, level: float) -> NDArray[np.bool_]:
        """Returns whether each comparison is WORSE."""
        return np.minimum(self.p(n, k, "final"), self.p(n, k, "area")) <= level + 1e-12

    def margin(self, n: int, k: int, level: float) -> NDArray[np.bool_]:
        """Returns whether a loss beyond the margin is ruled out."""
        return self.p(n, k, "margin") <= level + 1e-12
