"""The replay in checkpoints: a copy made during training is that of one moment, and unchanged chunks are not copied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dreamerguard_agent.base.spaces import ArraySpace
from dreamerguard_agent.checkpoints.chunks import ChunkCopy
from dreamerguard_agent.checkpoints.errors import DoesNotMatch
from dreamerguard_agent.checkpoints.folder import Checkpoints, newest_sound
from dreamerguard_agent.replay import changes
from dreamerguard_agent.replay.buffer import ReplayBuffer, create_storage
from dreamerguard_agent.replay.ring import StoredLatents, create_ring, insert, write_back
from dreamerguard_agent.replay.sampler import WindowSampler

ENVS, LENGTH, BATCH = 2, 5, 3
OBS = {"image": ArraySpace("uint8", (2, 2, 3)), "vector": ArraySpace("float32", (3,))}
ACT = {"action": ArraySpace("float32", (2,))}
NUMBERS: dict[str, Any] = {
    "frames": 8, "vector_steps": 4, "updates": 2, "starts": 1, "evaluations": 0,
    "ratio": {"first": 2, "done": 2, "numerator": 1, "denominator": 2}, "logs": {},
}  # fmt: skip

_insert = jax.jit(insert, donate_argnums=0)
_write_back = jax.jit(write_back, donate_argnums=0)
_insert_many = jax.jit(jax.vmap(insert, in_axes=(0, 0, 0, 0, None)), donate_argnums=0)
_write_back_many = jax.jit(jax.vmap(write_back, in_axes=(0, 0, 0, None)), donate_argnums=0)


class Training:
    """A replay that is filled and trained on with random numbers, as the training loop does with real ones."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        agents: int = 1,
        rows: int = 40,
        seed: int = 0,
        storage: str = "device",
        folder: Path = Path("/tmp"),
    ) -> None:
        monkeypatch.setattr(changes, "_CHUNK_BYTES", 64)
        monkeypatch.setattr(changes, "_FEWEST_ROWS", 3)
        self.agents, self.random = agents, np.random.default_rng(seed)
        ring = create_ring(OBS, ACT, envs=ENVS, rows=rows, deter=4, stoch=2, classes=8, dtype=jnp.bfloat16)
        if agents > 1:
            ring = jax.tree.map(lambda value: jnp.zeros((agents, *value.shape), value.dtype), ring)
        window = LENGTH + 1
        made = create_storage(lambda: ring, storage, folder, window, BATCH, (2, 1))
        samplers = [WindowSampler(ENVS, ENVS * (rows - LENGTH), window, rows, number) for number in range(agents)]
        self.replay = ReplayBuffer(made, samplers, BATCH, LENGTH)

    def step(self, updates: int = 1) -> None:
        lead = (ENVS,) if self.agents == 1 else (self.agents, ENVS)
        draw = self.random.normal
        obs: dict[str, Any] = {key: draw(size=(*lead, *space.shape)) * 50 for key, space in OBS.items()}
        obs |= {"reward": draw(size=lead), "is_first": draw(size=lead) > 1, "is_last": draw(size=lead) > 1}
        obs |= {"is_terminal": np.zeros(lead, bool)}
        obs["image"] = np.abs(obs["image"]).astype(np.uint8)
        latents = StoredLatents(draw(size=(*lead, 4)), self.random.integers(0, 8, (*lead, 2)))
        self.replay.insert(self._insert, obs, {"action": draw(size=(*lead, 2))}, latents)
        if self.replay.ready and updates:
            self.replay.train(self._update, None, updates, None)

    def _insert(self, ring: Any, obs: Any, action: Any, latents: Any, position: int) -> Any:
        function = _insert if self.agents == 1 else _insert_many
        return function(ring, obs, action, latents, np.int32(position))

    def _update(self, state: None, ring: Any, indices: Any, stored: int, sums: None) -> Any:
        for update in range(indices.shape[-3]):
            chosen = indices[..., update, :, :2]
            new = StoredLatents(
                self.random.normal(size=(*chosen.shape[:-1], LENGTH, 4)),
                self.random.integers(0, 8, (*chosen.shape[:-1], LENGTH, 2)),
            )
            function = _write_back if self.agents == 1 else _write_back_many
            ring = function(ring, chosen, new, np.int32(stored))
        return state, ring, sums


