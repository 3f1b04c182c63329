"""Checks a run's metrics for problems without a reference curve.

Each check looks for a fault that is wrong in any run. A finding names the most likely cause; a matching lint finding of
the run comes first. A check needs the metrics that the training program logs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from dreamerguard.logs import RunLog

from .health_finding import Context, HealthFinding
from .health_learning import entropy, gradients, kl_collapse, non_finite, non_finite_scores, ratio_drift
from .health_running import memory, no_episode, stalled_learner, stalled_run, throughput

__all__ = ["CHECKS", "Context", "HealthFinding", "check_health", "is_flat"]

Check = Callable[[RunLog, Context], Iterator[HealthFinding]]

CHECKS: tuple[Check, ...] = (
    ratio_drift,
    non_finite,
    non_finite_scores,
    kl_collapse,
    entropy,
    gradients,
    stalled_learner,
    stalled_run,
    no_episode,
    memory,
    throughput,
)


def check_health(log: RunLog, context: Context) -> list[HealthFinding]:
    """Returns the findings of all checks, errors first."""
    found = [finding for check in CHECKS for finding in check(log, context)]
    return sorted(found, key=lambda finding: finding.severity.rank)


def is_flat(values: Sequence[float]) -> bool:
    """Returns whether the last quarter of scores exceeds the first tenth by at most a tenth of their range."""
    if len(values) < 40:
        return False
    first, last = values[: len(values) // 10], values[-len(values) // 4 :]
    return sum(last) / len(last) <= sum(first) / len(first) + 0.1 * (max(values) - min(values))
