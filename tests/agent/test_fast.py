"""The fast posterior scan and the fast imagination against the readable ones: values and every gradient."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dreamerguard.schema import LossSection, ModelSection, OptimizerSection
from dreamerguard.schema.sizes import SIZES
from dreamerguard_agent.base.pytree import Params
from dreamerguard_agent.base.spaces import ArraySpace, Spaces
from dreamerguard_agent.base.spec import AgentSpec
from dreamerguard_agent.fast import imagine, observe
from dreamerguard_agent.model import heads, nets, rssm
from dreamerguard_agent.model.noise import draw_noise
from dreamerguard_agent.model.rssm import Action, Latent

from .parity import Parity

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("quick_programs")]

#: Largest deviation of the fast path from the readable one, in float32; measured are 2e-6.
CLOSE = 1e-5
WIDTH = 5
SMALL = {"deter": 32, "hidden": 8, "stoch": 4, "classes": 4, "blocks": 4, "units": 8, "bins": 7}
SPACES: dict[str, Spaces] = {
    "continuous": (("action", ArraySpace("float32", (6,))),),
    "discrete": (("action", ArraySpace("int32", (), classes=5)),),
    "both": (("jump", ArraySpace("int32", (2,), classes=3)), ("move", ArraySpace("float32", (2,)))),
}
#: Settings that change the shape of the recurrence.
SHAPES = {
    "default": {},
    "one block": {"blocks": 1},
    "deep": {"posterior_layers": 3, "dynamics_layers": 3, "prior_layers": 1, "policy_unimix": 0.5},
    "no uniform share": {"unimix": 0.0, "dynamics_layers": 2, "blocks": 8},
}


def _spec(actions: str, dtype: str = "float32", **model: Any) -> AgentSpec:
    obs = (("height", ArraySpace("float32", ())),)
    return AgentSpec(
        obs, SPACES[actions], ModelSection(**{**SMALL, **model}), OptimizerSection(), LossSection(imag_length=3), dtype
    )


def _scaled(size: str, units: int) -> dict[str, int]:
    """A named size with its ratios of widths, made narrow."""
    widths = SIZES[size]  # type: ignore[index]
    made = {name: max(2, widths[name] * units // widths["units"]) for name in ("deter", "hidden", "classes", "units")}
    return made | {"blocks": 8, "stoch": 32}


class Case:
    """Random arguments of one scan, with resets at the start and in the middle."""

    def __init__(self, spec: AgentSpec, rows: int, steps: int) -> None:
        draw = np.random.default_rng(0)
        model, self.spec = spec.model, spec

        def normal(*shape: int) -> jax.Array:
            return jnp.asarray(draw.normal(size=shape), jnp.float32)

        declared = rssm.shapes(spec, WIDTH) | heads.shapes(spec)
        drawn = jax.jit(functools.partial(nets.init, dict(sorted(declared.items()))))(jax.random.key(0))
        # Biases and scales of a fresh agent are all alike, and silent outputs hide everything behind them.
        moved = {path: 0.1 * draw.normal(size=value.shape).astype(np.float32) for path, value in drawn.items()}
        self.params: Params = {path: jnp.asarray(np.asarray(value) + moved[path]) for path, value in drawn.items()}
        onehot = np.eye(model.classes, dtype=np.float32)[draw.integers(0, model.classes, (rows, model.stoch))]
        self.carry = Latent(normal(rows, model.deter), jnp.asarray(onehot))
        self.tokens = normal(rows, steps, WIDTH)
        self.action = {key: self._action(space, draw, rows, steps) for key, space in spec.act_space}
        reset = draw.random((rows, steps)) < 0.3
        reset[0, 0] = True
        self.reset = jnp.asarray(reset)
        self.noise = jax.jit(lambda key: draw_noise(spec, key, rows, steps))(jax.random.key(1))
        latents = (rows, steps, model.stoch, model.classes)
        self.weights = (normal(rows, steps, model.deter), normal(*latents), normal(*latents))

    def _action(self, space: ArraySpace, draw: np.random.Generator, rows: int, steps: int) -> jax.Array:
        shape = (rows, steps, *space.shape)
        if space.discrete:
            return jnp.asarray(draw.integers(0, space.classes, shape), jnp.int32)
        # Some beyond 1, which the network divides by.
        return jnp.asarray(1.5 * draw.normal(size=shape), jnp.float32)

    def run(self, observe: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Outputs, and gradients by every argument that has one."""
        moving = {key: value for key, value in self.action.items() if jnp.issubdtype(value.dtype, jnp.floating)}

        def weighted(params: Params, carry: Latent, tokens: jax.Array, moving: Action) -> tuple[Any, Any]:
            arguments = (carry, tokens, {**self.action, **moving}, self.reset, self.noise.post)
            last, features = observe(self.spec, params, *arguments)
            outputs = {"deter": features.deter, "stoch": features.stoch, "logit": features.logit}
            total = sum((w * x).sum() for w, x in zip(self.weights, outputs.values(), strict=True))
            total += (last.deter * self.weights[0][:, 0]).sum() + (last.stoch * self.weights[1][:, 0]).sum()
            return total, outputs | {"last deter": last.deter, "last stoch": last.stoch}

        pull = jax.jit(jax.grad(weighted, (0, 1, 2, 3), has_aux=True))
        grads, outputs = pull(self.params, self.carry, self.tokens, moving)
        leaves = jax.tree_util.tree_leaves_with_path(grads)
        return outputs, {jax.tree_util.keystr(path): value for path, value in leaves}


