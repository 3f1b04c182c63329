"""What golden numbers cannot reach: odd spaces, low precision, many seeds, sampling, and clear refusals."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dreamerguard.schema import LossSection, ModelSection, RunConfig
from dreamerguard_agent import learner
from dreamerguard_agent.actor import act, initial_carry
from dreamerguard_agent.inputs import concat
from dreamerguard_agent.learner import Batch
from dreamerguard_agent.noise import draw_act_noise, draw_noise
from dreamerguard_agent.rssm import Latent
from dreamerguard_agent.spaces import Space, sort_spaces
from dreamerguard_agent.spec import AgentSpec

from .parity import quick_jit

ROWS, STEPS = 2, 4
MODEL = ModelSection(
    deter=16,
    hidden=4,
    stoch=3,
    classes=5,
    blocks=4,
    units=8,
    depth=2,
    bins=7,
    encoder_layers=2,
    decoder_layers=1,
    policy_layers=2,
    value_layers=1,
    dynamics_layers=2,
)
#: Every kind of key at once: scalar, matrix, choices of both shapes, bytes, two images; mixed actions.
OBS = {
    "scalar": Space("float32"),
    "matrix": Space("float32", (2, 3)),
    "choice": Space("int32", classes=4),
    "choices": Space("int32", (3,), classes=2),
    "flag": Space("bool", classes=2),
    "left": Space("uint8", (48, 48, 3)),
    "right": Space("uint8", (48, 48, 1)),
}
ACT = {
    "turn": Space("float32", (2,), low=-1, high=1),
    "throttle": Space("float32", (), low=-1, high=1),
    "gear": Space("int32", classes=5),
    "buttons": Space("int32", (3,), classes=4),
}


def _spec(dtype: str = "float32", obs: Any = None, actions: Any = None) -> AgentSpec:
    config = RunConfig(task="x", model=MODEL, loss=LossSection(imag_length=3))
    return AgentSpec.create(config, obs or {"scalar": OBS["scalar"]}, actions or {"turn": ACT["turn"]}, dtype)


def _values(rng: np.random.Generator, space: Space, *leading: int) -> jax.Array:
    shape = (*leading, *space.shape)
    if space.image:
        return jnp.asarray(rng.integers(0, 256, shape, np.uint8))
    if space.discrete:
        return jnp.asarray(rng.integers(0, space.classes, shape).astype(space.dtype))
    return jnp.asarray(rng.normal(size=shape).astype(space.dtype))


def _batch(spec: AgentSpec, seed: int = 0) -> Batch:
    rng = np.random.default_rng(seed)
    batch = {key: _values(rng, space, ROWS, STEPS + 1) for key, space in (*spec.obs_space, *spec.act_space)}
    batch |= {key: jnp.zeros((ROWS, STEPS + 1), bool) for key in ("is_first", "is_last", "is_terminal")}
    stoch = rng.integers(0, spec.model.classes, (ROWS, spec.model.stoch)).astype(np.uint8)
    deter = rng.normal(size=(ROWS, spec.model.deter)).astype(np.float32)
    reward = jnp.asarray(rng.normal(size=(ROWS, STEPS + 1)).astype(np.float32))
    return batch | {"reward": reward, "context": Latent(jnp.asarray(deter), jnp.asarray(stoch))}


def _update(spec: AgentSpec, seed: int = 0) -> Any:
    state = learner.init_train_state(spec, jax.random.key(seed))
    noise = draw_noise(spec, jax.random.key(seed + 1), ROWS, STEPS)
    return state, quick_jit(learner.update, static_argnums=0)(spec, state, _batch(spec, seed), noise)


def test_every_kind_of_key_trains_and_acts() -> None:
    spec = _spec(obs=OBS, actions=ACT)
    _, (after, latents, metrics) = _update(spec)
    assert all(np.isfinite(value).all() for value in jax.tree.leaves((after, metrics)))
    assert {f"loss/{key}" for key in OBS} | {f"ent/{key}" for key in ACT} <= metrics.keys()
    # A scalar action has a known range of entropies; so have, by the reference's habit, only those.
    assert {key for key in metrics if key.startswith("rand/")} == {"rand/gear", "rand/throttle"}
    assert latents.deter.shape == (ROWS, STEPS, 16) and latents.stoch.shape == (ROWS, STEPS, 3)
    assert latents.stoch.dtype == jnp.int32 and (latents.stoch < MODEL.classes).all()

    envs, rng = 5, np.random.default_rng(1)
    carry, obs = initial_carry(spec, envs), {key: _values(rng, space, envs) for key, space in spec.obs_space}
    obs["is_first"] = jnp.array([True, False, False, False, True])
    carry, action, latent = quick_jit(act, static_argnums=0)(
        spec, after.params, carry, obs, draw_act_noise(spec, jax.random.key(2), envs)
    )
    for key, space in spec.act_space:
        assert action[key].shape == (envs, *space.shape)
        assert action[key].dtype == (jnp.int32 if space.discrete else jnp.float32)
        np.testing.assert_array_equal(action[key], carry.prevaction[key])
    assert latent.stoch.shape == (envs, 3) and latent.deter.shape == (envs, 16)


def test_bfloat16_keeps_parameters_and_losses_in_float32() -> None:
    spec = _spec("bfloat16", actions={"turn": ACT["turn"], "gear": ACT["gear"]})
    state, (after, latents, metrics) = _update(spec)
    assert latents.deter.dtype == jnp.bfloat16
    assert all(np.isfinite(np.asarray(value, np.float32)).all() for value in metrics.values())
    assert {value.dtype for value in after.params.values()} == {jnp.dtype("float32")}
    assert metrics["opt/loss"].dtype == jnp.float32
    assert jax.tree.structure(state) == jax.tree.structure(after)
    wide = dataclasses.replace(spec, dtype="float32")
    noise = draw_noise(spec, jax.random.key(1), ROWS, STEPS)
    precise = quick_jit(learner.loss, static_argnums=0)(
        wide, state.params, state.slow, state.retnorm, _batch(wide), noise
    )[1].metrics
    for name in ("rew", "con", "scalar", "dyn"):
        np.testing.assert_allclose(metrics[f"loss/{name}"], precise[f"loss/{name}"], rtol=0.05)


def test_seeds_side_by_side_do_not_touch_each_other() -> None:
    spec, keys = _spec(), jax.random.split(jax.random.key(5), 2)
    states = jax.vmap(lambda key: learner.init_train_state(spec, key))(keys)
    noise = jax.vmap(lambda key: draw_noise(spec, key, ROWS, STEPS))(keys)
    batches = jax.tree.map(lambda *xs: jnp.stack(xs), _batch(spec, 1), _batch(spec, 2))
    many = quick_jit(jax.vmap(lambda *xs: learner.update(spec, *xs)))
    both = many(states, batches, noise)
    twins = many(*jax.tree.map(lambda x: jnp.stack([x[1], x[1]]), (states, batches, noise)))
    for apart, twin in zip(jax.tree.leaves(both), jax.tree.leaves(twins), strict=True):
        np.testing.assert_array_equal(apart[1], twin[0])
        np.testing.assert_array_equal(twin[1], twin[0])
    assert (both[0].params["dyn/dyngru/kernel"][0] != both[0].params["dyn/dyngru/kernel"][1]).any()


def test_stored_classes_and_one_hot_context_are_the_same() -> None:
    spec = _spec()
    batch = _batch(spec)
    onehot = jax.nn.one_hot(batch["context"].stoch, MODEL.classes)
    carry, _, _ = learner.split_context(spec, batch)
    np.testing.assert_array_equal(carry.stoch, onehot)
    again, _, _ = learner.split_context(spec, batch | {"context": Latent(batch["context"].deter, onehot)})
    np.testing.assert_array_equal(again.stoch, carry.stoch)


def test_acting_ignores_the_carry_of_a_new_episode() -> None:
    spec = _spec(actions={"gear": ACT["gear"], "turn": ACT["turn"]})
    params = learner.init_train_state(spec, jax.random.key(0)).params
    noise, obs = draw_act_noise(spec, jax.random.key(1), 2), {"scalar": jnp.array([0.3, 0.3])}
    fresh = initial_carry(spec, 2)
    used = jax.tree.map(lambda x: x + 1, fresh)
    step = quick_jit(act, static_argnums=0)
    reset = {**obs, "is_first": jnp.array([True, False])}
    before, after = (np.asarray(step(spec, params, carry, reset, noise)[2].deter) for carry in (fresh, used))
    np.testing.assert_array_equal(before[0], after[0])
    assert (before[1] != after[1]).any()


def test_noise_is_shaped_by_the_actions_and_reproducible() -> None:
    spec = _spec(actions=ACT)
    noise, again = (draw_noise(spec, jax.random.key(7), ROWS, STEPS) for _ in range(2))
    assert noise.post.shape == (ROWS, STEPS, 3, 5) and noise.prior.shape == (ROWS * STEPS, 3, 3, 5)
    shapes = {key: value.shape[2:] for key, value in noise.action.items()}
    assert shapes == {"buttons": (3, 4), "gear": (5,), "throttle": (), "turn": (2,)}
    assert {value.shape[:2] for value in noise.action.values()} == {(ROWS * STEPS, 4)}
    for ours, want in zip(jax.tree.leaves(noise), jax.tree.leaves(again), strict=True):
        np.testing.assert_array_equal(ours, want)


def test_missing_values_become_zeros() -> None:
    spaces = sort_spaces({"a": Space("int32", classes=3), "b": Space("float32", (2,))})
    values = {"a": jnp.array([1, -1]), "b": jnp.array([[1.0, 2.0], [-jnp.inf, 2.0]])}
    joined = concat(spaces, values, jnp.dtype("float32"))
    np.testing.assert_array_equal(joined, [[0, 1, 0, 1, 2], [0, 0, 0, 0, 0]])


@pytest.mark.parametrize(
    ("obs", "actions", "dtype", "message"),
    [
        ({}, ACT, "float32", "at least one observation"),
        (OBS, {}, "float32", "at least one action"),
        (OBS, ACT, "float16", "float32 or bfloat16"),
        ({"rep": OBS["scalar"]}, ACT, "float32", "`rep` has a reserved name"),
        ({"turn": OBS["scalar"]}, ACT, "float32", "`turn` is an observation and an action"),
        (OBS, {"paint": OBS["left"]}, "float32", "`paint` is an image"),
        ({**OBS, "small": Space("uint8", (64, 64, 3))}, ACT, "float32", "images must have one size"),
    ],
)
def test_an_impossible_agent_is_refused(obs: Any, actions: Any, dtype: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AgentSpec.create(RunConfig(task="x"), obs, actions, dtype)


def test_an_image_that_cannot_be_halved_is_refused() -> None:
    with pytest.raises(ValueError, match="`left` is 50 x 48; both must be multiples of 16"):
        learner.param_shapes(_spec(obs={"left": Space("uint8", (50, 48, 3))}))


@pytest.mark.parametrize(
    ("dtype", "shape", "classes", "message"),
    [
        ("float32", (0,), 0, "each of at least 1"),
        ("int32", (), 1, "at least two choices"),
        ("float32", (), 3, "stores integers"),
        ("int32", (2,), 0, "give it `classes`"),
        ("float32", (2, 2, 2), 0, "must be uint8"),
    ],
)
def test_an_impossible_space_is_refused(dtype: str, shape: tuple[int, ...], classes: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Space(dtype, shape, classes)
