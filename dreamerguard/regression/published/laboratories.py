"""States on which tasks two laboratories differ by more than their seeds do, and how much wider that makes the band.

Method, the same for every task of the table: s is the standard deviation between seeds, t the one between laboratories.
The means of two laboratories with m and n seeds differ by D, which has the variance ``2 t^2 + s^2 (1/m + 1/n)``. D
counts as more than the seeds if it exceeds two standard errors of the seeds; the smallest such D estimates
``t^2 = 1.5 s^2 (1/m + 1/n)``. A run of another laboratory then deviates from the mean of the reference's m seeds with
the variance ``s^2 (1 + 1/m) + t^2`` instead of ``s^2 (1 + 1/m)``. The size of the difference itself is not used, so no
curve of the other laboratory is needed.
"""

from __future__ import annotations

import math

from .envelope import Envelope

#: (suite, task) -> the other laboratory and its number of seeds. Both ran the official code.
_DIFFER: dict[tuple[str, str], tuple[str, int]] = {
    ("dmc_proprio", "dmc_acrobot_swingup"): ("nicklashansen/tdmpc2", 3),
    ("dmc_proprio", "dmc_cheetah_run"): ("nicklashansen/tdmpc2", 3),
    ("dmc_proprio", "dmc_finger_spin"): ("nicklashansen/tdmpc2", 3),
}


def widening(envelope: Envelope) -> float:
    """Returns how many times as wide the band is for a run of another laboratory; 1 where no difference is known."""
    found = _find(envelope)
    if found is None:
        return 1.0
    seeds, others = envelope.seeds, found[1]
    return math.sqrt(1 + 1.5 * (1 / seeds + 1 / others) / (1 + 1 / seeds))


def spread_out(low: float | None, high: float | None, factor: float) -> tuple[float | None, float | None]:
    """Returns an interval ``factor`` times as wide around its middle."""
    if low is None or high is None or factor == 1:
        return low, high
    middle, half = (low + high) / 2, factor * (high - low) / 2
    return middle - half, middle + half


def disagreement(envelope: Envelope) -> str:
    """Returns a sentence about two laboratories that differ on the task; empty where no difference is known."""
    found = _find(envelope)
    if found is None:
        return ""
    return (
        f"two laboratories differ on {envelope.task} by more than their seeds do ({envelope.laboratory},"
        f" {envelope.seeds} seeds, and {found[0]}, {found[1]} seeds): the band is {widening(envelope):.2f} times as"
        " wide, and a run within it is at most WATCH"
    )


def _find(envelope: Envelope) -> tuple[str, int] | None:
    return _DIFFER.get((envelope.suite, envelope.task)) if envelope.laboratory == "danijar/dreamerv3" else None
