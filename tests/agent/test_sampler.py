"""The window sampler against the reference's draws, against a naive list, and through a checkpoint."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamerguard_agent.checkpoints.errors import DoesNotMatch
from dreamerguard_agent.replay.sampler import WindowSampler, rows_per_stream

from .golden import below, load

ARRAYS, META = load("replay")
SCRIPT, INFO = below(ARRAYS, "script"), META["script"]
SEED = int(INFO["generator"].partition("(")[2].rstrip(")"))


def _script_sampler() -> WindowSampler:
    rows = INFO["capacity"] + INFO["window"] - 1  # streams of the script do not advance in lockstep
    return WindowSampler(INFO["streams"], INFO["capacity"], INFO["window"], rows, seed=SEED)


def test_draws_equal_the_reference() -> None:
    sampler, draws = _script_sampler(), 0
    for kind, argument in zip(SCRIPT["kind"], SCRIPT["argument"], strict=True):
        if kind == 0:
            sampler.add(int(argument))
            continue
        queued, listed = sampler.queued, sampler.listed()
        (drawn,) = sampler.draw(1, int(argument))
        for row, (population, index) in enumerate(SCRIPT["draw"][draws]):
            assert (population == -1) == (row < queued)
            if population != -1:
                assert population == len(listed)
                assert drawn[row].tolist() == listed[index].tolist()
        assert drawn[:, 0].tolist() == SCRIPT["batch/stream"][draws, :, 0].tolist()
        assert drawn[:, 1].tolist() == SCRIPT["batch/index"][draws, :, 0].tolist()
        draws += 1
    assert draws == len(SCRIPT["draw"])
    assert sampler.listed().tolist() == SCRIPT["final/items"].tolist()


@pytest.mark.parametrize("case", range(len(ARRAYS["windows/length"])))
def test_counts_of_windows_equal_the_reference(case: int) -> None:
    window = int(ARRAYS["windows/length"][case])
    insertions = ARRAYS["windows/sampleable"].shape[1]
    sampler = WindowSampler(1, insertions, window, insertions)
    for number in range(insertions):
        have = len(sampler), sampler.queued
        assert have == (ARRAYS["windows/sampleable"][case, number], ARRAYS["windows/queued"][case, number])
        sampler.add(0)


def test_first_queued_window_begins_at_the_second_step() -> None:
    sampler = WindowSampler(1, 100, 5, 200)
    for _ in range(20):
        sampler.add(0)
    assert sampler.draw(1, 3)[0].tolist() == [[0, 1], [0, 6], [0, 11]]


def test_reports_leave_the_queue_alone() -> None:
    sampler = WindowSampler(1, 100, 4, 200)
    for _ in range(20):
        sampler.add(0)
    queued = sampler.queued
    sampler.draw(2, 8, online=False)
    assert sampler.queued == queued > 0


def test_without_online_queue_all_draws_are_uniform() -> None:
    sampler = WindowSampler(2, 1000, 4, 1000, seed=3, online=False)
    for _ in range(53):
        sampler.add_all()
    drawn = sampler.draw(100, 50).reshape(-1, 2)
    hits = np.zeros((2, 50))
    np.add.at(hits, tuple(drawn.T), 1)
    # 5000 draws over 100 windows: 50 each, deviation 7; five deviations either way.
    assert hits.min() > 15
    assert hits.max() < 86


def test_nothing_to_draw_is_said() -> None:
    sampler = WindowSampler(2, 10, 4, 10)
    for _ in range(3):
        sampler.add_all()
    with pytest.raises(ValueError, match="no stream has 4 records yet"):
        sampler.draw(1, 1)


@pytest.mark.parametrize("numbers", [(0, 1, 1, 1), (1, 0, 1, 1), (1, 1, 0, 1), (1, 1, 3, 2)])
def test_refuses_rings_without_a_whole_window(numbers: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="at least as many rows as a window"):
        WindowSampler(*numbers)


class Naive:
    """The same rules on plain lists, with nothing clever: windows as pairs, counts, an order of age."""

    def __init__(self, streams: int, capacity: int, window: int, rows: int) -> None:
        self.capacity, self.window, self.rows = capacity, window, rows
        self.counts = [0] * streams
        self.ages: list[tuple[int, int]] = []
        self.places: list[tuple[int, int]] = []
        self.queue: list[tuple[int, int]] = []

    def add(self, stream: int) -> None:
        number = self.counts[stream]
        self.counts[stream] += 1
        while any(not self.intact(*window) for window in self.ages):
            self.evict()
        start = number + 1 - self.window
        if start >= 0:
            if len(self.ages) == self.capacity:
                self.evict()
            self.ages.append((stream, start))
            self.places.append((stream, start))
            if number % self.window == 0:
                self.queue.append((stream, start))
        self.queue = [window for window in self.queue if self.intact(*window)]

    def evict(self) -> None:
        place = self.places.index(self.ages.pop(0))
        last = self.places.pop()
        if place < len(self.places):
            self.places[place] = last

    def intact(self, stream: int, start: int) -> bool:
        return start >= self.counts[stream] - self.rows


SIZES = st.tuples(st.integers(1, 4), st.integers(1, 30), st.integers(1, 6)).flatmap(
    lambda sizes: st.tuples(*map(st.just, sizes), st.integers(sizes[2], sizes[2] + 12))
)


@given(SIZES, st.lists(st.integers(0, 3), min_size=20, max_size=150), st.integers(0, 2**31), st.data())
def test_equals_the_naive_list_through_a_checkpoint(
    sizes: tuple[int, int, int, int], inserts: list[int], seed: int, data: Any
) -> None:
    sampler, naive = WindowSampler(*sizes, seed=seed), Naive(*sizes)
    generator = np.random.default_rng(seed)
    stop = data.draw(st.integers(0, len(inserts) - 1))
    for number, insert in enumerate(inserts):
        sampler.add(insert % sizes[0])
        naive.add(insert % sizes[0])
        if number == stop:
            state = sampler.state()
            assert all(value.dtype in (np.int32, np.uint32) for value in state.values())
            sampler = WindowSampler(*sizes, seed=seed + 1)
            sampler.load(state)
        assert [tuple(window) for window in sampler.listed().tolist()] == naive.places
        assert sampler.counts.tolist() == naive.counts
        if naive.places and number % 5 == 0:
            drawn = [tuple(window) for window in sampler.draw(1, 3).reshape(-1, 2).tolist()]
            online, naive.queue = naive.queue[:3], naive.queue[3:]
            uniform = [naive.places[generator.integers(0, len(naive.places))] for _ in range(3 - len(online))]
            assert drawn == online + uniform
            assert all(start + sizes[2] <= naive.counts[stream] for stream, start in drawn)


@given(st.integers(1, 20), st.integers(1, 200), st.integers(1, 20))
def test_rows_of_lockstep_streams_hold_every_listed_window(streams: int, capacity: int, window: int) -> None:
    rows = rows_per_stream(capacity, streams, window)
    sampler = WindowSampler(streams, capacity, window, rows)
    fewer = 0
    for number in range(2 * rows + 3):
        sampler.add_all()
        fewer += len(sampler) < min(capacity, streams * max(0, number + 2 - window))
    assert fewer == 0, "a window left although the capacity had room"


def test_a_longer_run_continues_a_list_from_which_nothing_has_left() -> None:
    short, long = WindowSampler(2, 20, 4, 10, seed=1), WindowSampler(2, 40, 4, 20, seed=1)
    for _ in range(10):
        short.add_all()
        long.add_all()
    grown = WindowSampler(2, 40, 4, 20, seed=2)
    grown.load(short.state())
    for _ in range(8):
        grown.add_all()
        long.add_all()
        np.testing.assert_array_equal(grown.draw(2, 3), long.draw(2, 3))
        np.testing.assert_array_equal(grown.listed(), long.listed())
    for _ in range(20):
        short.add_all()
    with pytest.raises(ValueError, match=r"keep run\.envs and replay"):
        WindowSampler(2, 40, 4, 20).load(short.state())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("windows", np.array([[0, 2**30]] * 14, np.int32)),
        ("windows", np.array([[9, 0]] * 14, np.int32)),
        ("places", np.full(14, 5, np.int32)),
        ("places", np.full(14, 2**31 - 1, np.int32)),
        ("queue", np.array([[-1, 0]], np.int32)),
        ("counts", np.array([-3, -3], np.int32)),
        ("generator", np.zeros(9, np.uint32)),
        ("counts", np.zeros(2, np.float32)),
    ],
)
def test_refuses_a_state_that_a_stranger_made_up(key: str, value: np.ndarray) -> None:
    sampler = WindowSampler(2, 20, 4, 10)
    for _ in range(10):
        sampler.add_all()
    with pytest.raises(DoesNotMatch, match="sampler"):
        WindowSampler(2, 20, 4, 10).load(sampler.state() | {key: value})


def filled(records: int) -> WindowSampler:
    """A sampler of two streams in rings of ten rows."""
    sampler = WindowSampler(2, 20, 4, 10)
    for _ in range(records):
        sampler.add_all()
    return sampler


@pytest.mark.parametrize("sizes", [(1, 20, 4, 10), (2, 19, 4, 10), (2, 20, 5, 10), (2, 20, 4, 9)])
def test_refuses_a_checkpoint_of_another_shape(sizes: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"keep run\.envs and replay"):
        WindowSampler(*sizes).load(filled(10).state())


def test_a_lengthened_run_has_a_larger_ring() -> None:
    old, new = filled(10), WindowSampler(2, 40, 4, 20)
    new.load(old.state())
    assert new.listed().tolist() == old.listed().tolist()
    for _ in range(8):
        new.add_all()
    assert len(new) == 2 * (18 - 3)
    with pytest.raises(ValueError, match=r"keep run\.envs and replay"):
        WindowSampler(2, 40, 4, 20).load(filled(11).state())  # a row was used again
