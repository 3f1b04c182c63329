"""Updates whose loss or gradient is not finite are not applied, kept for inspection, and stop the run."""

from __future__ import annotations

import functools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dreamerguard.schema import LossSection, RunConfig
from dreamerguard_agent.algorithm import learner
from dreamerguard_agent.algorithm.learner import TrainState
from dreamerguard_agent.base.spec import AgentSpec
from dreamerguard_agent.failures import NumbersFailed, PolicyDiverged
from dreamerguard_agent.numbers_watch import FOLDER, MOST, NumbersWatch, first_term
from dreamerguard_agent.runtime import compiled
from dreamerguard_agent.runtime.faults import Faults, fault_terms, no_faults

from .same_runs import SMALL, spec_of

pytestmark = pytest.mark.integration


@functools.cache
def state_of(spec: AgentSpec) -> TrainState:
    return compiled.initial_state(spec, [0])


def updated(spec: AgentSpec, before: TrainState) -> TrainState:
    """Returns a state in which every number is another one."""
    after = jax.tree.map(lambda value: value + jnp.asarray(1, value.dtype), before)
    slow = learner.move_slow(before.slow, {name: after.params[name] for name in before.slow}, spec.loss.slow_rate)
    return after.replace(slow=slow)


def assert_equal(one: Any, other: Any) -> None:
    for mine, yours in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(mine, yours)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_update_that_is_not_finite_changes_only_the_count(bad: float) -> None:
    spec = spec_of(SMALL)
    before = state_of(spec)
    after = updated(spec, before)
    kept, skipped = learner.skip_not_finite(spec, before, after, jnp.float32(bad))
    assert float(skipped) == 1
    assert_equal(kept.replace(step=before.step), before)
    assert int(kept.step) == int(before.step) + 1


def test_a_finite_update_is_applied_bit_for_bit() -> None:
    spec = spec_of(SMALL)
    before = state_of(spec)
    after = updated(spec, before)
    kept, skipped = learner.skip_not_finite(spec, before, after, jnp.float32(1e30))
    assert float(skipped) == 0
    assert_equal(kept, after)


def test_continue_applies_what_leaves_the_parameters_finite() -> None:
    spec = replace(spec_of(SMALL), keep_not_finite=True)
    before = state_of(spec_of(SMALL))
    after = updated(spec, before)
    kept, skipped = learner.skip_not_finite(spec, before, after, jnp.float32(np.inf))
    assert float(skipped) == 0
    assert_equal(kept, after)
    name = next(iter(before.slow))
    broken = after.replace(params={**after.params, name: jnp.full_like(after.params[name], jnp.nan)})
    kept, skipped = learner.skip_not_finite(spec, before, broken, jnp.float32(0))
    assert float(skipped) == 1
    assert all(np.isfinite(value).all() for value in kept.params.values())


def test_faults_count_all_and_those_in_a_row_and_keep_the_first_of_the_row() -> None:
    faults = no_faults(1, 2, ("opt/loss",))
    for step, bad in enumerate([0, 1, 0, 1, 1, 1]):
        metrics = {"opt/skipped": jnp.float32(bad), "opt/loss": jnp.float32(step)}
        faults = faults.add(jnp.int32(step), jnp.full((2, 2), step, jnp.int32), metrics)
    assert faults.counts.tolist() == [4, 3]
    assert (int(faults.step), float(faults.terms["opt/loss"]), faults.windows.tolist()) == (3, 3.0, [[3, 3], [3, 3]])


@pytest.mark.parametrize(
    ("terms", "scales", "found"),
    [
        ({"loss/rew": 2.0, "loss/dyn": np.nan, "opt/loss": np.nan}, {}, "loss/dyn"),
        ({"loss/value": np.inf, "loss/position": np.inf}, {}, "loss/position"),
        (
            {"loss/policy": 1.0, "loss/rew": 5.0, "opt/loss": np.inf},
            {"rew": 1e38},
            "loss/rew times loss.scales.rew=1e+38",
        ),
        ({"loss/position": 9.0}, {"rec": 1e38}, "loss/position times loss.scales.rec=1e+38"),
        ({"loss/rew": 1.0, "opt/loss": np.inf, "opt/grad_norm": np.nan}, {}, "the sum of the losses"),
        ({"opt/grad_norm": np.inf, "opt/loss": 1.0}, {}, "the gradient (opt/grad_norm)"),
    ],
)
def test_the_first_term_is_named(terms: dict[str, float], scales: dict[str, float], found: str) -> None:
    assert first_term(terms, LossSection.model_validate({"scales": scales})) == found


