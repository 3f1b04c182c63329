"""Codec, sequence model and imagination against the reference's numbers and gradients."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dreamerguard_agent.base.pytree import Params
from dreamerguard_agent.base.spec import AgentSpec
from dreamerguard_agent.model import codec, heads, rssm
from dreamerguard_agent.model.rssm import Action, Latent

from .golden import Arrays, below, cases, load, named_files
from .golden_spec import spec_of
from .parity import Flat, Parity, by_key, check_case, quick_jit

pytestmark = pytest.mark.integration

RSSM, RSSM_META = load("rssm")
IMAGINE, IMAGINE_META = load("imagine")
CODECS = named_files("codec_*.npz")


@pytest.mark.parametrize("name", CODECS)
def test_encoder(parity: Parity, name: str) -> None:
    arrays, meta = load(name)
    spec = spec_of(meta)
    check_case(parity, arrays, "enc", lambda params, obs: {"": codec.encode(spec, params, obs)}, "encoder")


@pytest.mark.parametrize("name", CODECS)
def test_decoder(parity: Parity, name: str) -> None:
    arrays, meta = load(name)
    spec, obs = spec_of(meta), below(arrays, "enc/in")

    def decode(params: Flat, inputs: Flat) -> Flat:
        outputs: Flat = {}
        for key, prediction in codec.decode(spec, params, inputs["deter"], inputs["stoch"]).items():
            outputs[f"loss/{key}"] = prediction.loss(codec.target(spec, key, jnp.asarray(obs[key])))
            outputs[f"pred/{key}"] = prediction.pred()
            outputs[f"pred_first_{key}"] = prediction.pred()[:1, :1]
        return outputs

    check_case(parity, arrays, "dec", decode, "decoder")


def _actions(spec: AgentSpec, arrays: Arrays, prefix: str) -> Action:
    return {key: jnp.asarray(value) for key, value in by_key(arrays, prefix, list(dict(spec.act_space))).items()}


def _rssm_case(spec: AgentSpec, case: str, params: Flat, inputs: Flat) -> Flat:
    if case == "prior":
        return {"": rssm.prior(spec, params, inputs["feat"])}
    if case == "core":
        action = inputs.get("action")
        # Joined and one-hot already, unless it is stored by key or as a choice.
        if action is None or not jnp.issubdtype(action.dtype, jnp.floating):
            action = rssm.embed_action(spec, _actions(spec, inputs, "action"))
        return {"": rssm.core(spec, params, inputs["deter"], inputs["stoch"], action)}
    carry, action = Latent(inputs["deter"], inputs["stoch"]), _actions(spec, inputs, "action")
    reset, latent = jnp.asarray(inputs["reset"]), (spec.model.stoch, spec.model.classes)
    noise = inputs.get("noise", jnp.zeros((*reset.shape, *latent)))
    if case.startswith("step"):
        embedded = rssm.embed_action(spec, action, reset)
        carry, logit = rssm.observe_step(spec, params, carry, inputs["tokens"], embedded, reset, noise)
        feat = {"feat/deter": carry.deter, "feat/stoch": carry.stoch, "feat/logit": logit}
        return feat | {"carry/deter": carry.deter, "carry/stoch": carry.stoch}
    carry, features = rssm.observe(spec, params, carry, inputs["tokens"], action, reset, noise)
    feat = {"deter": features.deter, "stoch": features.stoch, "logit": features.logit}
    if case.startswith("observe"):
        named = {f"feat/{key}": value for key, value in feat.items()}
        return named | {"carry/deter": carry.deter, "carry/stoch": carry.stoch}
    assert case.startswith("loss"), case
    losses, metrics = rssm.kl_losses(spec, features.logit, rssm.prior(spec, params, features.deter))
    return feat | losses | metrics


@pytest.mark.parametrize("case", cases(RSSM, sorted({key.split("/")[0] for key in RSSM} - {"params"})))
def test_sequence_model(parity: Parity, case: str) -> None:
    spec = spec_of(RSSM_META)
    check_case(
        parity,
        RSSM,
        case,
        lambda params, inputs: _rssm_case(spec, case, params, inputs),
        "sequence model",
        exact=("stoch", "feat/stoch", "carry/stoch"),
        params=below(RSSM, "params"),
    )


@pytest.mark.parametrize("case", cases(IMAGINE, sorted({key.split("/")[0] for key in IMAGINE} - {"params", "in"})))
def test_imagination(parity: Parity, case: str) -> None:
    spec, params = spec_of(IMAGINE_META), {key: jnp.asarray(value) for key, value in below(IMAGINE, "params").items()}
    start = Latent(*(jnp.asarray(IMAGINE[f"in/{name}"]) for name in ("deter", "stoch")))
    want = below(IMAGINE, f"{case}/out")
    inputs = below(IMAGINE, f"{case}/in")
    noise = jnp.asarray(inputs.get("stoch", np.zeros_like(want["feat/logit"])))
    rows, steps = noise.shape[:2]

    def sample(latent: Latent, noise: Action) -> Action:
        policy = heads.policy(spec, params, heads.feature(spec, latent.deter, latent.stoch))
        return {key: dist.sample(noise[key]) for key, dist in policy.items()}

    def given(latent: Latent, action: Action) -> Action:
        return action

    if any(key.startswith("action") for key in inputs):
        action_noise = _actions(spec, inputs, "action")
    else:
        action_noise = {
            key: jnp.zeros((rows, steps, *space.shape, *((space.classes,) if space.discrete else ())))
            for key, space in spec.act_space
        }
    policy = given if case.startswith("open_loop") else sample
    run = quick_jit(lambda params: rssm.imagine(spec, params, start, policy, noise, action_noise))
    last, features, action = run(params)
    if any(key.startswith("action") for key in want):
        for key, value in by_key(want, "action", list(dict(spec.act_space))).items():
            parity.values("imagination", action[key], value, f"{case} action {key}")
    for name in ("deter", "logit"):
        parity.values("imagination", getattr(features, name), want[f"feat/{name}"], f"{case} {name}")
    parity.values("imagination", last.deter, want["carry/deter"], f"{case} carry")
    parity.exact("imagination, exact", features.stoch, want["feat/stoch"], f"{case} stoch")
    parity.exact("imagination, exact", last.stoch, want["carry/stoch"], f"{case} carry stoch")


def test_a_reset_row_forgets_everything_before() -> None:
    spec = spec_of(RSSM_META)
    params: Params = {key: jnp.asarray(value) for key, value in below(RSSM, "params").items()}
    inputs = below(RSSM, "observe/in")
    rows, steps = inputs["reset"].shape
    reset = jnp.zeros((rows, steps), bool).at[0, 2].set(True)
    noise = jnp.zeros((rows, steps, spec.model.stoch, spec.model.classes))
    action = _actions(spec, inputs, "action")

    @quick_jit
    def run(deter: jax.Array, action: Action) -> jax.Array:
        carry = Latent(deter, jnp.asarray(inputs["stoch"]))
        return rssm.observe(spec, params, carry, jnp.asarray(inputs["tokens"]), action, reset, noise)[1].deter

    before = np.asarray(run(jnp.asarray(inputs["deter"]), action))
    changed = {key: value.at[:, 2].add(1) for key, value in action.items()}
    after = np.asarray(run(jnp.asarray(inputs["deter"]) + 1, changed))
    np.testing.assert_array_equal(before[0, 2:], after[0, 2:])
    assert (before[0, :2] != after[0, :2]).any()
    assert (before[1:, 2:] != after[1:, 2:]).any(axis=(1, 2)).all()
