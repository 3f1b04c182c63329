"""What golden numbers cannot reach: odd spaces, low precision, many seeds, sampling, and clear refusals."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dreamerguard.schema import LossSection, ModelSection, RunConfig
from dreamerguard_agent.algorithm import learner
from dreamerguard_agent.algorithm.actor import act, initial_carry
from dreamerguard_agent.algorithm.learner import Batch, TrainState
from dreamerguard_agent.base.pytree import Params
from dreamerguard_agent.base.spaces import ArraySpace, sort_spaces
from dreamerguard_agent.base.spec import AgentSpec
from dreamerguard_agent.model import codec, heads
from dreamerguard_agent.model.dists import Categorical
from dreamerguard_agent.model.inputs import concat
from dreamerguard_agent.model.noise import draw_act_noise, draw_noise
from dreamerguard_agent.model.rssm import Latent

from .parity import quick_jit

pytestmark = pytest.mark.integration

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
    "scalar": ArraySpace("float32"),
    "matrix": ArraySpace("float32", (2, 3)),
    "choice": ArraySpace("int32", classes=4),
    "choices": ArraySpace("int32", (3,), classes=2),
    "flag": ArraySpace("bool", classes=2),
    "left": ArraySpace("uint8", (48, 48, 3)),
    "right": ArraySpace("uint8", (48, 48, 1)),
}
#: Convolutions are slow to compile, so learning is tried without them; the reference's numbers cover them.
VECTORS = {key: space for key, space in OBS.items() if not space.image}
ACT = {
    "turn": ArraySpace("float32", (2,), low=-1, high=1),
    "throttle": ArraySpace("float32", (), low=-1, high=1),
    "gear": ArraySpace("int32", classes=5),
    "buttons": ArraySpace("int32", (3,), classes=4),
}


def _spec(dtype: str = "float32", obs: Any = None, actions: Any = None) -> AgentSpec:
    config = RunConfig(task="x", model=MODEL, loss=LossSection(imag_length=3))
    return AgentSpec.create(config, obs or {"scalar": OBS["scalar"]}, actions or {"turn": ACT["turn"]}, dtype)


def _values(rng: np.random.Generator, space: ArraySpace, *leading: int) -> jax.Array:
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


@dataclasses.dataclass(frozen=True)
class Trained:
    """Two seeds of the oddest agent after one update in bfloat16, and twice the second of them."""

    spec: AgentSpec
    before: TrainState
    after: TrainState
    latents: Latent
    metrics: dict[str, jax.Array]
    twins: TrainState


@pytest.fixture(scope="module")
def trained() -> Trained:
    spec = _spec("bfloat16", VECTORS, ACT)
    keys = jax.random.split(jax.random.key(5), 2)
    states = quick_jit(jax.vmap(lambda key: learner.init_train_state(spec, key)))(keys)
    noise = quick_jit(jax.vmap(lambda key: draw_noise(spec, key, ROWS, STEPS)))(keys)
    batches = jax.tree.map(lambda *xs: jnp.stack(xs), _batch(spec, 1), _batch(spec, 2))
    update = quick_jit(jax.vmap(lambda *xs: learner.update(spec, *xs)))
    after, latents, metrics = update(states, batches, noise)
    twins, _, _ = update(*jax.tree.map(lambda x: jnp.stack([x[1], x[1]]), (states, batches, noise)))
    return Trained(spec, states, after, latents, metrics, twins)


def test_every_kind_of_key_trains(trained: Trained) -> None:
    for path, value in trained.after.params.items():
        assert np.isfinite(value).all(), path
    assert all(np.isfinite(np.asarray(value, np.float32)).all() for value in trained.metrics.values())
    assert {f"loss/{key}" for key in VECTORS} | {f"ent/{key}" for key in ACT} <= trained.metrics.keys()
    # A scalar action has a known range of entropies; so have, by the reference's habit, only those.
    assert {key for key in trained.metrics if key.startswith("rand/")} == {"rand/gear", "rand/throttle"}


def test_latents_go_back_as_classes(trained: Trained) -> None:
    assert trained.latents.deter.shape == (2, ROWS, STEPS, 16)
    assert trained.latents.stoch.shape == (2, ROWS, STEPS, 3)
    assert trained.latents.stoch.dtype == jnp.int32 and (trained.latents.stoch < MODEL.classes).all()


def test_bfloat16_keeps_parameters_and_losses_in_float32(trained: Trained) -> None:
    assert trained.latents.deter.dtype == jnp.bfloat16
    assert {value.dtype for value in trained.after.params.values()} == {jnp.dtype("float32")}
    assert {value.dtype for value in jax.tree.leaves(trained.after.opt_state)} == {
        jnp.dtype("float32"),
        jnp.dtype("int32"),
    }
    assert {value.dtype for key, value in trained.metrics.items() if key != "opt/updates"} == {jnp.dtype("float32")}
    assert jax.tree.structure(trained.before) == jax.tree.structure(trained.after)


def test_bfloat16_computes_nearly_the_same(trained: Trained) -> None:
    wide = dataclasses.replace(trained.spec, dtype="float32")
    state = jax.tree.map(lambda x: x[0], trained.before)
    noise = draw_noise(wide, jax.random.split(jax.random.key(5), 2)[0], ROWS, STEPS)
    loss = quick_jit(learner.loss, static_argnums=0)
    _, outputs = loss(wide, state.params, state.slow, state.retnorm, _batch(wide, 1), noise)
    for name in ("rew", "con", "dyn", *VECTORS):
        got, want = trained.metrics[f"loss/{name}"][0], outputs.metrics[f"loss/{name}"]
        np.testing.assert_allclose(got, want, rtol=0.05, err_msg=name)


def test_seeds_side_by_side_do_not_touch_each_other(trained: Trained) -> None:
    for both, twins in zip(jax.tree.leaves(trained.after), jax.tree.leaves(trained.twins), strict=True):
        np.testing.assert_array_equal(both[1], twins[0])
        np.testing.assert_array_equal(twins[1], twins[0])
    kernel = trained.after.params["dyn/dyngru/kernel"]
    assert (kernel[0] != kernel[1]).any()


def test_every_kind_of_key_acts() -> None:
    spec, envs, rng = _spec("float32", OBS, ACT), 5, np.random.default_rng(1)
    params = quick_jit(partial(learner.init_train_state, spec))(jax.random.key(0)).params
    carry, obs = initial_carry(spec, envs), {key: _values(rng, space, envs) for key, space in spec.obs_space}
    obs["is_first"] = jnp.array([True, False, False, False, True])
    noise = draw_act_noise(spec, jax.random.key(2), envs)
    carry, action, latent = quick_jit(act, static_argnums=0)(spec, params, carry, obs, noise)
    for key, space in spec.act_space:
        assert action[key].shape == (envs, *space.shape)
        assert action[key].dtype == (jnp.int32 if space.discrete else jnp.float32)
        np.testing.assert_array_equal(action[key], carry.prevaction[key])
    assert latent.stoch.shape == (envs, 3) and latent.deter.shape == (envs, 16)


def test_every_kind_of_key_is_rebuilt() -> None:
    spec, rng = _spec("float32", OBS, ACT), np.random.default_rng(2)
    params = quick_jit(partial(learner.init_train_state, spec))(jax.random.key(0)).params
    deter, stoch = jnp.ones((ROWS, STEPS, 16)), jnp.ones((ROWS, STEPS, 3, 5))
    obs = {key: _values(rng, space, ROWS, STEPS) for key, space in spec.obs_space}

    @quick_jit
    def rebuild(params: Params) -> dict[str, jax.Array]:
        predictions = codec.decode(spec, params, deter, stoch)
        return {key: each.loss(codec.target(spec, key, obs[key])) for key, each in predictions.items()}

    losses = rebuild(params)
    assert losses.keys() == OBS.keys()
    assert {loss.shape for loss in losses.values()} == {(ROWS, STEPS)}
    assert all(np.isfinite(loss).all() and (loss >= 0).all() for loss in losses.values())


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
    params = quick_jit(partial(learner.init_train_state, spec))(jax.random.key(0)).params
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
    every = np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(noise)])
    assert len(np.unique(every)) > 0.99 * len(every), "no number is used twice"
    normal = np.concatenate([np.ravel(noise.action[key]) for key in ("throttle", "turn")])
    assert abs(normal.mean()) < 0.4 and 0.7 < normal.std() < 1.3
    # Gumbel noise has mean 0.5772 and deviation 1.2825.
    assert abs(noise.prior.mean() - 0.5772) < 0.3 and 1.0 < noise.prior.std() < 1.6
    for ours, want in zip(jax.tree.leaves(noise), jax.tree.leaves(again), strict=True):
        np.testing.assert_array_equal(ours, want)


def test_choices_of_the_policy_keep_the_uniform_share() -> None:
    spec = _spec(actions=ACT)
    mixed = dataclasses.replace(spec, model=spec.model.model_copy(update={"policy_unimix": 0.1}))
    rng = np.random.default_rng(1)
    params = {
        path: jnp.asarray(30 * rng.normal(size=shape.shape), jnp.float32)
        for path, shape in jax.eval_shape(partial(learner.init_train_state, spec), jax.random.key(0)).params.items()
    }
    x = jnp.ones((2, spec.feature_width))
    plain, other = heads.policy(spec, params, x), heads.policy(mixed, params, x)
    for key, classes, axes in (("gear", 5, 0), ("buttons", 4, 1)):
        assert isinstance(plain[key], Categorical) and isinstance(other[key], Categorical)
        before, after = (jax.nn.softmax(dist[key].logits) for dist in (plain, other))  # type: ignore[attr-defined]
        assert before.min() < 1e-6 and after.min() >= 0.1 / classes - 1e-6 and other[key].axes == axes
        np.testing.assert_allclose(after, 0.9 * before + 0.1 / classes, atol=1e-6)
    np.testing.assert_array_equal(plain["turn"].entropy(), other["turn"].entropy())


def test_missing_values_become_zeros() -> None:
    spaces = sort_spaces({"a": ArraySpace("int32", classes=3), "b": ArraySpace("float32", (2,))})
    values = {"a": jnp.array([1, -1]), "b": jnp.array([[1.0, 2.0], [-jnp.inf, 2.0]])}
    joined = concat(spaces, values, jnp.dtype("float32"))
    np.testing.assert_array_equal(joined, [[0, 1, 0, 1, 2], [0, 0, 0, 0, 0]])


@pytest.mark.parametrize(
    ("obs", "actions", "dtype", "message"),
    [
        ({}, ACT, "float32", "at least one observation"),
        (OBS, {}, "float32", "at least one action"),
        (OBS, ACT, "float16", "float32, bfloat16 or mixed"),
        ({"rep": OBS["scalar"]}, ACT, "float32", "`rep` has a reserved name"),
        ({"turn": OBS["scalar"]}, ACT, "float32", "`turn` is an observation and an action"),
        (OBS, {"paint": OBS["left"]}, "float32", "`paint` is an image"),
        ({**OBS, "small": ArraySpace("uint8", (64, 64, 3))}, ACT, "float32", "images must have one size"),
    ],
)
def test_an_impossible_agent_is_refused(obs: Any, actions: Any, dtype: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AgentSpec.create(RunConfig(task="x"), obs, actions, dtype)


def test_an_image_that_cannot_be_halved_is_refused() -> None:
    with pytest.raises(ValueError, match="`left` is 50 x 48; height and width must be multiples of 16"):
        learner.param_shapes(_spec(obs={"left": ArraySpace("uint8", (50, 48, 3))}))


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
        ArraySpace(dtype, shape, classes)
