"""Sweeps for tests, made of published curves: some combinations learn more slowly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dreamerguard.regression.published import load_envelope
from dreamerguard.regression.statistics.binned_curve import slowed
from dreamerguard.regression.sweep.runs import SweepRun

TASKS = (
    "dmc_cheetah_run",
    "dmc_finger_spin",
    "dmc_reacher_easy",
    "dmc_walker_walk",
    "dmc_walker_run",
    "dmc_cartpole_swingup",
)


def published_run(task: str, seed: int, share: float, slower: float, combination: Mapping[str, str]) -> SweepRun:
    """Returns a published seed as a run that has reached a share of its budget, ``slower`` times slower."""
    envelope = load_envelope("dmc_proprio", task)
    assert envelope is not None
    curve = slowed(envelope.curves[seed], slower)
    known = [(x, y) for x, y in zip(envelope.grid, curve, strict=True) if y is not None]
    reached = [(x, y) for x, y in known if x <= share * envelope.budget * (1 + 1e-9)]
    name = f"{task}-{'-'.join(combination.values()) or 'all'}-s{seed}"
    frames, scores = tuple(x for x, _ in reached), tuple(y for _, y in reached)
    return SweepRun(name, combination, task, seed, frames, scores, envelope.grid[-1])


def sweep(
    share: float, slower: Mapping[str, float], seeds: Mapping[str, Sequence[int]], tasks: Sequence[str] = TASKS
) -> list[SweepRun]:
    """Returns a sweep: combination -> how many times slower it is, and its seeds."""
    return [
        published_run(task, seed, share, factor, {"run.train_ratio": name})
        for name, factor in slower.items()
        for task in tasks
        for seed in seeds[name]
    ]


def ended(runs: Sequence[SweepRun], names: Sequence[str]) -> list[SweepRun]:
    """Returns the runs; those with these names have ended."""
    return [replace(run, ended=True) if run.name in names else run for run in runs]
