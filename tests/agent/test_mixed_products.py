"""`runtime.dtype=mixed`: its products against float32 products of rounded operands, and an update against float32."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dreamerguard.schema import LossSection, ModelSection, OptimizerSection, RunConfig
from dreamerguard_agent.algorithm import learner
from dreamerguard_agent.base.spaces import ArraySpace
from dreamerguard_agent.base.spec import AgentSpec
from dreamerguard_agent.model import products
from dreamerguard_agent.model.noise import draw_noise
from dreamerguard_agent.model.rssm import Latent
from dreamerguard_agent.runtime import precision

from .parity import quick_jit

pytestmark = pytest.mark.integration

#: Sums of float32 in another order.
CLOSE = 2e-6
#: Updates with mixed products against float32, with equal draws: losses, the policy's loss, whose advantages are
#: differences of returns, the whole gradient, and the change of all parameters by five updates.
LOSSES, POLICY, GRADIENT, CHANGE = 0.003, 0.05, 0.02, 0.1
SMALL: dict[str, Any] = {"deter": 64, "hidden": 32, "stoch": 8, "classes": 8, "blocks": 4, "units": 32, "bins": 63} | {
    f"{part}_layers": 1 for part in ("encoder", "decoder", "policy", "value", "prior")
}


def rounded(x: jax.Array) -> np.ndarray:
    """Returns x in bfloat16, as float64 for exact sums."""
    return np.asarray(x.astype(jnp.bfloat16).astype(jnp.float32), np.float64)


def normal(seed: int, *shape: int) -> jax.Array:
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def close(got: jax.Array, want: np.ndarray) -> None:
    assert got.dtype == jnp.float32
    assert float(np.abs(np.asarray(got) - want).max()) <= CLOSE * max(1.0, float(np.abs(want).max()))


@pytest.mark.parametrize(
    ("function", "equation", "x", "kernel"),
    [
        (products.product, "ni,io->no", (48, 32), (32, 24)),
        (products.product, "ni,io->no", (1, 1), (1, 1)),
        (products.block_product, "kni,kio->kno", (4, 48, 32), (4, 32, 24)),
        (products.grouped_product, "nki,kio->nko", (48, 4, 32), (4, 32, 24)),
    ],
)
def test_a_product_and_its_gradients_are_those_of_rounded_operands(
    function: Callable[..., jax.Array], equation: str, x: tuple[int, ...], kernel: tuple[int, ...]
) -> None:
    left, right = normal(0, *x), normal(1, *kernel)
    inputs, output = equation.split("->")
    first, second = inputs.split(",")
    bar = normal(2, *np.einsum(equation, np.zeros(x), np.zeros(kernel)).shape)
    with products.products_of("mixed"):
        value, pull = jax.vjp(function, left, right)
        to_left, to_right = pull(bar)
    close(value, np.einsum(equation, rounded(left), rounded(right)))
    close(to_left, np.einsum(f"{output},{second}->{first}", rounded(bar), rounded(right)))
    close(to_right, np.einsum(f"{first},{output}->{second}", rounded(left), rounded(bar)))


def test_products_for_written_out_derivatives() -> None:
    x, kernel, bar = normal(0, 48, 32), normal(1, 4, 32, 24), normal(2, 4, 48, 24)
    with products.products_of("mixed"):
        close(products.block_product_back(bar, kernel), np.einsum("kno,kio->kni", rounded(bar), rounded(kernel)))
        close(products.kernel_gradient(x, bar[0]), rounded(x).T @ rounded(bar[0]))


@pytest.mark.parametrize("agents", [0, 1, 3])
def test_products_of_any_shape_compile_and_run(agents: int) -> None:
    """Some forms raise when they run, or end the process while XLA compiles them."""
    draw = np.random.default_rng(agents)

    def every(x: jax.Array, kernel: jax.Array) -> Any:
        with products.products_of("mixed"):
            blocks, pull = jax.vjp(products.block_product, x, kernel)
            rows, pull_rows = jax.vjp(products.product, x[0], kernel[0])
            middle, pull_middle = jax.vjp(products.grouped_product, jnp.swapaxes(x, 0, 1), kernel)
            written = products.block_product_back(blocks, kernel), products.kernel_gradient(x[0], rows)
            return pull(blocks), pull_rows(rows), pull_middle(middle), written

    for _ in range(8):
        blocks, rows, inputs, outputs = (int(draw.choice([1, 2, 3, 7, 16, 33, 64, 130])) for _ in range(4))
        leading = (agents,) * bool(agents)
        arrays = jnp.ones((*leading, blocks, rows, inputs)), jnp.ones((*leading, blocks, inputs, outputs))
        found = jax.block_until_ready(jax.jit(jax.vmap(every) if agents else every)(*arrays))
        gradient = np.unique(np.asarray(found[0][1]))
        assert gradient.tolist() == [float(jnp.bfloat16(inputs)) * rows]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_other_compute_types_multiply_as_before(dtype: str) -> None:
    x, kernel = normal(0, 16, 8).astype(dtype), normal(1, 8, 4).astype(dtype)
    with products.products_of(dtype):
        assert products.product(x, kernel).dtype == dtype
        np.testing.assert_array_equal(products.product(x, kernel), x @ kernel)
    with products.products_of("mixed"):
        with products.products_of("float32"):
            inner = products.product(normal(0, 16, 8), normal(1, 8, 4))
        assert products.product(x, kernel).dtype == dtype
    np.testing.assert_array_equal(inner, normal(0, 16, 8) @ normal(1, 8, 4))


def _spec(dtype: str, *, fast: bool = True) -> AgentSpec:
    spaces = (("height", ArraySpace("float32", (3,))),), (("action", ArraySpace("float32", (2,))),)
    return AgentSpec(*spaces, ModelSection(**SMALL), OptimizerSection(), LossSection(imag_length=5), dtype, fast=fast)


class Learned:
    """Losses and gradient of one batch, and the change of all parameters by five updates."""

    def __init__(self, dtype: str, *, fast: bool) -> None:
        spec, rows, steps = _spec(dtype, fast=fast), 4, 8
        state = quick_jit(functools.partial(learner.init_train_state, _spec("float32")))(jax.random.key(0))
        moved = {
            path: jnp.asarray(np.asarray(value) + 0.05 * np.asarray(normal(index, *value.shape)))
            for index, (path, value) in enumerate(state.params.items())
        }
        self._state = dataclasses.replace(state, params=moved)
        draw, shape = np.random.default_rng(0), (rows, steps + 1)
        batch: dict[str, Any] = {"height": normal(7, *shape, 3), "action": jnp.tanh(normal(8, *shape, 2))}
        batch["reward"] = normal(9, *shape)
        batch |= {key: jnp.asarray(draw.random(shape) < 0.1) for key in ("is_first", "is_last", "is_terminal")}
        indices = jnp.asarray(draw.integers(0, SMALL["classes"], (rows, SMALL["stoch"])), jnp.int32)
        batch["context"] = Latent(normal(10, rows, SMALL["deter"]), indices)
        pull = quick_jit(jax.value_and_grad(functools.partial(learner.loss, spec), argnums=0, has_aux=True))
        noise = quick_jit(lambda key: draw_noise(spec, key, rows, steps))
        noises = [noise(jax.random.key(index)) for index in range(5)]
        # So much noise decides every draw of a latent alone: rounding cannot flip one.
        noises = [dataclasses.replace(noise, prior=1e3 * noise.prior, post=1e3 * noise.post) for noise in noises]
        self._pulls = [functools.partial(pull, batch=batch, noise=noise) for noise in noises]
        self._apply = quick_jit(functools.partial(learner.apply_gradients, spec))

    def results(self) -> tuple[dict[str, float], dict[str, Any], dict[str, Any]]:
        state, first = self._state, None
        for pull in self._pulls:
            (_, outputs), grads = pull(state.params, state.slow, state.retnorm)
            first = first or ({name: float(value.mean()) for name, value in outputs.losses.items()}, grads)
            state, _ = self._apply(state, grads, outputs.retnorm)
        assert first is not None
        return *first, {path: value - self._state.params[path] for path, value in state.params.items()}


@functools.cache
def _learned(dtype: str, fast: bool) -> Learned:
    return Learned(dtype, fast=fast)


def _apart(got: dict[str, Any], want: dict[str, Any]) -> float:
    """Norm of the difference over the norm, of all arrays together."""
    joined = [np.concatenate([np.ravel(values[path]) for path in sorted(want)]) for values in (got, want)]
    return float(np.linalg.norm(joined[0] - joined[1]) / np.linalg.norm(joined[1]))


@pytest.mark.parametrize("fast", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["fast", "readable"])
def test_an_update_stays_close_to_float32(fast: bool) -> None:
    (losses, grads, change), (want_losses, want_grads, want_change) = (
        _learned("mixed", fast).results(),
        _learned("float32", True).results(),
    )
    for name, value in want_losses.items():
        assert abs(losses[name] - value) <= (POLICY if name == "policy" else LOSSES) * max(abs(value), 1.0), name
    assert 0 < _apart(grads, want_grads) < GRADIENT
    assert 0 < _apart(change, want_change) < CHANGE


def test_five_updates_are_equal_bit_for_bit_every_time() -> None:
    again = [jax.tree.leaves(_learned("mixed", True).results()) for _ in range(2)]
    for got, want in zip(*again, strict=True):
        np.testing.assert_array_equal(got, want)


def _config(dtype: str = "auto", deter: int = precision.WIDE) -> RunConfig:
    return RunConfig.model_validate({"task": "x", "runtime": {"dtype": dtype}, "model": {"deter": deter}})


@pytest.mark.parametrize(
    ("config", "stored", "gain", "want"),
    [
        (_config(), None, 2.5, "mixed"),
        (_config(), None, 1.2, "float32"),
        (_config(deter=precision.WIDE // 2), None, 9.0, "float32"),
        (_config(), {"dtype": "mixed"}, 0.5, "mixed"),
        (_config(), {"dtype": "float32"}, 9.0, "float32"),
        (_config(), {}, 9.0, "float32"),
        (_config(), {"dtype": ["mixed"]}, 9.0, "float32"),
        (_config("mixed"), None, 0.5, "mixed"),
        (_config("bfloat16"), {"dtype": "mixed"}, 9.0, "bfloat16"),
    ],
)
def test_auto_measures_a_new_run_and_keeps_the_choice_of_a_run(
    monkeypatch: pytest.MonkeyPatch, config: RunConfig, stored: dict[str, Any] | None, gain: float, want: str
) -> None:
    said: list[str] = []
    monkeypatch.setattr(precision, "mixed_gain", lambda: gain)
    assert precision.run_dtype(config, stored, said.append) == want
    measured = stored is None and config.runtime.dtype == "auto" and config.model.deter >= precision.WIDE
    assert [text.split(";")[0] for text in said] == [f"runtime.dtype=auto: {want}"] * measured


def test_the_gain_is_measured() -> None:
    assert 0 < precision.mixed_gain() < 100
