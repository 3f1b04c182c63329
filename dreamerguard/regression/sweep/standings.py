"""Ranks the combinations of a sweep by their scores at the same frames of each task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .runs import SweepRun


def mean_ranks(ordered: Sequence[SweepRun]) -> dict[str, float]:
    """Returns the mean rank of each combination's runs as a share of all runs, from runs in the order of their
    scores."""
    ranks: dict[str, list[float]] = {}
    for rank, run in enumerate(ordered):
        ranks.setdefault(run.label, []).append((rank + 0.5) / len(ordered))
    return {label: sum(found) / len(found) for label, found in ranks.items()}


def standings(tasks: Mapping[str, Mapping[str, float]]) -> dict[str, tuple[float, int]]:
    """Returns each combination's mean rank over the tasks where it has one, and their number."""
    found: dict[str, list[float]] = {}
    for ranks in tasks.values():
        for label, share in ranks.items():
            found.setdefault(label, []).append(share)
    return {label: (sum(shares) / len(shares), len(shares)) for label, shares in found.items()}