def arrays(replay: ReplayBuffer) -> dict[str, np.ndarray]:
    """Content of the ring, copied: the ring's own memory changes."""
    layouts, ring = replay.chunks.layouts, {}
    for group, layout in layouts.items():
        streams = [replay.storage.read(group, stream, 0, layout.rows) for stream in range(layout.streams)]
        ring |= {f"{group}/{name}": np.stack([rows[name] for rows in streams]) for name in streams[0]}
    return ring | {name: np.array(value) for name, value in replay.sampler_arrays().items()}


def same(left: dict[str, np.ndarray], right: dict[str, np.ndarray]) -> None:
    assert left.keys() == right.keys()
    for name, value in left.items():
        np.testing.assert_array_equal(value, right[name], err_msg=name)


def save_while_training(training: Training, checkpoints: Checkpoints, steps: int) -> tuple[dict[str, np.ndarray], int]:
    """Saves with ``steps`` steps of training between chunks. Returns the replay at its moment and the copied bytes."""
    number = training.replay.stored
    sampler = training.replay.sampler_arrays()
    before, copy = arrays(training.replay), training.replay.copy(checkpoints.shared())
    pieces: list[ChunkCopy] = []
    copy.start(pieces.append, lambda: False)
    for _ in range(steps):
        training.step()
        copied = len(pieces)
        copy.copy(lambda copied=copied: len(pieces) > copied)
    while not copy.copy(lambda: False):
        pass
    copy.stop()
    checkpoints.save(number, NUMBERS, {"sampler": sampler}, copy.plan, pieces, copy.epoch)
    return before, sum(array.nbytes for piece in pieces for array in piece.arrays.values())


def combinations(*storages: str) -> list[Any]:
    """Every number of rows with every storage, and both numbers of agents; the other combinations are slow."""
    triples = [(rows, agents, storage) for rows in (40, 37, 8) for agents in (1, 3) for storage in storages]
    chosen = [(40, 3), (37, 1), (8, 3)]
    marks = [() if (rows, agents) in chosen else pytest.mark.slow for rows, agents, _ in triples]
    return [pytest.param(*triple, marks=mark) for triple, mark in zip(triples, marks, strict=True)]


@pytest.mark.parametrize(("rows", "agents", "storage"), combinations("device", "host", "disk"))
def test_a_copy_made_during_training_is_that_of_its_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agents: int, rows: int, storage: str
) -> None:
    training = Training(monkeypatch, agents, rows, storage=storage, folder=tmp_path)
    checkpoints = Checkpoints(tmp_path / "c", keep=2)
    for steps in (3, 20, 9, 30, 1, 14, 2, 2, 2):
        for _ in range(steps):
            training.step()
        wanted, _ = save_while_training(training, checkpoints, steps=5)
        found, damaged = newest_sound(tmp_path / "c")
        assert found is not None and not damaged
        for another in ("device", storage):
            other = Training(monkeypatch, agents, rows, seed=9, storage=another, folder=tmp_path)
            other.replay.load(found)
            same(arrays(other.replay), wanted)
            other.replay.close()
    training.replay.close()


@pytest.mark.parametrize(("rows", "agents", "storage"), combinations("host", "disk"))
def test_every_storage_holds_the_same_ring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agents: int, rows: int, storage: str
) -> None:
    """With one to five updates at a step, in calls of two and one: overlapping windows, and windows across the end."""
    first = Training(monkeypatch, agents, rows)
    second = Training(monkeypatch, agents, rows, storage=storage, folder=tmp_path)
    for number in range(3 * rows):
        for training in (first, second):
            training.step(updates=number % 6)
    same(arrays(first.replay), arrays(second.replay))
    windows = np.array([[0, first.replay.stored - 7], [1, first.replay.stored - 9]], np.int32)
    for agent in range(agents):
        one, two = (jax.device_get(training.replay.windows(agent, windows)) for training in (first, second))
        jax.tree.map(np.testing.assert_array_equal, one, two)
    second.replay.close()


