"""Budgets of upstream programs against loops that count what their schedulers do, step by step."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamerguard.core.source import Value
from dreamerguard.programs.danijar.budget import danijar_budget
from dreamerguard.programs.nm512_torch.published import torch_budget


def danijar_updates(steps: int, ratio: float, batch: int, envs: int, length: int, context: int) -> int:
    """Updates of ``embodied/run/train.py`` with ``elements.when.Ratio`` (danijar/dreamerv3 at e3f0224)."""
    rate, previous, updates = ratio / (batch * length), None, 0
    filled = 0
    counts = [0] * envs
    step = 0
    while step < steps:
        worker = step % envs
        step += 1
        counts[worker] += 1
        filled += counts[worker] >= length + context
        if filled < batch * length or rate == 0:
            continue
        if previous is None:
            previous, due = float(step), 1
        else:
            due = int((step - previous) * rate)
            previous += due / rate
        updates += due
    return updates


@settings(max_examples=40)
@given(
    st.sampled_from([2000, 20_000]),
    st.sampled_from([0.5, 4.0, 32.0, 200.0]),
    st.sampled_from([1, 4, 16]),
    st.sampled_from([1, 3, 16]),
    st.sampled_from([4, 16, 64]),
    st.sampled_from([0, 1]),
)
def test_danijar_2025(steps: int, ratio: float, batch: int, envs: int, length: int, context: int) -> None:
    values: dict[str, Value] = {
        "run.steps": steps, "run.train_ratio": ratio, "batch_size": batch, "batch_length": length,
        "run.envs": envs, "replay_context": context, "consec_train": 1,
    }  # fmt: skip
    budget = danijar_budget("2025", values.get, 1.0)
    assert budget is not None
    counted = danijar_updates(steps, ratio, batch, envs, length, context)
    assert budget.updates == pytest.approx(counted, rel=0.02, abs=3)


def torch_updates(values: dict[str, float]) -> int:
    """Updates of ``Dreamer.__call__`` with ``tools.Every`` (NM512/dreamerv3-torch at 6ef8646), one environment."""
    repeat = values["action_repeat"]
    every = values["batch_size"] * values["batch_length"] / values["train_ratio"]
    end, block = values["steps"] // repeat + values["eval_every"] // repeat, int(values["eval_every"] // repeat)
    step, updates, last, first = int(values["prefill"]), 0, None, True
    while step < end:
        for _ in range(block):
            if first:
                updates, first = updates + int(values["pretrain"]), False
            elif last is None:
                last, updates = float(step), updates + 1
            else:
                count = int((step - last) / every)
                last += every * count
                updates += count
            step += 1
    return updates


@settings(max_examples=40)
@given(
    st.sampled_from([2e4, 5e4]), st.sampled_from([1, 2, 4]), st.sampled_from([16.0, 64.0, 512.0]),
    st.sampled_from([4, 16]), st.sampled_from([16, 64]), st.sampled_from([1000, 2500]),
)  # fmt: skip
def test_torch(steps: float, repeat: int, ratio: float, batch: int, length: int, prefill: int) -> None:
    values: dict[str, float] = {
        "steps": steps, "action_repeat": repeat, "train_ratio": ratio, "batch_size": batch, "batch_length": length,
        "prefill": prefill, "pretrain": 100, "eval_every": 1e4,
    }  # fmt: skip
    budget = torch_budget({**values})
    assert budget is not None
    assert budget.updates == pytest.approx(torch_updates(values), rel=0.01, abs=3)


def test_published_figures() -> None:
    """Counted before with the programs' own schedulers: crafter 54 457 updates in 110 k steps, dmc_proprio 127 597."""
    crafter: dict[str, Value] = {
        "run.steps": 110_000, "run.train_ratio": 512.0, "batch_size": 16, "batch_length": 64, "run.envs": 1,
        "replay_context": 1, "consec_train": 1,
    }  # fmt: skip
    budget = danijar_budget("2025", crafter.get, 1.0)
    assert budget is not None and budget.updates == pytest.approx(54_457, rel=1e-3)
    proprio: dict[str, Value] = {
        "steps": 5e5, "action_repeat": 2, "train_ratio": 512, "batch_size": 16, "batch_length": 64, "prefill": 2500,
        "pretrain": 100, "eval_every": 1e4,
    }  # fmt: skip
    torch = torch_budget(proprio)
    assert torch is not None and torch.updates == pytest.approx(127_597, rel=1e-3)


def test_the_edition_of_2024_counts_the_context_inside_the_batch_length() -> None:
    values: dict[str, Value] = {
        "run.steps": 3e5, "run.train_ratio": 512.0, "batch_size": 16, "batch_length": 65, "run.num_envs": 16,
        "replay_context": 1, "run.train_fill": 0,
    }  # fmt: skip
    budget = danijar_budget("2024", values.get, 2.0)
    assert budget is not None
    assert (budget.batch_length, budget.frames, budget.updates_per_frame) == (64, 6e5, 0.25)


@pytest.mark.parametrize("broken", [{"batch_size": 0}, {"batch_length": None}, {"run.train_ratio": -1.0}])
def test_no_budget_where_a_value_is_missing_or_special(broken: dict[str, Value]) -> None:
    values: dict[str, Value] = {
        "run.steps": 1e6, "run.train_ratio": 32.0, "batch_size": 16, "batch_length": 64, "run.envs": 1,
        "replay_context": 1, "consec_train": 1,
    }  # fmt: skip
    assert danijar_budget("2025", (values | broken).get, 1.0) is None