def test_terms_are_those_of_the_losses() -> None:
    spec = spec_of(SMALL)
    losses = {"dyn", "rep", "rew", "con", "policy", "value", "repval", *dict(spec.obs_space)}
    assert set(fault_terms(spec)) == {f"loss/{name}" for name in losses} | {"opt/loss", "opt/grad_norm"}


def made_faults(total: int, row: int, step: int = 5) -> Faults:
    terms = {"loss/rew": np.float32(np.inf), "opt/loss": np.float32(np.inf)}
    return Faults(np.array([total, row], np.int32), np.int32(step), np.array([[0, 1], [1, 2]], np.int32), terms)


def watch(directory: Path, said: list[str], **numbers: Any) -> NumbersWatch:
    return NumbersWatch(RunConfig(**{**SMALL, "numbers": numbers}), directory, said.append)


@functools.cache
def state_and_reader() -> tuple[Any, Any]:
    from dreamerguard_agent.replay.buffer import empty_ring
    from dreamerguard_agent.replay.device_storage import DeviceStorage

    spec = spec_of(SMALL)
    storage = DeviceStorage(empty_ring(spec, 1, 2, 20))
    return state_of(spec), lambda agent, windows: storage.windows(agent, windows, 9)


def test_batch_and_state_are_kept_without_pickle_and_the_run_stops_after_three_in_a_row(tmp_path: Path) -> None:
    said: list[str] = []
    (state, read), watching = state_and_reader(), watch(tmp_path, said)
    watching.check(made_faults(0, 0), state, read)
    assert not (tmp_path / FOLDER).exists()
    watching.check(made_faults(2, 2), state, read)
    with pytest.raises(
        NumbersFailed, match=r"3 updates skipped in a row.* first: loss/rew, at update 5\. Batch and state"
    ):
        watching.check(made_faults(3, 3), state, read)
    assert len(said) == 1 and "update 5 was skipped: loss/rew is not finite" in said[0]
    facts = json.loads((tmp_path / FOLDER / "update-5.json").read_text())
    assert facts["first_term"] == "loss/rew" and facts["terms"]["loss/rew"] == "inf"
    with np.load(tmp_path / FOLDER / "update-5.npz", allow_pickle=False) as kept:
        assert kept["windows"].tolist() == [[0, 1], [1, 2]]
        assert kept["batch/reward"].shape == (2, 9)
        for name, value in state.params.items():
            np.testing.assert_array_equal(kept[f"state/params/{name}"], value)


def test_skip_never_stops_and_keeps_a_bounded_number_of_cases(tmp_path: Path) -> None:
    (state, read), watching = state_and_reader(), watch(tmp_path, [], policy="skip")
    for number in range(1, 8):
        watching.check(made_faults(number, number, step=number), state, read)
    assert len(list((tmp_path / FOLDER).glob("*.npz"))) == MOST


def test_a_state_that_is_too_large_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dreamerguard_agent.numbers_watch.LARGEST", 10)
    (state, read), watching = state_and_reader(), watch(tmp_path, [])
    watching.check(made_faults(1, 1), state, read)
    with np.load(tmp_path / FOLDER / "update-5.npz", allow_pickle=False) as kept:
        assert not any(name.startswith("state/") for name in kept)
    assert "not kept" in json.loads((tmp_path / FOLDER / "update-5.json").read_text())["state"]


def test_a_disk_that_takes_nothing_costs_the_case_and_not_the_run(tmp_path: Path) -> None:
    said: list[str] = []
    (state, read), watching = state_and_reader(), watch(tmp_path, said)
    (tmp_path / FOLDER).write_text("a file is in the way")
    watching.check(made_faults(1, 1), state, read)
    assert "could not be kept" in said[0]


def test_an_action_that_is_not_finite_says_where_and_what_to_do() -> None:
    diverged = PolicyDiverged("the action of environment 0 is not finite: [nan]").explained(1200)
    assert str(diverged).startswith("the action of environment 0 is not finite: [nan], at 1,200 frames")
