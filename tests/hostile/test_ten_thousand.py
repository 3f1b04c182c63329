"""Ten thousand damaged files and commands: one clear message each, with bounded work and memory, running nothing.

The cases run in a process of their own: what other tests leave in this one, threads and a large heap, is not theirs.
``DREAMERGUARD_CASES`` selects how many cases the slow test takes, 10,000 by default.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings

from .cases import CASES, Case
from .judge import Outcome, run, wrong

pytestmark = pytest.mark.integration

COUNT = int(os.environ.get("DREAMERGUARD_CASES", "10000"))


@pytest.fixture(scope="module")
def apart() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


def _hold(apart: ProcessPoolExecutor, case: Case) -> Outcome:
    outcome = apart.submit(run, case).result()
    found = wrong(case, outcome)
    assert not found, f"{' '.join(case.words)[:200]!r}: {found}"
    return outcome


@settings(max_examples=250, suppress_health_check=list(HealthCheck))
@given(CASES)
def test_a_few_hundred_cases(apart: ProcessPoolExecutor, case: Case) -> None:
    _hold(apart, case)


@pytest.mark.slow
def test_ten_thousand_cases(apart: ProcessPoolExecutor, capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[tuple[float, float, str]] = []

    @settings(max_examples=COUNT, suppress_health_check=list(HealthCheck), database=None)
    @given(CASES)
    def check(case: Case) -> None:
        outcome = _hold(apart, case)
        seen.append((outcome.seconds, outcome.grown, " ".join(case.words)[:100]))

    check()
    slowest, largest = max(seen), max(seen, key=lambda item: item[1])
    lines = [
        f"{len(seen)} cases in {sum(seconds for seconds, *_ in seen):.0f} s",
        f"slowest: {slowest[0]:.3f} s, {slowest[2]!r}",
        f"largest: {largest[1]:.0f} MB, {largest[2]!r}",
    ]
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")
