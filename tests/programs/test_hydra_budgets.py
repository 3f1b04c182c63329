"""Budgets of r2dreamer and sheeprl against their schedulers, written out again from their source."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamerguard.programs.r2dreamer.program import r2_budget
from dreamerguard.programs.sheeprl.budget import sheeprl_budget, world_size


def r2_updates(steps: int, ratio: float, repeat: int, size: int, length: int, envs: int, pretrain: int) -> int:
    """Updates of NM512/r2dreamer's loop, without resets (trainer.py and tools.Every at 546e4fa)."""
    every, last, updates, step, first = size * length / ratio * repeat, None, 0, 0, True
    while step < steps:
        step += envs * repeat
        if step // (envs * repeat) <= length + 1:
            continue
        if first:
            first, updates = False, updates + pretrain
        elif last is None:
            last, updates = step, updates + 1
        else:
            count = int((step - last) / every)
            last += every * count
            updates += count
    return updates


@settings(max_examples=80)
@given(
    steps=st.integers(2_000, 20_000),
    ratio=st.sampled_from([16.0, 64.0, 128.0, 512.0, 700.0]),
    repeat=st.sampled_from([1, 2, 4]),
    size=st.sampled_from([4, 16]),
    length=st.sampled_from([16, 64]),
    envs=st.sampled_from([1, 4, 16]),
    pretrain=st.sampled_from([0, 100]),
)
def test_r2dreamer(steps: int, ratio: float, repeat: int, size: int, length: int, envs: int, pretrain: int) -> None:
    values = {
        "trainer.steps": steps, "trainer.train_ratio": ratio, "trainer.action_repeat": repeat, "env.env_num": envs,
        "trainer.batch_size": size, "trainer.batch_length": length, "trainer.pretrain": pretrain,
    }  # fmt: skip
    budget = r2_budget(lambda key: float(values[key]))
    assert budget is not None
    loop = envs * budget.updates_per_step
    expected = r2_updates(steps, ratio, repeat, size, length, envs, pretrain)
    assert budget.updates == pytest.approx(expected, abs=3 * loop + 3)


class Ratio:
    """sheeprl's Ratio (sheeprl/utils/utils.py at 33b6366), without its warnings."""

    def __init__(self, ratio: float, pretrain: int) -> None:
        self.ratio, self.pretrain, self.previous = ratio, pretrain, None

    def __call__(self, step: float) -> int:
        if self.ratio == 0:
            return 0
        if self.previous is None:
            self.previous = step
            if self.pretrain > 0:
                return int(min(self.pretrain, step) * self.ratio)
            return int(step * self.ratio)
        repeats = int((step - self.previous) * self.ratio)
        self.previous += repeats / self.ratio
        return repeats


def sheeprl_updates(steps: int, ratio: float, envs: int, world: int, starts: int, pretrain: int) -> int:
    """Updates per rank of sheeprl's DreamerV3 loop (dreamer_v3.py at 33b6366)."""
    together = envs * world
    learning = starts // together
    prefill = learning - int(learning > 0)
    scheduler, updates, policy_step = Ratio(ratio, pretrain), 0, 0
    for iteration in range(1, steps // together + 1):
        policy_step += together
        if iteration >= learning:
            updates += scheduler((policy_step - prefill * together) / world)
    return updates


@settings(max_examples=80)
@given(
    steps=st.integers(2_000, 20_000),
    ratio=st.sampled_from([0.0, 1 / 64, 0.0625, 0.3, 0.5, 1.0, 2.0]),
    envs=st.sampled_from([1, 4, 8]),
    world=st.sampled_from([1, 2, 4]),
    starts=st.sampled_from([0, 128, 1024, 1300]),
    pretrain=st.sampled_from([0, 1, 50]),
)
def test_sheeprl(steps: int, ratio: float, envs: int, world: int, starts: int, pretrain: int) -> None:
    values: dict[str, object] = {
        "algo.name": "dreamer_v3", "algo.total_steps": steps, "algo.replay_ratio": ratio, "env.action_repeat": 2,
        "algo.per_rank_batch_size": 16, "algo.per_rank_sequence_length": 64, "env.num_envs": envs,
        "algo.learning_starts": starts, "algo.per_rank_pretrain_steps": pretrain, "fabric.devices": world,
    }  # fmt: skip
    number = lambda key: float(values.get(key, float("nan")))  # type: ignore[arg-type]  # noqa: E731
    budget = sheeprl_budget(values.get, number)  # type: ignore[arg-type]
    assert budget is not None
    expected = sheeprl_updates(steps, ratio, envs, world, starts, pretrain)
    assert budget.updates == pytest.approx(expected, abs=envs * ratio + max(pretrain, world) * ratio + 2)
    assert budget.train_ratio == pytest.approx(ratio * 1024)


@pytest.mark.parametrize(
    ("devices", "nodes", "expected"),
    [(1, 1, 1), (4, 1, 4), ("2", 1, 2), ((0, 1), 1, 2), ("[0,1,2]", 1, 3), ("auto", 1, 1), (-1, 1, 1), (2, 2, 4)],
)
def test_world_size(devices: object, nodes: int, expected: int) -> None:
    values = {"fabric.devices": devices, "fabric.num_nodes": nodes}
    assert world_size(values.get) == expected  # type: ignore[arg-type]


def old_updates(steps: int, every: int, gradient_steps: int, envs: int) -> int:
    """Updates of sheeprl's old loop without its prefill (dreamer_v3.py of v0.5.4)."""
    before, updates = every // envs, 0
    for _ in range(steps // envs):
        before -= 1
        if before <= 0:
            updates += gradient_steps
            before = every // envs
    return updates


@settings(max_examples=60, deadline=None)
@given(
    every=st.integers(1, 40), gradient_steps=st.sampled_from([1, 2]), envs=st.sampled_from([1, 3, 4, 8, 16]),
    steps=st.integers(2_000, 9_000),
)  # fmt: skip
def test_sheeprl_with_train_every(every: int, gradient_steps: int, envs: int, steps: int) -> None:
    values: dict[str, float | str] = {
        "algo.name": "dreamer_v3", "algo.total_steps": steps, "algo.train_every": every, "env.num_envs": envs,
        "algo.per_rank_gradient_steps": gradient_steps, "env.action_repeat": 1, "algo.learning_starts": 0,
        "algo.per_rank_batch_size": 16, "algo.per_rank_sequence_length": 64,
    }  # fmt: skip
    budget = sheeprl_budget(values.get, lambda key: float(values.get(key, "nan")))
    assert budget is not None
    assert budget.updates == pytest.approx(old_updates(steps, every, gradient_steps, envs), abs=2 * gradient_steps)
