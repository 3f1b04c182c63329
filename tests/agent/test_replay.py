"""The ring on the device against the reference's script, and against plain lists of records."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamerguard_agent.base.spaces import ArraySpace, mask_last
from dreamerguard_agent.driver import Driver
from dreamerguard_agent.envs.dmc.adapter import DMControl
from dreamerguard_agent.replay.ring import (
    Ring,
    StoredLatents,
    Windows,
    _written_again,
    create_ring,
    gather,
    insert,
    write_back,
)
from dreamerguard_agent.replay.sampler import WindowSampler, rows_per_stream

from .golden import below, load

pytestmark = pytest.mark.integration

ARRAYS, META = load("replay")
SCRIPT, INFO = below(ARRAYS, "script"), META["script"]
SEED = int(INFO["generator"].partition("(")[2].rstrip(")"))
OBS = {"stream": ArraySpace("int32", (), classes=1000), "index": ArraySpace("float32", (1,))}
ACT = {"action": ArraySpace("float32", (2,))}

_insert = jax.jit(insert, donate_argnames="replay")
_gather = jax.jit(gather, static_argnames="window")
_write_back = jax.jit(write_back, donate_argnames="replay")


def _create(envs: int, rows: int, **changes: Any) -> Ring:
    sizes: dict[str, Any] = {"deter": 1, "stoch": 1, "classes": 1000, "dtype": jnp.float32} | changes
    return create_ring(OBS, ACT, envs=envs, rows=rows, **sizes)


def _latents(values: Any) -> StoredLatents:
    """Latents whose deter is the number itself, -1 included, and whose class follows from it."""
    values = np.asarray(values)[..., None]
    return StoredLatents(values.astype(np.float32), (values + 1) % 1000)


def _record(rows: np.ndarray) -> tuple[dict[str, Any], dict[str, Any]]:
    """Observation and action of rows (stream, index, is_first, is_last, is_terminal)."""
    stream, index, *flags = np.asarray(rows, np.int32).T
    obs = dict(zip(("is_first", "is_last", "is_terminal"), (flag.astype(bool) for flag in flags), strict=True))
    obs |= {"stream": stream, "index": index[:, None].astype(np.float32), "reward": index * np.float32(0.5)}
    return obs, {"action": np.stack([index, -stream], -1).astype(np.float32)}


def _same_latents(latents: StoredLatents, wanted: np.ndarray) -> None:
    np.testing.assert_array_equal(latents.deter[..., 0], wanted)
    np.testing.assert_array_equal(latents.stoch[..., 0], (wanted + 1) % 1000)


def _check_batch(windows: Windows, wanted: dict[str, np.ndarray]) -> None:
    records = windows.records
    np.testing.assert_array_equal(records["stream"], wanted["stream"])
    np.testing.assert_array_equal(records["index"][..., 0], wanted["index"])
    for key in ("is_first", "is_last", "is_terminal"):
        np.testing.assert_array_equal(records[key], wanted[key], err_msg=key)
    np.testing.assert_array_equal(records["reward"], wanted["index"] * np.float32(0.5))
    _same_latents(windows.context, wanted["latent"][:, 0])


def test_batches_and_latents_equal_the_reference() -> None:
    streams, window = INFO["streams"], INFO["window"]
    rows = INFO["capacity"] + window - 1  # streams of the script do not advance in lockstep
    sampler = WindowSampler(streams, INFO["capacity"], window, rows, seed=SEED)
    replay = _create(streams, rows)
    inserted = iter(SCRIPT["inserted"])
    draws = 0
    for kind, argument in zip(SCRIPT["kind"], SCRIPT["argument"], strict=True):
        if kind == 0:
            obs, action = _record(next(inserted)[None])
            position = sampler.counts[argument]
            replay = _insert(replay, obs, action, _latents([-1]), position, np.int32(argument))
            sampler.add(int(argument))
            continue
        (indices,) = sampler.draw(1, int(argument))
        batch = {key: value[draws] for key, value in below(SCRIPT, "batch").items()}
        _check_batch(_gather(replay, indices, window=window), batch)
        _same_latents(_read(replay, indices, window), batch["latent"])
        replay = _write_back(replay, indices, _latents(batch["written"]), sampler.counts)
        draws += 1
    assert draws == len(SCRIPT["draw"])
    for stream, index, value in SCRIPT["final/latent"]:
        if index >= sampler.counts[stream] - rows:
            assert replay.latents.deter[stream, index % rows, 0] == value


def _read(replay: Ring, indices: np.ndarray, window: int) -> StoredLatents:
    """The stored latents of whole windows, read one record at a time."""
    rows = (indices[:, 1:] + np.arange(window)) % replay.rows
    return jax.tree.map(lambda ring: np.asarray(ring)[indices[:, :1], rows], replay.latents)


@settings(max_examples=40)
@given(st.just(3), st.sampled_from([1, 14]), st.integers(0, 2**31), st.integers(5, 40))
def test_a_tight_ring_equals_plain_lists(envs: int, capacity: int, seed: int, steps: int) -> None:
    """Lockstep inserts into the smallest allowed ring, windows across its end, overlapping write-backs."""
    window, batch = 4, 3
    rows, generator = rows_per_stream(capacity, envs, window), np.random.default_rng(seed)
    sampler, replay = WindowSampler(envs, capacity, window, rows, seed), _create(envs, rows)
    records: list[np.ndarray] = []
    latents: list[np.ndarray] = []
    for number in range(steps):
        flags = generator.integers(0, 2, (envs, 3))
        flags[:, 1] &= ~flags[:, 0]
        records.append(np.concatenate([np.arange(envs)[:, None], np.full((envs, 1), number), flags], -1))
        latents.append(generator.integers(0, 900, envs))
        replay = _insert(replay, *_record(records[-1]), _latents(latents[-1]), np.int32(number))
        sampler.add_all()
        if len(sampler):
            (indices,) = sampler.draw(1, batch)
            rows_of = np.array([[records[start + t][stream] for t in range(window)] for stream, start in indices])
            keys = ("stream", "index", "is_first", "is_last", "is_terminal")
            wanted = dict(zip(keys, np.moveaxis(rows_of, -1, 0), strict=True))
            wanted["is_first"][:, 0] = 1
            wanted["is_last"][:, :-1] |= wanted["is_first"][:, 1:]
            wanted["latent"] = np.array(
                [[latents[start + t][stream] for t in range(window)] for stream, start in indices]
            )
            _check_batch(_gather(replay, indices, window=window), wanted)
            written = generator.integers(0, 900, (batch, window - 1))
            for (stream, start), row in zip(indices, written, strict=True):
                for t, value in enumerate(row):
                    latents[start + 1 + t][stream] = value
            replay = _write_back(replay, indices, _latents(written), np.int32(number + 1))
    kept = range(max(0, steps - rows), steps)
    stored = np.stack([replay.latents.deter[:, number % rows, 0] for number in kept])
    np.testing.assert_array_equal(stored, np.stack([latents[number] for number in kept]))


def test_real_episodes_come_back_as_they_happened() -> None:
    """Driver, sampler and ring together, as the training loop joins them."""
    envs, window, rows = 2, 6, 40
    driver = Driver([DMControl("cartpole_balance", seed=seed, time_limit=0.05) for seed in range(envs)])
    sizes: dict[str, Any] = {"deter": 3, "stoch": 2, "classes": 4, "dtype": jnp.float32}
    replay = create_ring(driver.obs_space, driver.act_space, envs=envs, rows=rows, **sizes)
    sampler = WindowSampler(envs, envs * (rows - window + 1), window, rows)
    generator, history = np.random.default_rng(0), []
    for number in range(60):
        obs, actions = driver.observe(), {"action": generator.uniform(-1, 1, (envs, 1)).astype(np.float32)}
        latents = StoredLatents(np.full((envs, 3), number, np.float32), np.full((envs, 2), number % 4))
        history.append(obs | mask_last(actions, obs["is_last"]))
        replay = _insert(replay, obs, actions, latents, np.int32(number))
        sampler.add_all()
        driver.step(actions)
    (indices,) = sampler.draw(1, 50)
    windows = _gather(replay, indices, window=window)
    assert len(sampler) == envs * (rows - window + 1)
    for key in history[0].keys() - {"is_first", "is_last"}:
        wanted = [[history[start + t][key][stream] for t in range(window)] for stream, start in indices]
        np.testing.assert_array_equal(windows.records[key], wanted, err_msg=key)
    np.testing.assert_array_equal(windows.context.deter[:, 0], indices[:, 1])


def _filled(envs: int = 2, rows: int = 8, steps: int = 8, **changes: Any) -> Ring:
    replay = _create(envs, rows, **changes)
    width = replay.latents.deter.shape[-1]
    for number in range(steps):
        record = np.stack([np.arange(envs), np.full(envs, number), *np.zeros((3, envs), int)], -1)
        values = np.full((envs, width), number)
        replay = _insert(
            replay, *_record(record), StoredLatents(values.astype(np.float32), values[:, :1]), np.int32(number)
        )
    return replay


def test_stale_windows_never_overwrite_newer_records() -> None:
    replay = _filled(rows=8, steps=12)
    before = jax.tree.map(np.asarray, replay.latents)
    # Records 4 to 11 are in the ring. Of windows at 2 and 9, records 3 and 12 are not: lost, or not there yet.
    indices = np.array([[0, 2], [1, 9]], np.int32)
    after = _write_back(replay, indices, _latents(np.full((2, 3), 500)), np.int32(12)).latents
    changed = np.argwhere(np.asarray(after.deter)[..., 0] != before.deter[..., 0])
    assert changed.tolist() == [[0, 4], [0, 5], [1, 10 % 8], [1, 11 % 8]]


def test_of_overlapping_windows_only_the_last_writes_a_record() -> None:
    """A CPU scatters in order, so that only this would notice repeated indices, which a GPU writes in any order."""
    generator = np.random.default_rng(0)
    for _ in range(20):
        stream, start = generator.integers(0, 2, 8), generator.integers(0, 12, 8)
        number = start[:, None] + np.arange(5)
        again = np.asarray(_written_again(jnp.asarray(stream), jnp.asarray(number)))
        owner = {(stream[b], number[b, t]): (b, t) for b in range(8) for t in range(5)}
        assert sorted(map(tuple, np.argwhere(~again))) == sorted(owner.values())


def test_actions_are_stored_as_zero_where_an_episode_ends() -> None:
    obs, action = _record(np.array([[0, 5, 0, 1, 0], [1, 5, 0, 0, 0]]))
    replay = _insert(_create(2, 4), obs, action, _latents([0, 0]), np.int32(0))
    assert replay.records["action"][:, 0].tolist() == [[0, 0], [5, -1]]


@pytest.mark.parametrize(("classes", "dtype"), [(2, "uint8"), (256, "uint8"), (257, "uint16")])
def test_latents_are_stored_without_loss(classes: int, dtype: str) -> None:
    replay = _create(1, 3, classes=classes, dtype=jnp.bfloat16, deter=5, stoch=2)
    assert (replay.latents.deter.dtype, replay.latents.stoch.dtype) == (jnp.bfloat16, dtype)
    deter = jax.random.normal(jax.random.key(0), (1, 5), jnp.bfloat16)
    stoch = jnp.array([[0, classes - 1]])
    record = _record(np.zeros((1, 5)))
    replay = _insert(replay, *record, StoredLatents(deter, stoch), np.int32(0))
    context = _gather(replay, jnp.array([0, 0]), window=1).context
    assert (context.deter == deter[0]).all() and (context.stoch == stoch[0]).all()


def test_seeds_are_a_vmap_around_everything() -> None:
    replays = [_filled(), _filled(steps=9)]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *replays)
    indices = np.array([[[0, 3], [0, 4], [1, 2]], [[1, 5], [1, 4], [0, 4]]], np.int32)
    new = _latents(np.arange(18).reshape(2, 3, 3) + 100)
    counts = np.array([8, 9], np.int32)
    many = jax.jit(jax.vmap(write_back))(stacked, indices, new, counts)
    windows = jax.jit(jax.vmap(functools.partial(gather, window=4)))(many, indices)
    for seed, replay in enumerate(replays):
        one = _write_back(replay, indices[seed], jax.tree.map(lambda leaf, n=seed: leaf[n], new), counts[seed])
        wanted = (one, _gather(one, indices[seed], window=4))
        jax.tree.map(lambda have, want, n=seed: np.testing.assert_array_equal(have[n], want), (many, windows), wanted)


def test_gathers_the_windows_of_many_updates_at_once() -> None:
    replay, indices = _filled(), np.array([[[0, 1], [1, 3]], [[1, 4], [0, 2]]], np.int32)
    together = _gather(replay, indices, window=3)
    for update in range(2):
        alone = _gather(replay, indices[update], window=3)
        jax.tree.map(lambda have, want, k=update: np.testing.assert_array_equal(have[k], want), together, alone)


def test_donated_rings_are_changed_in_place_and_compiled_once() -> None:
    replay = _filled()
    place = _pointers(replay)
    compiled = _insert._cache_size(), _write_back._cache_size()
    for number in range(8, 24):
        record = _record(np.array([[0, number, 0, 0, 0], [1, number, 0, 0, 0]]))
        replay = _insert(
            replay, *record, StoredLatents(np.ones((2, 1), np.float32), np.ones((2, 1), int)), np.int32(number)
        )
        replay = _write_back(replay, np.array([[0, number - 3]], np.int32), _latents([[1, 2]]), np.int32(number + 1))
        assert _pointers(replay) == place
    assert _insert._cache_size() == compiled[0]
    assert _write_back._cache_size() <= compiled[1] + 1


def _pointers(replay: Ring) -> list[int]:
    return [leaf.unsafe_buffer_pointer() for leaf in jax.tree.leaves(replay)]


def test_keys_must_have_one_meaning() -> None:
    with pytest.raises(ValueError, match="`reward` names two values"):
        create_ring(
            OBS | {"reward": ArraySpace("float32")}, ACT, envs=1, rows=2, deter=1, stoch=1, classes=4, dtype=jnp.float32
        )
    with pytest.raises(ValueError, match="`action` names two values"):
        create_ring(OBS | ACT, ACT, envs=1, rows=2, deter=1, stoch=1, classes=4, dtype=jnp.float32)
