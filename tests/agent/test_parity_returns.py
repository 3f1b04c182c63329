"""Returns, their scale, the slow value and the optimizer against the reference's numbers."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from dreamerguard.schema import LossSection
from dreamerguard_agent.algorithm import optim
from dreamerguard_agent.algorithm.learner import move_slow
from dreamerguard_agent.algorithm.losses import ReturnScale, imagined_losses, lambda_return, replay_loss
from dreamerguard_agent.model.dists import BoundedNormal, Categorical, Policy, TwoHot, symexp_bins

from .golden import Arrays, below, cases, load
from .golden_spec import flatten, loss_section, optimizer_section
from .parity import BINS, STAGES, Flat, Parity, check_case, quick_jit

pytestmark = pytest.mark.integration

RETURNS, RETURNS_META = load("returns")
NORMS, NORMS_META = load("norms")
OPTIM, OPTIM_META = load("optimizer")
SETTINGS: LossSection = loss_section(flatten(RETURNS_META))
IMAGINED = cases(RETURNS, sorted({key.split("/")[0] for key in RETURNS if key.startswith("imagined")}))


def test_bins(parity: Parity) -> None:
    bins = RETURNS["bins"]
    parity.relative("bins of the two-hot head", symexp_bins(len(bins)), bins, "returns", BINS)


def test_lambda_return(parity: Parity) -> None:
    disc = 1 - 1 / SETTINGS.horizon

    def compute(params: Flat, x: Flat) -> Flat:
        return {"": lambda_return(x["last"], x["term"], x["rew"], x["boot"], disc, SETTINGS.lam)}

    check_case(parity, RETURNS, "lambda_return", compute, "returns")


def test_replay_loss(parity: Parity) -> None:
    def compute(params: Flat, x: Flat) -> Flat:
        value, slow = TwoHot(x["value"]), TwoHot(x["slowvalue"])
        loss, ret = replay_loss(SETTINGS, x["last"], x["term"], x["rew"], x["boot"], value, slow)
        return {"repval": loss, "ret": ret}

    check_case(parity, RETURNS, "replayed", compute, "returns")


#: The stored policy has one key; its name is in the names of the outputs.
KEY = next((name.rsplit("/", 1)[1] for name in RETURNS if "/inner/logp/" in name), "")


def _policy(x: Flat) -> dict[str, Policy]:
    axes = x["act"].ndim - 2
    if "logits" in x:
        return {KEY: Categorical(x["logits"], axes)}
    return {KEY: BoundedNormal(x["mean"], x["stddev"], (0.1, 1.0), axes)}


def _imagined(x: Flat) -> tuple[Any, ...]:
    scale = ReturnScale(x["retnorm/lo/value"], x["retnorm/hi/value"])
    value, slow = TwoHot(x["value"]), TwoHot(x["slowvalue"])
    return imagined_losses(SETTINGS, {KEY: x["act"]}, x["rew"], x["con"], _policy(x), value, slow, scale)


@pytest.mark.parametrize("case", IMAGINED)
def test_imagined_losses(parity: Parity, case: str) -> None:
    inputs, want = below(RETURNS, f"{case}/in"), below(RETURNS, f"{case}/out")
    losses, parts, metrics, scale = quick_jit(_imagined)(inputs)
    got = {f"losses/{name}": value for name, value in losses.items()}
    got |= {f"inner/{name}": getattr(parts, name) for name in ("ret", "adv", "weight", "target", "val", "slowval")}
    for name in ("logp", "entropy"):
        got |= {f"inner/{name}/{key}": value for key, value in getattr(parts, name).items()}
    got |= {f"metrics/{name}": value for name, value in metrics.items()}
    got |= {"norm/retnorm/lo/value": scale.lo, "norm/retnorm/hi/value": scale.hi}
    for name, value in want.items():
        parity.values("imagined losses", got[name], value, f"{case} {name}")
    # The reference reports `rand` only where a policy head attached its range, which the stored inputs lack.
    reported = {f"metrics/{name}" for name in metrics if not name.startswith("rand/")}
    assert reported == {name for name in want if name.startswith("metrics/")}


@pytest.mark.parametrize("case", IMAGINED)
def test_imagined_gradients(parity: Parity, case: str) -> None:
    inputs, want = below(RETURNS, f"{case}/in"), below(RETURNS, f"{case}/grad/in")
    free = {name: value for name, value in inputs.items() if np.issubdtype(value.dtype, np.floating)}

    def total(free: Flat) -> jax.Array:
        losses = _imagined({**inputs, **free})[0]
        return losses["policy"].mean() + losses["value"].mean()

    grads = quick_jit(jax.grad(total))(free)
    for name, value in grads.items():
        parity.gradients("imagined losses, gradients", value, want.get(name, np.zeros_like(value)), f"{case} {name}")


def test_return_scale(parity: Parity) -> None:
    settings = loss_section(flatten({"retnorm": NORMS_META["retnorm"]}))
    scale = ReturnScale.initial()
    for index, values in sorted(below(NORMS, "normalize/in").items()):
        for when in ("before", "after"):
            if when == "after":
                scale = scale.update(jnp.asarray(values), settings)
            offset, divisor = (NORMS[f"retnorm/{index}/{when}/{part}"] for part in (0, 1))
            parity.values("return scale", scale.lo, offset, f"{index} {when} offset")
            parity.values("return scale", scale.divisor(settings), divisor, f"{index} {when} divisor")
        parity.values("return scale", scale.lo, NORMS[f"retnorm/{index}/state/lo/value"], f"{index} lo")
        parity.values("return scale", scale.hi, NORMS[f"retnorm/{index}/state/hi/value"], f"{index} hi")


def test_slow_value(parity: Parity) -> None:
    rate = NORMS_META["slowvalue"]["rate"]
    for index in sorted({key.split("/")[1] for key in NORMS if key.startswith("slow/")}):
        got = move_slow(below(NORMS, f"slow/{index}/in/slowval"), below(NORMS, f"slow/{index}/in/val"), rate)
        for name, value in below(NORMS, f"slow/{index}/out/slowval").items():
            parity.values("slow value", got[name], value, f"{index} {name}")


def _updates() -> list[str]:
    return sorted({key.split("/")[1] for key in OPTIM if key.startswith("grads/")}, key=int)


def _tree(prefix: str) -> Arrays:
    return {key: jnp.asarray(value) for key, value in below(OPTIM, prefix).items()}


def _check_tree(parity: Parity, group: str, got: Any, prefix: str, tolerance: float | None) -> None:
    """Compares a tree; stages are compared relative to the largest number, however small it is."""
    for name, value in below(OPTIM, prefix).items():
        if tolerance is None:
            parity.values(group, got[name], value, f"{prefix} {name}")
        else:
            parity.values(group, got[name], value, f"{prefix} {name}", tolerance)


def _clip(clip: float, grads: Any, state: Any, params: Any) -> tuple[Any, Any]:
    rows = optim.clip_rows(optim.pack(grads), optim.pack(params), optim.RowLayout.of(params), clip)
    return optim.unpack(rows, params), state


def test_optimizer_stages(parity: Parity) -> None:
    settings, params = optimizer_section(OPTIM_META["default"]), _tree("params")
    stages = {
        "agc": optax.GradientTransformation(lambda _: optax.EmptyState(), partial(_clip, settings.agc)),
        "rms": optim.scale_by_rms(settings.beta2, settings.eps),
        "momentum": optim.scale_by_momentum(settings.beta1),
    }
    states = {name: stage.init(params) for name, stage in stages.items()}
    for index in _updates():
        grads: Any = _tree(f"grads/{index}")
        for name, stage in stages.items():
            grads, states[name] = stage.update(grads, states[name], params)
            tolerance = None if name == "agc" else STAGES
            _check_tree(parity, f"optimizer, {name}", grads, f"stage/{name}/{index}", tolerance)
    _check_tree(parity, "optimizer, moments", states["rms"].mean, "stage/state/nu", None)
    _check_tree(parity, "optimizer, moments", states["momentum"].mean, "stage/state/mu", STAGES)


@pytest.mark.parametrize("case", ["default", "fast"])
def test_optimizer_chain(parity: Parity, case: str) -> None:
    settings = optimizer_section({**OPTIM_META["default"], **OPTIM_META[case]})
    optimizer = optim.make_optimizer(settings)
    params: Any = _tree("params")
    state = optimizer.init(params)
    step = quick_jit(lambda grads, state, params: optimizer.update(optim.pack(grads), state, params))
    for index in _updates():
        rows, state = step(_tree(f"grads/{index}"), state, params)
        updates = optim.unpack(rows, params)
        params = optax.apply_updates(params, updates)
        for name, value in below(OPTIM, f"{case}/update/{index}").items():
            # Relative to the learning rate: an update is about as large as that.
            rate = settings.lr
            parity.values("optimizer, updates", updates[name] / rate, value / rate, f"{index} {name}", STAGES)
        _check_tree(parity, "optimizer, parameters", params, f"{case}/params/{index}", None)


@pytest.mark.parametrize("case", cases(OPTIM_META, sorted(OPTIM_META.get("schedules", ()))))
def test_schedules(parity: Parity, case: str) -> None:
    settings = optimizer_section({**OPTIM_META["default"], **OPTIM_META["schedules"][case]})
    schedule = optim.make_schedule(settings)
    for step, value in zip(OPTIM["schedule/steps"], OPTIM[f"schedule/{case}"], strict=True):
        rate = schedule(jnp.asarray(step)) / settings.lr
        parity.values("optimizer, schedules", rate, value / settings.lr, f"{case} {step}", STAGES)


def test_clipping_can_be_switched_off() -> None:
    settings = optimizer_section({**OPTIM_META["default"], "warmup": 0})
    params = {"a": jnp.ones(3)}

    def gradient(agc: float) -> Any:
        """The norm of the gradient that reaches the second moment, from one of 1e3 in each of three numbers."""
        optimizer = optim.make_optimizer(settings.model_copy(update={"agc": agc}))
        _, state = optimizer.update(optim.pack({"a": jnp.full(3, 1e3)}), optimizer.init(params), params)
        squares = optim.unpack(state[0].mean, params)["a"] / (1 - settings.beta2)
        return jnp.sqrt(squares.sum())

    np.testing.assert_allclose(gradient(0.0), 1e3 * 3**0.5, rtol=1e-4)
    np.testing.assert_allclose(gradient(0.3), 0.3 * 3**0.5, rtol=1e-4)


def test_unequal_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="must have one shape"):
        lambda_return(jnp.zeros((2, 3)), jnp.zeros((2, 3)), jnp.zeros((2, 3)), jnp.zeros((2, 4)), 1.0, 0.95)