def _agree(parity: Parity, case: Case) -> None:
    (want, want_grads), (got, grads) = case.run(rssm.observe), case.run(observe.observe)
    for name, value in want.items():
        if name.endswith("stoch"):
            parity.exact("fast scan, exact", got[name], value, name)
        else:
            parity.values("fast scan", got[name], value, name, CLOSE)
    assert grads.keys() == want_grads.keys()
    for name, value in want_grads.items():
        parity.gradients("fast scan, gradients", grads[name], value, name, CLOSE)


def slow(value: str) -> Any:
    return pytest.param(value, marks=pytest.mark.slow)


@pytest.mark.parametrize("actions", ["both", slow("continuous"), slow("discrete")])
def test_every_kind_of_action(parity: Parity, actions: str) -> None:
    _agree(parity, Case(_spec(actions), rows=3, steps=6))


@pytest.mark.parametrize("shape", ["deep", slow("default"), slow("no uniform share"), slow("one block")])
def test_every_depth(parity: Parity, shape: str) -> None:
    _agree(parity, Case(_spec("continuous", **SHAPES[shape]), rows=3, steps=6))


@pytest.mark.parametrize("size", ["size1m", slow("size12m"), slow("size400m")])
def test_named_sizes_with_scaled_widths(parity: Parity, size: str) -> None:
    _agree(parity, Case(_spec("continuous", **_scaled(size, 16)), rows=2, steps=4))


@pytest.mark.slow
@pytest.mark.parametrize("size", ["size200k", "size1m", "size12m", "size50m"])
def test_named_sizes_in_full(parity: Parity, size: str) -> None:
    widths = {name: width for name, width in SIZES[size].items() if name != "depth"}  # type: ignore[index]
    _agree(parity, Case(_spec("continuous", **widths, blocks=8, stoch=32), rows=2, steps=8))


def test_one_row_and_one_step(parity: Parity) -> None:
    _agree(parity, Case(_spec("continuous"), rows=1, steps=1))


def test_bfloat16_follows_the_readable_scan() -> None:
    case = Case(_spec("continuous", "bfloat16"), rows=4, steps=4)
    (want, want_grads), (got, grads) = case.run(rssm.observe), case.run(observe.observe)
    assert all(got[name].dtype == value.dtype == jnp.bfloat16 for name, value in want.items())
    assert {name: value.dtype for name, value in grads.items()} == {n: v.dtype for n, v in want_grads.items()}
    # Rounding may decide a close draw, after which a row goes its own way: compare what comes before.
    same = np.asarray((want["stoch"] == got["stoch"]).all((2, 3)))
    before = np.cumprod(np.concatenate([np.ones((4, 1), bool), same[:, :-1]], 1), 1).astype(bool)
    assert before.mean() > 0.5
    for name in ("deter", "logit"):
        ours, theirs = np.asarray(got[name], np.float32), np.asarray(want[name], np.float32)
        np.testing.assert_allclose(ours[before], theirs[before], atol=0.1)


def test_seeds_can_be_stacked() -> None:
    cases = [Case(_spec("continuous"), rows=2, steps=3) for _ in range(2)]
    moved = [{key: (1 + i) * np.asarray(value) for key, value in case.params.items()} for i, case in enumerate(cases)]
    stacked = {key: jnp.asarray(np.stack([params[key] for params in moved])) for key in moved[0]}

    def total(params: Params) -> jax.Array:
        case = cases[0]
        arguments = (case.carry, case.tokens, case.action, case.reset, case.noise.post)
        return observe.observe(case.spec, params, *arguments)[1].deter.sum()

    together = jax.device_get(jax.jit(jax.vmap(jax.grad(total)))(stacked))
    for index in range(2):
        alone = jax.jit(jax.grad(total))(moved[index])
        for key, value in alone.items():
            np.testing.assert_allclose(together[key][index], value, atol=1e-5, err_msg=key)


@pytest.mark.parametrize(
    ("shape", "actions"),
    [
        ("default", "continuous"),
        ("default", "discrete"),
        ("deep", "both"),
        pytest.param("default", "both", marks=pytest.mark.slow),
        pytest.param("deep", "continuous", marks=pytest.mark.slow),
        pytest.param("deep", "discrete", marks=pytest.mark.slow),
    ],
)
def test_imagination(parity: Parity, actions: str, shape: str) -> None:
    case = Case(_spec(actions, **SHAPES[shape]), rows=3, steps=2)
    spec, params, steps = case.spec, case.params, case.spec.loss.imag_length
    start = jax.tree.map(lambda x: x.repeat(2, 0), case.carry)
    feature = heads.feature(spec, start.deter, start.stoch)
    got = jax.jit(lambda: imagine.imagine(spec, params, feature, case.noise))()

    def act(latent: Latent, noise: Action) -> Action:
        policy = heads.policy(spec, params, heads.feature(spec, latent.deter, latent.stoch))
        return {key: dist.sample(noise[key]) for key, dist in policy.items()}

    early = {key: value[:, :-1] for key, value in case.noise.action.items()}
    _, features, action = jax.jit(lambda: rssm.imagine(spec, params, start, act, case.noise.prior, early))()
    imagined = heads.feature(spec, features.deter, features.stoch)
    parity.exact("fast imagination, exact", got.states[:, 0], feature)
    parity.values("fast imagination", got.states[:, 1:], imagined, tolerance=CLOSE)
    parity.values("fast imagination", got.logit, features.logit, tolerance=CLOSE)
    for key, value in action.items():
        assert got.action[key].shape[1] == steps + 1
        parity.values("fast imagination", got.action[key][:, :-1], value, key, CLOSE)


def test_the_readable_path_can_be_chosen() -> None:
    assert _spec("continuous").fast
    assert not dataclasses.replace(_spec("continuous"), fast=False).fast
