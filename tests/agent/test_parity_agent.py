"""The whole agent against the reference: losses, gradients, metrics, five updates, write-back and acting."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dreamerguard_agent.algorithm import learner
from dreamerguard_agent.algorithm.actor import Carry, act
from dreamerguard_agent.algorithm.learner import Batch, Outputs, TrainState
from dreamerguard_agent.algorithm.losses import ReturnScale
from dreamerguard_agent.algorithm.optim import make_optimizer
from dreamerguard_agent.base.pytree import Params
from dreamerguard_agent.base.spec import AgentSpec
from dreamerguard_agent.model.noise import ActNoise, Noise
from dreamerguard_agent.model.rssm import Latent

from .golden import Arrays, below, cases, load, named_files
from .golden_spec import spec_of
from .parity import CHANGE, Parity, as_in_a_run, by_key, quick_jit

pytestmark = pytest.mark.integration

AGENTS = named_files("agent_*.npz")
MODULES = ("dyn", "enc", "dec", "rew", "con", "pol", "val")
#: Metrics and parameters of five updates in a row, with the optimizer of the file or the faster one of its meta data.
RUNS = ("default", "fast")

each_agent = pytest.mark.parametrize("name", AGENTS)


def _first_agent() -> str:
    if not isinstance(AGENTS[0], str):
        pytest.skip("the golden folder has no file agent_*.npz")
    return AGENTS[0]


def _put(arrays: Arrays) -> Params:
    return {key: jnp.asarray(value) for key, value in arrays.items()}


def _state(spec: AgentSpec, arrays: Arrays) -> TrainState:
    params = {key: value for key, value in _put(below(arrays, "params")).items() if key.split("/")[0] in MODULES}
    slow = {f"val/{key}": value for key, value in _put(below(arrays, "params/slowval")).items()}
    scale = ReturnScale(*(jnp.asarray(arrays[f"params/retnorm/{name}/value"]) for name in ("lo", "hi")))
    return TrainState(params, make_optimizer(spec.optimizer).init(params), slow, scale, jnp.zeros((), jnp.int32))


def _batch(spec: AgentSpec, arrays: Arrays) -> Batch:
    stored = below(arrays, "in")
    assert not stored["consec"][:, 0].any(), "only windows that begin with a stored latent are supported"
    keys = (*dict(spec.obs_space), *dict(spec.act_space), "reward", "is_first", "is_last", "is_terminal")
    context = Latent(*(jnp.asarray(stored[f"dyn/{name}"][:, 0]) for name in ("deter", "stoch")))
    return {key: jnp.asarray(stored[key]) for key in keys} | {"context": context.indices()}


def _noise(spec: AgentSpec, arrays: Arrays, variant: str) -> Noise:
    stored = below(arrays, "noise")
    action = by_key(stored, "action", list(dict(spec.act_space)))
    noise = Noise(jnp.asarray(stored["post"]), jnp.asarray(stored["prior"]), _put(action))
    return jax.tree.map(jnp.zeros_like, noise) if variant == "mode" else noise


def _weights(spec: AgentSpec, names: list[str]) -> dict[str, jax.Array]:
    scales: dict[str, float] = dict(spec.loss.scales)
    return {name: jnp.float32(scales["rec" if name in dict(spec.obs_space) else name]) for name in names}


@functools.cache
def _program(name: str) -> Any:
    """Compiles ``(state, noise, weights) -> total, outputs, gradient of the weighted mean losses`` once per agent."""
    arrays, meta = load(name)
    spec = spec_of(meta)
    batch = _batch(spec, arrays)

    def weighted(params: Params, state: TrainState, noise: Noise, weights: dict[str, Any]) -> tuple[Any, Any]:
        total, outputs = learner.loss(spec, params, state.slow, state.retnorm, batch, noise)
        return sum(outputs.losses[key].mean() * weights[key] for key in weights), (total, outputs)

    @quick_jit
    def program(state: TrainState, noise: Noise, weights: dict[str, Any]) -> tuple[Any, Outputs, Params]:
        grads, (total, outputs) = jax.grad(weighted, has_aux=True)(state.params, state, noise, weights)
        return total, outputs, grads

    return program


@functools.cache
def _variant(name: str, variant: str) -> tuple[Any, Outputs, Params]:
    arrays, meta = load(name)
    spec = spec_of(meta)
    names = sorted(below(arrays, f"{variant}/out/losses"))
    return _program(name)(_state(spec, arrays), _noise(spec, arrays, variant), _weights(spec, names))


@each_agent
def test_declared_parameters(parity: Parity, name: str) -> None:
    arrays, meta = load(name)
    ours = {path: shape.shape for path, shape in learner.param_shapes(spec_of(meta)).items()}
    stored = {key: value.shape for key, value in below(arrays, "params").items() if key.split("/")[0] in MODULES}
    assert ours == stored


@each_agent
@pytest.mark.parametrize("variant", ["mode", "noise"])
def test_losses(parity: Parity, name: str, variant: str) -> None:
    arrays, _ = load(name)
    total, outputs, _ = _variant(name, variant)
    want = below(arrays, f"{variant}/out/losses")
    assert want.keys() == outputs.losses.keys()
    for key, value in want.items():
        parity.values("agent, losses", outputs.losses[key], value, f"{name} {variant} {key}")
    parity.values("agent, losses", total, arrays[f"{variant}/out/total"], f"{name} {variant} total")


@each_agent
@pytest.mark.parametrize("variant", ["mode", "noise"])
def test_everything_on_the_way(parity: Parity, name: str, variant: str) -> None:
    arrays, _ = load(name)
    _, outputs, _ = _variant(name, variant)
    got: dict[str, Any] = {"tokens": outputs.tokens}
    for field in ("deter", "stoch", "logit"):
        got[f"feat/{field}"] = getattr(outputs.features, field)
        got[f"imagined/{field}"] = getattr(outputs.imagined, field)
    for field in ("ret", "adv", "weight", "target", "val", "slowval"):
        got[f"imagined/{field}"] = getattr(outputs.parts, field)
    got |= {"imagined/rew": outputs.rew, "imagined/con": outputs.con}
    for field, by_name in (
        ("action", outputs.action),
        ("logp", outputs.parts.logp),
        ("entropy", outputs.parts.entropy),
    ):
        got |= {f"imagined/{field}/{key}": value for key, value in by_name.items()}
    for key, value in below(arrays, f"{variant}/out").items():
        if key.startswith(("losses/", "total", "context/")):
            continue
        # The reference's dictionary of actions may appear under its own name once more.
        ours = got[key.replace("action/action/", "action/") if key not in got else key]
        if key.endswith("/stoch") or not np.issubdtype(value.dtype, np.floating):
            parity.exact("agent, latents and choices", ours, value, f"{name} {variant} {key}")
        else:
            parity.values("agent, inner values", ours, value, f"{name} {variant} {key}")


@each_agent
def test_context(parity: Parity, name: str) -> None:
    arrays, meta = load(name)
    want = below(arrays, "noise/out/context")
    if not want:
        pytest.skip("the file stores no context")
    spec = spec_of(meta)
    carry, action, steps = learner.split_context(spec, _batch(spec, arrays))
    parity.exact("agent, context", carry.deter, want["carry/deter"])
    parity.exact("agent, context", carry.stoch, want["carry/stoch"])
    parity.exact("agent, context", steps["is_first"], want["reset"])
    for key, value in by_key(want, "prevact", list(action)).items():
        parity.exact("agent, context", action[key], value)


@each_agent
@pytest.mark.parametrize("variant", ["mode", "noise"])
def test_gradients(parity: Parity, name: str, variant: str) -> None:
    arrays, _ = load(name)
    want = below(arrays, f"{variant}/grad")
    if not want:
        pytest.skip("the file stores no gradients of this variant")
    _, _, grads = _variant(name, variant)
    for path, value in want.items():
        parity.gradients("agent, gradients", grads[path], value, f"{name} {variant} {path}")


@each_agent
def test_gradient_norms_of_every_loss(parity: Parity, name: str) -> None:
    arrays, meta = load(name)
    spec, table = spec_of(meta), arrays["noise/gradnorm"]
    losses, paths = meta["gradnorm"]["losses"], meta["gradnorm"]["params"]
    for row, chosen in enumerate(losses):
        weights = {key: jnp.float32(key == chosen) for key in _weights(spec, losses)}
        _, _, grads = _program(name)(_state(spec, arrays), _noise(spec, arrays, "noise"), weights)
        got = np.array([np.linalg.norm(np.asarray(grads[path]).reshape(-1)) for path in paths])
        silent = table[row] == 0
        parity.exact("agent, gradient norms, zero", got[silent], table[row][silent], f"{name} {chosen}")
        for path, ours, value in zip(np.array(paths)[~silent], got[~silent], table[row][~silent], strict=True):
            parity.gradients("agent, gradient norms", ours, value, f"{name} {chosen} {path}")


@each_agent
@pytest.mark.parametrize("variant", ["mode", "noise"])
def test_metrics(parity: Parity, name: str, variant: str) -> None:
    arrays, _ = load(name)
    _, outputs, _ = _variant(name, variant)
    _check_metrics(parity, "agent, metrics", outputs.metrics, below(arrays, f"{variant}/metrics"), name)


@each_agent
@pytest.mark.parametrize("run", RUNS)
def test_five_updates(parity: Parity, name: str, run: str) -> None:
    arrays, meta = load(name)
    spec = spec_of(meta, meta.get(run))
    before = state = _state(spec, arrays)
    noise, want = _noise(spec, arrays, "noise"), below(arrays, f"{run}/metrics")
    weights = _weights(spec, sorted(below(arrays, "noise/out/losses")))
    step = quick_jit(lambda state, grads, scale: learner.apply_gradients(spec, state, grads, scale))
    for index in range(len(arrays[f"{run}/retnorm/lo"])):
        total, outputs, grads = _program(name)(state, noise, weights)
        state, metrics = step(state, grads, outputs.retnorm)
        row = {key: value[index] for key, value in want.items()}
        _check_metrics(parity, f"agent, {run} metrics", outputs.metrics | metrics | {"opt/loss": total}, row, name)
        parity.values("agent, return scale", state.retnorm.lo, arrays[f"{run}/retnorm/lo"][index], name)
        parity.values("agent, return scale", state.retnorm.hi, arrays[f"{run}/retnorm/hi"][index], name)
        if index == 0:
            signs = {key: np.sign(value) for key, value in _change(before, state).items()}
            for key, value in below(arrays, f"{run}/after1/sign").items():
                parity.exact("agent, sign of the first change", signs[key], value, f"{name} {key}")
    change = _change(before, state)
    for key, value in below(arrays, f"{run}/after5/change").items():
        parity.absolute(f"agent, change after five ({run})", change[key], value, f"{name} {key}", CHANGE)


def _change(before: TrainState, after: TrainState) -> dict[str, Any]:
    change = {key: after.params[key] - value for key, value in before.params.items()}
    return change | {f"slow{key}": after.slow[key] - value for key, value in before.slow.items()}


def _check_metrics(parity: Parity, group: str, got: dict[str, Any], want: Arrays, name: str) -> None:
    assert got.keys() == want.keys(), f"{name}: {sorted(got.keys() ^ want.keys())}"
    for key, value in want.items():
        # The reference reports one equal number per state for the `rand` of a scalar continuous action.
        parity.values(group, np.broadcast_to(got[key], value.shape), value, f"{name} {key}")


def test_update_is_the_sum_of_its_parts(parity: Parity) -> None:
    """One compiled `update` gives the latents, metrics and parameters that were checked piece by piece."""
    first = _first_agent()
    name = next((name for name in AGENTS if below(load(name)[0], "default/after5/change")), first)
    arrays, meta = load(name)
    spec = spec_of(meta)
    before = state = _state(spec, arrays)
    # Compiled as in a run, with all optimisations.
    step = as_in_a_run(learner.update, static_argnums=0)
    want = below(arrays, "default/metrics")
    for index in range(len(arrays["default/retnorm/lo"])):
        state, latents, metrics = step(spec, state, _batch(spec, arrays), _noise(spec, arrays, "noise"))
        if index == 0:
            stoch = below(arrays, "write_back/dyn")["stoch"]
            parity.exact("agent, write-back of latents", latents.stoch, stoch.argmax(-1), name)
            parity.values("agent, write-back", latents.deter, arrays["write_back/dyn/deter"], name)
        _check_metrics(parity, "agent, update", metrics, {key: value[index] for key, value in want.items()}, name)
    change = _change(before, state)
    for key, value in below(arrays, "default/after5/change").items():
        parity.absolute("agent, change after five (default)", change[key], value, f"{name} {key}", CHANGE)
    assert int(state.step) == len(arrays["default/retnorm/lo"])


@each_agent
def test_write_back(parity: Parity, name: str) -> None:
    arrays, _ = load(name)
    _, outputs, _ = _variant(name, "noise")
    latents = Latent(outputs.features.deter, outputs.features.stoch).indices()
    stoch = arrays["write_back/dyn/stoch"]
    parity.exact("agent, write-back of latents", jax.nn.one_hot(latents.stoch, stoch.shape[-1]), stoch, name)
    parity.values("agent, write-back", latents.deter, arrays["write_back/dyn/deter"], name)


POLICY, POLICY_META = load("policy")


@pytest.mark.parametrize("variant", cases(POLICY, sorted({key.split("/")[0] for key in POLICY} - {"params"})))
def test_acting(parity: Parity, variant: str) -> None:
    spec, params = spec_of(POLICY_META), _put(below(POLICY, "params"))
    keys = list(dict(spec.act_space))
    step = quick_jit(act, static_argnums=0)
    for index in sorted({key.split("/")[1] for key in POLICY if key.startswith(f"{variant}/")}):
        case = below(POLICY, f"{variant}/{index}")
        carry = Carry(
            jnp.asarray(case["in/carry/deter"]),
            jnp.asarray(case["in/carry/stoch"]),
            _put(by_key(case, "in/carry/prevaction", keys)),
        )
        noise = _act_noise(spec, case)
        after, action, latent = step(spec, params, carry, _put(below(case, "in/obs")), noise)
        for key, value in by_key(case, "out/action", keys).items():
            check = parity.exact if dict(spec.act_space)[key].discrete else parity.values
            check("acting, action", action[key], value, f"{variant} {index} {key}")
            parity.exact("acting, carry", after.prevaction[key], action[key])
        parity.values("acting, latents", latent.deter, case["out/latents/dyn/deter"], f"{variant} {index}")
        parity.exact("acting, classes", after.stoch, case["out/latents/dyn/stoch"], f"{variant} {index}")
        parity.exact("acting, classes", latent.stoch, case["out/latents/dyn/stoch"].argmax(-1), f"{variant} {index}")


def _act_noise(spec: AgentSpec, case: Arrays) -> ActNoise:
    envs = len(case["in/obs/is_first"])
    if "noise/post" in case:
        return ActNoise(jnp.asarray(case["noise/post"]), _put(by_key(case, "noise/action", list(dict(spec.act_space)))))
    choices = {key: (space.classes,) if space.discrete else () for key, space in spec.act_space}
    action = {key: jnp.zeros((envs, *space.shape, *choices[key])) for key, space in spec.act_space}
    return ActNoise(jnp.zeros((envs, spec.model.stoch, spec.model.classes)), action)


def test_the_state_is_a_plain_tree() -> None:
    """Every leaf is an array, so that seeds can be stacked and a checkpoint can store it."""
    name = _first_agent()
    arrays, meta = load(name)
    state = _state(spec_of(meta), arrays)
    assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(state))
    assert {field.name for field in dataclasses.fields(state)} == {"params", "opt_state", "slow", "retnorm", "step"}
