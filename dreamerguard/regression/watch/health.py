"""Is the run itself in order? Checks of its metrics that need no reference curve.

Each check looks for something that is wrong in any run; a finding names the most likely cause, first of all what lint
said about the same run. Which metrics a program logs decides which checks can speak.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from dreamerguard.logs import RunLog

from .health_finding import Context, HealthFinding
from .health_learning import entropy, gradients, kl_collapse, non_finite, ratio_drift
from .health_running import memory, no_episode, stalled_learner, stalled_run, throughput

__all__ = ["CHECKS", "Context", "HealthFinding", "check_health", "is_flat"]

Check = Callable[[RunLog, Context], Iterator[HealthFinding]]

CHECKS: tuple[Check, ...] = (
    ratio_drift,
    non_finite,
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
    """Everything that is wrong with a run, errors first."""
    found = [finding for check in CHECKS for finding in check(log, context)]
    return sorted(found, key=lambda finding: finding.severity.rank)


def is_flat(values: Sequence[float]) -> bool:
    """Whether the last quarter of scores is no better than the first tenth, beyond a tenth of their range."""
    if len(values) < 40:
        return False
    first, last = values[: len(values) // 10], values[-len(values) // 4 :]
    return sum(last) / len(last) <= sum(first) / len(first) + 0.1 * (max(values) - min(values))
