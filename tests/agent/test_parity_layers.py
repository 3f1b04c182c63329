"""Layers and distributions against the reference's numbers and gradients."""

from __future__ import annotations

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dreamerguard_agent.model import codec, image_layers, nets
from dreamerguard_agent.model.dists import Binary, BoundedNormal, Categorical, Mse, OneHot, TwoHot, symexp_bins

from .golden import below, cases, load
from .parity import BINS, Flat, Parity, check_case

pytestmark = pytest.mark.integration

LAYERS, LAYERS_META = load("primitives")
DISTS, DISTS_META = load("dists")


def _linear_shape(case: str) -> Callable[[Flat, Flat], Flat]:
    return lambda params, inputs: {"": nets.linear(params, "l", inputs["x"], LAYERS[f"{case}/out"].shape[1:])}


def _upsample(case: str) -> Callable[[Flat, Flat], Flat]:
    def decode(params: Flat, inputs: Flat) -> Flat:
        halvings = len(LAYERS_META[case]["mults"])
        height, width = (size // 2**halvings for size in LAYERS[f"{case}/out"].shape[1:3])
        stoch = inputs["stoch"].reshape(len(inputs["stoch"]), -1)
        return {"": codec.decode_image(params, inputs["deter"], stoch, height, width)}

    return decode


def _one_input(function: Callable[[Flat, jax.Array], jax.Array], name: str = "x") -> Callable[[Flat, Flat], Flat]:
    return lambda params, inputs: {"": function(params, inputs[name])}


LAYER_CASES: dict[str, Callable[[Flat, Flat], Flat]] = {
    "linear": _one_input(lambda p, x: nets.linear(p, "l", x)),
    "linear_shape": _linear_shape("linear_shape"),
    "block_linear": _one_input(lambda p, x: nets.block_linear(p, "l", x)),
    "rms_norm": _one_input(lambda p, x: nets.rms_norm(p, "n", x)),
    "linear_norm_silu": _one_input(lambda p, x: nets.mlp(p, "m", x)),
    "conv": _one_input(lambda p, x: image_layers.conv(p, "c", x)),
    "max_pool": _one_input(lambda p, x: image_layers.max_pool(x)),
    "conv_blocks": _one_input(lambda p, x: codec.encode_image(p, x, jnp.dtype("float32")), "image"),
    "conv_blocks_flat": _one_input(lambda p, x: codec.encode_image(p, x, jnp.dtype("float32")), "image"),
    "upsample_blocks": _upsample("upsample_blocks"),
    "symlog": _one_input(lambda p, x: nets.symlog(x)),
    "symexp": _one_input(lambda p, x: nets.symexp(x)),
}


def test_norm_eps() -> None:
    assert LAYERS_META["rms_norm"]["eps"] == nets.NORM_EPS


@pytest.mark.parametrize("case", cases(LAYERS, sorted({key.split("/")[0] for key in LAYERS})))
def test_layers(parity: Parity, case: str) -> None:
    check_case(parity, LAYERS, case, LAYER_CASES[case], "layers")


def _onehot(params: Flat, inputs: Flat) -> Flat:
    unimix = DISTS_META["onehot"]["unimix"]
    dist, other = (OneHot.mixed(inputs[name], unimix) for name in ("logits", "other"))
    kl, logp, entropy = dist.kl(other), dist.logp(inputs["event"]), dist.entropy()
    sums = {"kl_sum": kl.sum(-1), "logp_sum": logp.sum(-1), "entropy_sum": entropy.sum(-1)}
    drawn = dist.sample(jnp.zeros_like(dist.logits))
    return {"mixed": dist.logits, "kl": kl, "logp": logp, "entropy": entropy, "pred": dist.pred(), "mode": drawn} | sums


def _twohot(params: Flat, inputs: Flat) -> Flat:
    dist = TwoHot(nets.linear(params, "head/logits", inputs["x"]))
    return {
        "logits": dist.logits,
        "bins": jnp.asarray(dist.bins),
        "pred": dist.pred(),
        "loss": dist.loss(inputs["target"]),
    }


def _bounded_normal(params: Flat, inputs: Flat) -> Flat:
    bounds = DISTS_META["bounded_normal"]
    mean, stddev = (nets.linear(params, f"head/{name}", inputs["x"]) for name in ("mean", "stddev"))
    dist = BoundedNormal.squash(mean, stddev, bounds["minstd"], bounds["maxstd"], 1)
    low, high = (jnp.full_like(mean, bound) for bound in dist.entropy_range())
    return {
        "mean": dist.mean,
        "stddev": dist.stddev,
        "mode": dist.sample(jnp.zeros_like(mean)),
        "sample": dist.sample(inputs["noise"]),
        "logp": dist.logp(inputs["event"]),
        "entropy": dist.entropy(),
        "minent": low,
        "maxent": high,
    }


def _categorical(case: str) -> Callable[[Flat, Flat], Flat]:
    units = DISTS[f"{case}/out/logits"].shape[1:]

    def compute(params: Flat, inputs: Flat) -> Flat:
        dist = Categorical(nets.linear(params, "head/logits", inputs["x"], units), len(units) - 1)
        drawn = dist.sample(jnp.zeros_like(dist.logits))
        outputs = {"logits": dist.logits, "mode": drawn, "logp": dist.logp(inputs["event"]), "entropy": dist.entropy()}
        return outputs | {"maxent": jnp.float32(dist.entropy_range()[1])}

    return compute


def _binary(params: Flat, inputs: Flat) -> Flat:
    dist = Binary(nets.linear(params, "head/logit", inputs["x"], ()))
    return {"logit": dist.logit, "pred": dist.pred(), "prob": dist.prob(), "loss": dist.loss(inputs["target"])}


def _regression(case: str) -> Callable[[Flat, Flat], Flat]:
    units, symlog = DISTS[f"{case}/out/pred"].shape[1:], case.startswith("symlog")

    def compute(params: Flat, inputs: Flat) -> Flat:
        dist = Mse(nets.linear(params, "head/pred", inputs["x"], units), len(units), symlog)
        return {"pred": dist.pred(), "loss": dist.loss(inputs["target"])}

    return compute


def _image(params: Flat, inputs: Flat) -> Flat:
    return {"loss": Mse(inputs["mean"], 3).loss(inputs["target"].astype(jnp.float32) / 255)}


DRAWS = ("draw_categorical", "draw_normal", "twohot_flat")


def _dist(case: str) -> Callable[[Flat, Flat], Flat]:
    if case == "mse_image":
        return _image
    if case.startswith(("mse", "symlog_mse")):
        return _regression(case)
    if case.startswith("categorical"):
        return _categorical(case)
    fixed = {"onehot": _onehot, "twohot": _twohot, "bounded": _bounded_normal, "binary": _binary}
    return fixed[case.split("_")[0]]


@pytest.mark.parametrize("case", cases(DISTS, sorted({key.split("/")[0] for key in DISTS} - set(DRAWS))))
def test_dists(parity: Parity, case: str) -> None:
    if case.startswith("twohot"):
        bins = DISTS[f"{case}/out/bins"]
        parity.relative("bins of the two-hot head", symexp_bins(len(bins)), bins, case, BINS)
        without = {key: value for key, value in DISTS.items() if key != f"{case}/out/bins"}
        check_case(parity, without, case, _dist(case), "distributions")
    else:
        check_case(
            parity, DISTS, case, _dist(case), "distributions", exact=("pred", "mode") if case == "onehot" else ()
        )


def test_equal_logits_predict_exactly_zero(parity: Parity) -> None:
    case = below(DISTS, "twohot_flat")
    parity.exact("distributions, exact", TwoHot(jnp.asarray(case["logits"])).pred(), case["pred"])


@pytest.mark.parametrize("count", [3, 4, 5, 6, 41, 255, 256])
def test_bins_are_exactly_symmetric(count: int) -> None:
    bins = symexp_bins(count)
    assert len(bins) == count
    np.testing.assert_array_equal(bins, -bins[::-1])
    assert math.isclose(bins[-1], math.expm1(20), rel_tol=1e-5)
    assert TwoHot(jnp.full((2, count), 0.7)).pred().tolist() == [0.0, 0.0]


def test_our_draws_are_those_of_the_reference(parity: Parity) -> None:
    case = below(DISTS, "draw_categorical")
    key, shape = jax.random.wrap_key_data(jnp.asarray(case["key"])), case["logits"].shape
    gumbel = jax.random.gumbel(key, shape, jnp.float32)
    parity.values("draws", gumbel, case["gumbel"])
    parity.exact("draws, classes", Categorical(case["logits"]).sample(case["gumbel"]), case["index"])
    onehot = OneHot(jnp.asarray(case["logits"])).sample(case["gumbel"])
    parity.exact("draws, classes", jnp.argmax(onehot, -1), case["index"])
    case = below(DISTS, "draw_normal")
    key = jax.random.wrap_key_data(jnp.asarray(case["key"]))
    parity.values("draws", jax.random.normal(key, case["mean"].shape, jnp.float32), case["noise"])
    dist = BoundedNormal(jnp.asarray(case["mean"]), jnp.asarray(case["stddev"]), (0.1, 1.0))
    parity.values("draws", dist.sample(case["noise"]), case["value"])