@pytest.mark.parametrize("storage", ["device", "host", "disk"])
def test_only_changes_are_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, storage: str) -> None:
    training = Training(monkeypatch, rows=400, storage=storage, folder=tmp_path)
    checkpoints = Checkpoints(tmp_path / "c", keep=1)
    for _ in range(300):
        training.step(updates=0)
    _, everything = save_while_training(training, checkpoints, steps=0)
    _, nothing = save_while_training_again(training, checkpoints)
    for _ in range(10):
        training.step(updates=0)
    _, little = save_while_training(training, checkpoints, steps=0)
    training.replay.close()
    assert nothing == 0
    assert 0 < little < everything / 10


def save_while_training_again(training: Training, checkpoints: Checkpoints) -> tuple[dict[str, np.ndarray], int]:
    """Copies again without a step in between, and without publishing the same number."""
    pieces: list[ChunkCopy] = []
    copy = training.replay.copy(checkpoints.shared())
    copy.start(pieces.append, lambda: False)
    copy.copy(lambda: False)
    copy.stop()
    return {}, sum(array.nbytes for piece in pieces for array in piece.arrays.values())


def test_a_failed_save_loses_no_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks that changed before a save that failed are in the next one."""
    training, checkpoints = Training(monkeypatch), Checkpoints(tmp_path / "c", keep=1)
    for _ in range(10):
        training.step()
    save_while_training(training, checkpoints, steps=0)
    for _ in range(3):
        training.step()
    failing = training.replay.copy(checkpoints.shared())
    failing.start(lambda piece: None, lambda: False)
    failing.copy(lambda: True)
    failing.stop()
    training.step(updates=0)
    wanted, _ = save_while_training(training, checkpoints, steps=2)
    found, _ = newest_sound(tmp_path / "c")
    assert found is not None
    other = Training(monkeypatch, seed=9)
    other.replay.load(found)
    same(arrays(other.replay), wanted)


def test_a_resumed_run_shares_the_checkpoint_it_came_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = Training(monkeypatch, rows=200)
    for _ in range(100):
        training.step()
    save_while_training(training, Checkpoints(tmp_path / "c", keep=1), steps=0)
    again = Checkpoints(tmp_path / "c", keep=1)
    found, other = again.open_newest(print), Training(monkeypatch, rows=200, seed=9)
    assert found is not None
    other.replay.load(found)
    for _ in range(2):
        other.step(updates=0)
    wanted, copied = save_while_training(other, again, steps=3)
    found, _ = newest_sound(tmp_path / "c")
    assert found is not None
    third = Training(monkeypatch, rows=200, seed=10)
    third.replay.load(found)
    same(arrays(third.replay), wanted)
    whole = sum(value.nbytes for name, value in wanted.items() if "/" in name)
    assert copied < whole / 5


def test_a_longer_run_takes_the_ring_of_a_shorter_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = Training(monkeypatch, rows=20)
    for _ in range(19):
        training.step()
    wanted, _ = save_while_training(training, Checkpoints(tmp_path / "c"), steps=0)
    found, _ = newest_sound(tmp_path / "c")
    assert found is not None
    longer = Training(monkeypatch, rows=50, seed=9)
    longer.replay.load(found)
    for name, value in arrays(longer.replay).items():
        if "/" in name:
            np.testing.assert_array_equal(value[:, :20], wanted[name], err_msg=name)
    with pytest.raises(DoesNotMatch, match=r"keep run\.envs and replay"):
        Training(monkeypatch, rows=12).replay.load(found)
    with pytest.raises(DoesNotMatch, match="streams"):
        Training(monkeypatch, agents=2, rows=20).replay.load(found)


def test_chunks_are_small_and_few_bytes_at_one_step() -> None:
    ring = jax.eval_shape(
        lambda: create_ring(OBS, ACT, envs=512, rows=9000, deter=512, stoch=32, classes=32, dtype=jnp.float32)
    )
    chunks = changes.RingChunks(ring)
    for layout in chunks.layouts.values():
        assert layout.size(0) * layout.streams <= 1 << 25
    one = changes.RingChunks(jax.tree.map(lambda leaf: jax.ShapeDtypeStruct((1, *leaf.shape[1:]), leaf.dtype), ring))
    assert one.layouts["latents"].size(0) <= 1 << 18
