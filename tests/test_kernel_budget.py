"""How many kernels an update may launch on an H100. Needs the wheels of the CUDA plugin, but no GPU; takes minutes.

A change that costs launches costs time in proportion, on hardware that the test suite never sees.
"""

from __future__ import annotations

import functools

import pytest

from benchmarks import gpu_kernels
from benchmarks.gpu_kernels import Kernels

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(gpu_kernels.missing() is not None, reason=f"{gpu_kernels.missing()}"),
]
#: danijar/dreamerv3 at e3f0224 launches 11,282 at size1m, counted in the same way.
BUDGET = {"size1m": 3_400, "size12m": 4_200}
#: Sixteen agents under one program, relative to one.
SEEDS, MORE = 16, 1.35


@functools.cache
def _count(size: str, seeds: int) -> Kernels:
    return gpu_kernels.count_update(size, seeds)


@pytest.mark.parametrize("size", sorted(BUDGET))
def test_an_update_stays_within_its_budget(size: str) -> None:
    kernels = _count(size, 1)
    assert kernels.total <= BUDGET[size], "\n".join(kernels.parts)


def test_many_seeds_cost_few_kernels_more() -> None:
    one, many = _count("size1m", 1), _count("size1m", SEEDS)
    assert many.total <= MORE * one.total, "\n".join(many.parts)
