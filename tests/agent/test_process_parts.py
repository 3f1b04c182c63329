"""What several processes store is what one would store, and each gets its part of it back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamerguard.schema import RunConfig
from dreamerguard.schema.consistency import split_processes
from dreamerguard_agent.base.share import Share
from dreamerguard_agent.joined_episodes import cut_episodes, join_episodes
from dreamerguard_agent.replay.sampler import WindowSampler, rows_per_stream
from dreamerguard_agent.replay.sampler_parts import join_states, own_state, seed_of

WINDOW = 3
NEW = np.zeros(10, np.uint32)


def samplers(processes: int, streams: int, capacity: int) -> list[WindowSampler]:
    """The samplers of all processes of a run."""
    each, rows = -(-capacity // processes), rows_per_stream(capacity, streams, WINDOW)
    shares = [Share(number, processes) for number in range(processes)]
    return [WindowSampler(streams // processes, each, WINDOW, rows, seed_of(5, share)) for share in shares]


def advance(all_: list[WindowSampler], steps: int, draws: int) -> None:
    for sampler in all_:
        for step in range(steps):
            sampler.add_all()
            if step >= WINDOW and step < WINDOW + draws:
                sampler.draw(1, 2)


@given(
    st.sampled_from([1, 2, 3, 6]), st.sampled_from([1, 2, 3, 6]), st.integers(6, 40), st.integers(3, 30),
    st.integers(0, 3),
)  # fmt: skip
def test_another_number_of_processes_gets_the_same_windows(
    then: int, now: int, capacity: int, steps: int, draws: int
) -> None:
    before = samplers(then, 6, capacity)
    advance(before, steps, draws)
    states = [sampler.state() for sampler in before]
    joined = states[0] if then == 1 else join_states(states, capacity)
    after = samplers(now, 6, capacity)
    found: set[tuple[int, int]] = set()
    queued = 0
    for number, sampler in enumerate(after):
        share = Share(number, now)
        sampler.load(own_state(joined, then, share, sampler.capacity, NEW))
        first = share.rows(6).start
        found |= {(stream + first, start) for stream, start in sampler.listed().tolist()}
        queued += sampler.queued
        assert sampler.counts.tolist() == [steps] * (6 // now)
    windows = joined["windows"].tolist()
    lost = [window for window in windows if tuple(window) not in found]
    assert lost == sorted(lost, key=lambda item: (item[1], item[0]))
    assert all(start <= min(start for _, start in windows) + 1 for _, start in lost), "only the oldest may leave"
    assert len(lost) <= 6
    assert found <= set(map(tuple, windows))
    assert queued == len(joined["queue"])


@pytest.mark.parametrize("processes", [2, 3])
def test_as_many_processes_draw_what_they_would_have_drawn(processes: int) -> None:
    before = samplers(processes, 6, 20)
    advance(before, 9, 2)
    joined = join_states([sampler.state() for sampler in before], 20)
    after = samplers(processes, 6, 20)
    for number, sampler in enumerate(after):
        sampler.load(own_state(joined, processes, Share(number, processes), sampler.capacity, NEW))
    for mine, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(mine.draw(4, 3), other.draw(4, 3))


def test_processes_draw_different_windows() -> None:
    first, second = samplers(2, 6, 100)
    advance([first, second], 30, 0)
    draws = [sampler.draw(20, 4, online=False) for sampler in (first, second)]
    assert not np.array_equal(*draws)


def episodes(first: int, envs: int) -> dict[str, Any]:
    rows = np.arange(first, first + envs)
    return {
        "score": rows * 1.0, "length": rows * 2, "steps": np.asarray(7 * envs, np.int64), "logs.log/a/sum": rows * 0.5,
        "obs.position": np.stack([rows, rows], 1), "envs.simulation": rows[:, None] * 3, "carry.0": rows[:, None] * 4,
    }  # fmt: skip


def one_by_one(first: int, envs: int) -> dict[str, Any]:
    states = {f"envs.{number}.state": np.asarray([first + number]) for number in range(envs)}
    return {**{key: value for key, value in episodes(first, envs).items() if key != "envs.simulation"}, **states}


@pytest.mark.parametrize("made", [episodes, one_by_one])
@pytest.mark.parametrize("now", [1, 2, 3, 4, 6, 12])
def test_every_environment_keeps_its_episode(made: Any, now: int) -> None:
    joined = join_episodes([made(0, 6), made(6, 6)])
    assert joined is not None
    for number in range(now):
        own, wanted = cut_episodes(joined, Share(number, now)), made(number * 12 // now, 12 // now)
        assert own.keys() == wanted.keys()
        for name, value in wanted.items():
            np.testing.assert_array_equal(own[name], value, err_msg=name)


def test_episodes_of_one_process_that_cannot_store_them_are_not_stored() -> None:
    assert join_episodes([episodes(0, 2), None]) is None
    other = {**episodes(2, 2), "envs.model.place": np.zeros(2)}
    assert join_episodes([episodes(0, 2), other]) is None
    with pytest.raises(ValueError, match="another form"):
        cut_episodes({"steps": np.asarray(3)}, Share(1, 2))


def test_a_share_has_its_part_of_the_run() -> None:
    config = RunConfig(task="dmc_walker_walk", run={"envs": 8}, replay={"batch_size": 16, "capacity": 1_000_001})
    own = Share(1, 4).config(config)
    assert (own.run.envs, own.replay.batch_size, own.replay.capacity) == (2, 4, 250_001)
    assert Share().config(config) is config
    assert Share(1, 4).rows(8) == slice(2, 4)


@pytest.mark.parametrize(
    ("numbers", "wrong"),
    [
        ((2, 1, 16, 8, 1), ""),
        ((4, 2, 16, 8, 1), ""),
        ((3, 1, 16, 8, 1), "run.envs 8 is not a multiple of the 3 processes"),
        ((4, 3, 16, 8, 1), "replay.batch_size 16 is not a multiple of 4 processes x 3 devices"),
        ((2, 1, 15, 8, 1), "replay.batch_size 15 is not a multiple of 2 processes"),
        ((2, 1, 16, 8, 2), "2 processes split the batch of one agent, but seeds is 2"),
    ],
)
def test_numbers_that_cannot_be_split_are_named(numbers: tuple[int, ...], wrong: str) -> None:
    assert split_processes(*numbers) == wrong
