"""What becomes of a run after an attempt."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dreamerguard.sweep.jobs.job_folder import AttemptEnd
from dreamerguard.sweep.outcome import lost, settle
from dreamerguard.sweep.plan.sweep_file import RetrySettings
from dreamerguard.sweep.states import SweptRow

RETRIES = RetrySettings(count=2, backoff=10, longest=15)
ROW = SweptRow(
    "r", "t", None, 0, {}, ("dreamerguard", "train"), 1e3, None, (), "started", "", 1, 0, "", 0.0, None, 0.0, 0.0, None,
    "", 0.0, None, "",
)  # fmt: skip
OTHER = replace(ROW, words=("python", "main.py"))


def end(code: int, *, signalled: bool = False, stop: str = "", why: str = "") -> AttemptEnd:
    return AttemptEnd(1, code, signalled, stop, why, 0.0, 1.0, 1.0, "h")


@pytest.mark.parametrize(
    ("row", "ending", "state", "failed"),
    [
        (ROW, end(0), "finished", False),
        (replace(ROW, stop_reason="low"), end(0), "finished", False),  # it was faster than the stop
        (ROW, end(78), "refused", False),
        (OTHER, end(78), "waiting", True),  # of another program, the number means nothing
        (ROW, end(143, stop="hopeless"), "stopped", False),
        (replace(ROW, stop_reason="low"), end(137), "stopped", False),
        (ROW, end(143, signalled=True, stop="pause"), "waiting", False),
        (ROW, end(143, signalled=True), "waiting", False),
        (ROW, end(137), "waiting", True),  # the kernel's way to end a process that takes too much memory
        (ROW, end(1), "waiting", True),
        (ROW, end(72), "failed", True),
        (OTHER, end(72), "waiting", True),
        (OTHER, end(127, why="cannot start x"), "failed", True),
        (replace(ROW, failures=2), end(1), "failed", True),
    ],
)
def test_states(row: SweptRow, ending: AttemptEnd, state: str, failed: bool) -> None:
    found = settle(row, ending, RETRIES)
    assert (found.state, found.failed) == (state, failed)


def test_pauses_double_up_to_a_limit() -> None:
    pauses = [settle(replace(ROW, failures=number), end(1), RETRIES).pause for number in (0, 1)]
    assert pauses == [10, 15]


def test_a_run_that_signals_end_again_and_again_fails_at_last() -> None:
    assert settle(replace(ROW, attempt=20), end(143, signalled=True), RETRIES).failed
    assert not settle(replace(ROW, attempt=19), end(143, signalled=True), RETRIES).failed


def test_a_lost_worker_counts_unless_it_is_excused() -> None:
    assert lost(ROW, RETRIES).failed
    assert not lost(ROW, RETRIES, excused="the controller was killed").failed
    assert lost(replace(ROW, stop_reason="low"), RETRIES).state == "stopped"
