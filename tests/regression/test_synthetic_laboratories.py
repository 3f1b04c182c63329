"""False alarms do not depend on the scale and the offset of a laboratory's scores, if it has its own reference."""

from __future__ import annotations

import pytest

from benchmarks.published import Suite
from benchmarks.synthetic_laboratories import LABORATORIES, RATE, Laboratory


@pytest.mark.parametrize("label", ["shift by -10 % of the range", "scores times 1.25", "20 % slower"])
def test_an_own_reference_keeps_the_rate(label: str) -> None:
    own = Laboratory("dmc_proprio", LABORATORIES[label])
    flags = [
        own.first_alarm(task, seed, curve, RATE) is not None
        for task, envelope in own.envelopes.items()
        for seed, curve in enumerate(envelope.curves)
    ]
    assert len(flags) == 90
    assert sum(flags) <= 5


def test_a_laboratory_changes_every_curve_in_the_same_way() -> None:
    plain = Suite("dmc_proprio").envelopes["dmc_walker_walk"]
    larger = Laboratory("dmc_proprio", (1.0, 1.25, 0.0)).envelopes["dmc_walker_walk"]
    for before, after in zip(plain.curves, larger.curves, strict=True):
        assert after == tuple(None if y is None else pytest.approx(1.25 * y) for y in before)
