"""The fast image networks against the readable ones: values and gradients."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dreamerguard.schema import LossSection, ModelSection, OptimizerSection
from dreamerguard_agent.base.pytree import Params
from dreamerguard_agent.base.spaces import ArraySpace
from dreamerguard_agent.base.spec import AgentSpec
from dreamerguard_agent.fast import images
from dreamerguard_agent.model import codec, nets

from .parity import Parity, quick_jit

#: Largest deviation in float32; measured are 1e-6.
CLOSE = 1e-5
SMALL: dict[str, Any] = {"deter": 32, "stoch": 4, "classes": 4, "units": 8, "image_blocks": 4, "depth": 4}
#: Settings of the networks, and the size of the image.
CASES: dict[str, tuple[dict[str, Any], tuple[int, int, int]]] = {
    "default": ({}, (16, 32, 3)),
    "two layers, gray": ({"image_mults": (1, 3)}, (8, 8, 1)),
    "kernel of 3": ({"image_kernel": 3, "image_mults": (2,)}, (8, 8, 3)),
    "kernel of 4": ({"image_kernel": 4, "image_mults": (2,)}, (8, 8, 3)),
    "kernel of 7": ({"image_kernel": 7, "image_mults": (2,)}, (8, 8, 3)),
}


def _params(spec: AgentSpec) -> Params:
    draw = np.random.default_rng(0)
    drawn = nets.init(dict(sorted(codec.shapes(spec).items())), jax.random.key(0))
    return {
        path: value + jnp.asarray(0.1 * draw.normal(size=value.shape), jnp.float32) for path, value in drawn.items()
    }


def _spec(model: dict[str, Any], shape: tuple[int, int, int], dtype: str = "float32") -> AgentSpec:
    obs, act = (("image", ArraySpace("uint8", shape)),), (("action", ArraySpace("float32", (2,))),)
    return AgentSpec(obs, act, ModelSection(**{**SMALL, **model}), OptimizerSection(), LossSection(), dtype)


def _encoded(spec: AgentSpec, number: int, encoder: Any) -> tuple[jax.Array, Params]:
    draw = np.random.default_rng(1)
    pixels = jnp.asarray(draw.integers(0, 256, (number, *spec.obs_space[0][1].shape)), jnp.uint8)
    weights = jnp.asarray(draw.normal(size=(number, codec.token_width(spec))), jnp.float32)

    def total(params: Params) -> tuple[jax.Array, jax.Array]:
        tokens = codec.encode(spec, params, {"image": pixels}, encoder)
        return (tokens * weights).sum(), tokens

    grads, tokens = quick_jit(jax.grad(total, has_aux=True))(_params(spec))
    return tokens, {path: value for path, value in grads.items() if path.startswith("enc")}


def _decoded(spec: AgentSpec, number: int, decoder: Any) -> tuple[jax.Array, dict[str, jax.Array]]:
    draw = np.random.default_rng(1)
    pixels = jnp.asarray(draw.random((number, *spec.obs_space[0][1].shape)), jnp.float32)
    deter = jnp.asarray(draw.normal(size=(number, spec.model.deter)), jnp.float32)
    stoch = jnp.asarray(draw.random((number, spec.model.stoch, spec.model.classes)), jnp.float32)

    def total(params: Params, deter: jax.Array, stoch: jax.Array) -> tuple[jax.Array, jax.Array]:
        prediction = codec.decode(spec, params, deter, stoch, decoder)["image"]
        return prediction.loss(pixels).sum(), prediction.pred()

    (grads, *states), image = quick_jit(jax.grad(total, (0, 1, 2), has_aux=True))(_params(spec), deter, stoch)
    found = {path: value for path, value in grads.items() if path.startswith("dec")}
    return image, found | dict(zip(("deter", "stoch"), states, strict=True))


def _agree(parity: Parity, want: Any, got: Any) -> None:
    parity.values("fast images", got[0], want[0], "values", CLOSE)
    assert got[1].keys() == want[1].keys()
    for name, value in want[1].items():
        parity.gradients("fast images, gradients", got[1][name], value, name, CLOSE)


@pytest.mark.parametrize("case", sorted(CASES))
def test_encoder(parity: Parity, case: str) -> None:
    spec = _spec(*CASES[case])
    _agree(parity, _encoded(spec, 3, None), _encoded(spec, 3, images.encode_image))


@pytest.mark.parametrize("case", sorted(CASES))
def test_decoder(parity: Parity, case: str) -> None:
    spec = _spec(*CASES[case])
    _agree(parity, _decoded(spec, 3, None), _decoded(spec, 3, images.decode_image))


def test_chunks_that_do_not_divide_the_images(parity: Parity) -> None:
    spec, number = _spec(*CASES["two layers, gray"]), 2 * images.CHUNK + 1
    _agree(parity, _encoded(spec, number, None), _encoded(spec, number, images.encode_image))
    _agree(parity, _decoded(spec, number, None), _decoded(spec, number, images.decode_image))


def test_equal_pixels_share_the_gradient_of_pooling() -> None:
    x = jnp.asarray(np.random.default_rng(0).integers(0, 2, (5, 8, 8, 3)), jnp.float32)
    weights = jnp.asarray(np.random.default_rng(1).normal(size=(5, 4, 4, 3)), jnp.float32)
    windows = jax.grad(lambda x: (images.max_pool(x) * weights).sum())(images.windows(x))
    want = jax.grad(lambda x: (nets.max_pool(x) * weights).sum())(x)
    np.testing.assert_array_equal(images.windows(want), windows)


def test_bfloat16_follows_the_readable_networks() -> None:
    spec = _spec(*CASES["default"], "bfloat16")
    for run, fast in ((_encoded, images.encode_image), (_decoded, images.decode_image)):
        (want, want_grads), (got, grads) = run(spec, 3, None), run(spec, 3, fast)
        assert got.dtype == want.dtype
        np.testing.assert_allclose(np.float32(got), np.float32(want), atol=0.1)
        assert all(grads[path].dtype == value.dtype for path, value in want_grads.items())
