"""Parameter counts, trees and fresh kernels against the reference's."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dreamerguard.schema import SIZES, RunConfig
from dreamerguard_agent.algorithm import learner
from dreamerguard_agent.algorithm.learner import TrainState
from dreamerguard_agent.base.spaces import ArraySpace
from dreamerguard_agent.base.spec import AgentSpec
from dreamerguard_agent.model import nets
from dreamerguard_agent.model.nets import Shape

from .golden import cases, load_json

pytestmark = pytest.mark.integration

PARAMETERS = load_json("parameters")
INITIALIZERS = load_json("initializers")
COUNTS = [(task, size) for task, sizes in PARAMETERS.get("counts", {}).items() for size in sizes]

#: dm_control's walker: what the two tasks of `parameters.json` see.
_WALKER: dict[str, dict[str, ArraySpace]] = {
    "walker_proprio": {
        "orientations": ArraySpace("float32", (14,)),
        "height": ArraySpace("float32", ()),
        "velocity": ArraySpace("float32", (9,)),
    },
    "walker_vision": {"image": ArraySpace("uint8", (64, 64, 3))},
}
_ACTION = {"action": ArraySpace("float32", (6,), low=-1, high=1)}


def _spec(task: str, size: Any) -> AgentSpec:
    return AgentSpec.create(RunConfig(task=task, size=size, model=SIZES[size]), _WALKER[task], _ACTION, "float32")


def _abstract(spec: AgentSpec) -> TrainState:
    """The shapes of a fresh state; allocates nothing."""
    return jax.eval_shape(lambda key: learner.init_train_state(spec, key), jax.random.key(0))


@pytest.mark.parametrize(("task", "size"), cases(PARAMETERS, COUNTS, 2))
def test_parameter_counts(task: str, size: str) -> None:
    want, state = PARAMETERS["counts"][task][size], _abstract(_spec(task, size))
    counts = {path: math.prod(value.shape) for path, value in state.params.items()}
    assert sum(counts.values()) == want["trained"]
    assert len(counts) == want["tensors"]
    assert sum(value.size for value in state.slow.values()) == want["slowval"]
    modules = {path.split("/")[0] for path in counts}
    ours = {name: sum(count for path, count in counts.items() if path.startswith(f"{name}/")) for name in modules}
    assert ours == want["modules"]


@pytest.mark.parametrize("size", cases(PARAMETERS, sorted(PARAMETERS.get("trees", ()))))
def test_parameter_trees(size: str) -> None:
    want = {path: tuple(shape) for path, shape in PARAMETERS["trees"][size].items()}
    task = "walker_vision" if any(path.startswith("enc/cnn") for path in want) else "walker_proprio"
    state = _abstract(_spec(task, size))
    tree = {path: value.shape for path, value in state.params.items()}
    tree |= {f"slow{path}": value.shape for path, value in state.slow.items()}
    tree |= {"retnorm/lo/value": state.retnorm.lo.shape, "retnorm/hi/value": state.retnorm.hi.shape}
    # We need no second counter: the slow value moves at every update.
    assert tree == {path: shape for path, shape in want.items() if path != "slowval_count/value"}


@pytest.mark.parametrize(
    "stored", cases(INITIALIZERS, INITIALIZERS.get("draws", ())), ids=lambda stored: stored["label"]
)
def test_initializers(stored: dict[str, Any]) -> None:
    kind = "bias" if stored["name"] == "zeros" else "kernel"
    shape = Shape(tuple(stored["shape"]), kind, stored["outscale"])
    values = np.asarray(nets.init({"l/kernel": shape}, jax.random.key(1))["l/kernel"])
    assert values.shape == tuple(stored["shape"])
    assert values.std() == pytest.approx(stored["std"], rel=0.01, abs=0)
    assert np.abs(values).max() <= stored["bound"] * (1 + 1e-5)
    assert abs(values.mean()) <= 5 * stored["std"] / math.sqrt(values.size)
    if stored["std"]:
        assert np.abs(values).max() == pytest.approx(stored["bound"], rel=0.01)
        kurtosis = ((values - values.mean()) ** 4).mean() / values.var() ** 2
        assert kurtosis == pytest.approx(stored["kurtosis"], rel=0.01)


@pytest.mark.parametrize("path", cases(INITIALIZERS, sorted(INITIALIZERS.get("size1m_walker_proprio", ()))))
def test_kernels_of_a_fresh_agent(path: str) -> None:
    stored = INITIALIZERS["size1m_walker_proprio"][path]
    shape = learner.param_shapes(_spec("walker_proprio", "size1m"))[path]
    assert shape.shape == tuple(stored["shape"])
    # Small kernels are drawn many times, until the deviation is known to a third of a percent.
    copies = {f"{path}/{copy}": shape for copy in range(math.ceil(5e4 / math.prod(shape.shape)))}
    values = np.stack([np.asarray(value) for value in nets.init(copies, jax.random.key(2)).values()])
    if not shape.outscale:
        assert not values.any() and not stored["std"]
        return
    assert values.std() * math.sqrt(stored["fan_in"]) / shape.outscale == pytest.approx(1, rel=0.01)
    # The stored deviation is that of one draw, so it is known to one part in the root of its size only.
    assert values.std() == pytest.approx(stored["std"], rel=0.01 + 4 / math.sqrt(2 * math.prod(shape.shape)))


def test_a_fresh_agent_predicts_nothing() -> None:
    """Rewards and values begin at exactly 0, the slow value as a copy, biases at 0 and scales at 1."""
    state = learner.init_train_state(_spec("walker_proprio", "size200k"), jax.random.key(3))
    assert not state.params["rew/head/logits/kernel"].any() and not state.params["val/head/logits/kernel"].any()
    for path, value in state.params.items():
        if path.endswith("/bias"):
            assert not value.any(), path
        if path.endswith("/scale"):
            assert (value == 1).all(), path
    for path, value in state.slow.items():
        np.testing.assert_array_equal(value, state.params[path])
    assert int(state.step) == 0 and float(state.retnorm.lo) == float(state.retnorm.hi) == 0


def test_kernels_are_drawn_apart_and_again_the_same() -> None:
    shapes = {"a/kernel": Shape((8, 4), "kernel"), "b/bias": Shape((3,), "bias"), "c/kernel": Shape((8, 4), "kernel")}
    first, second = (nets.init(shapes, jax.random.key(4)) for _ in range(2))
    np.testing.assert_array_equal(first["c/kernel"], second["c/kernel"])
    assert (first["a/kernel"] != first["c/kernel"]).all()


def test_blocks_must_divide() -> None:
    with pytest.raises(ValueError, match=r"dyn/dyngru: 10 inputs .* 4 blocks"):
        nets.block_linear_shapes("dyn/dyngru", 10, 12, 4)


def test_parameters_are_float32() -> None:
    leaves = jax.tree.leaves(_abstract(_spec("walker_proprio", "size1m")).params)
    assert {leaf.dtype for leaf in leaves} == {jnp.dtype("float32")}
