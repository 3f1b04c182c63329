"""What XLA compiles for an update on a CPU: nothing is repeated for every parameter or for every step of a loop."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import pytest

from dreamerguard_agent.algorithm import learner, losses, optim
from dreamerguard_agent.base import loops
from dreamerguard_agent.model.dists import TwoHot

from .parity import as_in_a_run
from .same_runs import SMALL, spec_of

pytestmark = pytest.mark.integration


def test_the_optimizer_is_computed_once_and_not_for_every_parameter() -> None:
    spec = spec_of(SMALL)
    state = jax.eval_shape(functools.partial(learner.init_train_state, spec), jax.random.key(0))
    step = functools.partial(learner.apply_gradients, spec)
    text = as_in_a_run(step).lower(state, state.params, state.retnorm).compile().as_text()
    rows = jax.eval_shape(optim.pack, state.params).shape
    computed = [line for line in text.splitlines() if f" = f32[{rows[0]},{rows[1]}]" in line and " multiply(" in line]
    assert 0 < len(computed) < len(state.params) / 2


def test_loops_are_unrolled_for_accelerators_only(monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = [jax.random.uniform(jax.random.key(index), (3, 9)) for index in range(4)]

    def lines() -> int:
        return len(jax.jit(lambda *xs: losses.lambda_return(*xs, 0.9, 0.95)).lower(*arrays).as_text().splitlines())

    def returns() -> jax.Array:
        return losses.lambda_return(*arrays, 0.9, 0.95)  # type: ignore[call-arg]

    short, expected = lines(), returns()
    monkeypatch.setattr(loops, "PLATFORM", "gpu")
    assert lines() > short
    assert jnp.allclose(returns(), expected, rtol=1e-6)


def test_targets_between_on_and_outside_the_bins_are_split_as_before() -> None:
    twohot = TwoHot(jax.random.normal(jax.random.key(0), (7, 5)))
    bins = twohot.bins
    targets = jnp.asarray([bins[0] - 1, bins[0], (bins[0] + bins[1]) / 2, 0.0, 0.25, bins[-1], bins[-1] * 2])
    weights = []
    for target in targets.tolist():
        near = min(max(target, bins[0]), bins[-1])
        weights.append([max(0.0, 1 - abs(near - bin) / gap) for bin, gap in zip(bins, _gaps(bins, near), strict=True)])
    expected = -(jax.nn.log_softmax(twohot.logits, -1) * jnp.asarray(weights)).sum(-1)
    assert jnp.allclose(twohot.loss(targets), expected, rtol=1e-4)


def _gaps(bins: object, near: float) -> list[float]:
    """The distance from every bin to its neighbour on the side of ``near``, 1 where there is none."""
    values = [float(value) for value in bins]  # type: ignore[attr-defined]
    found = []
    for index, value in enumerate(values):
        other = index + (1 if near >= value else -1)
        found.append(abs(values[other] - value) if 0 <= other < len(values) else 1.0)
    return found
