"""The small networks on top of the latent state: reward, continue, policy, value and vector reconstruction."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from ..base.pytree import Params
from ..base.spaces import ArraySpace, Spaces
from ..base.spec import AgentSpec
from . import nets
from .dists import Binary, BoundedNormal, Categorical, Mse, Policy, Prediction, TwoHot
from .nets import Shapes

#: Factor on the initial output kernel of the policy, and of reward and value, which start at exactly 0.
_POLICY_OUTSCALE, _SILENT = 0.01, 0.0


def feature(spec: AgentSpec, deter: jax.Array, stoch: jax.Array) -> jax.Array:
    """``[deter, stoch]`` [..., F] in the compute type: deter [..., D], stoch one-hot [..., S, C]."""
    flat = stoch.reshape(*stoch.shape[:-2], -1)
    return jnp.concatenate([deter.astype(spec.compute), flat.astype(spec.compute)], -1)


def shapes(spec: AgentSpec) -> Shapes:
    """Declares ``rew``, ``con``, ``pol`` and ``val``."""
    model, inputs = spec.model, spec.feature_width
    declared: Shapes = {}
    for name, layers in (("rew", model.reward_layers), ("val", model.value_layers)):
        declared |= nets.mlp_shapes(f"{name}/mlp", inputs, model.units, layers)
        declared |= nets.linear_shapes(f"{name}/head/logits", model.units, model.bins, _SILENT)
    declared |= nets.mlp_shapes("con/mlp", inputs, model.units, model.continue_layers)
    declared |= nets.linear_shapes("con/head/logit", model.units, 1)
    declared |= nets.mlp_shapes("pol/mlp", inputs, model.units, model.policy_layers)
    for key, space in spec.act_space:
        for output in ("logits",) if space.discrete else ("mean", "stddev"):
            path = f"pol/head/{key}/{output}"
            declared |= nets.linear_shapes(path, model.units, space.width, _POLICY_OUTSCALE)
    return declared


def twohot(params: Params, path: str, x: jax.Array) -> TwoHot:
    """Predicts reward (``rew``) or value (``val``) of features x [..., F]."""
    hidden = nets.mlp(params, f"{path}/mlp", x)
    return TwoHot(nets.linear(params, f"{path}/head/logits", hidden).astype(jnp.float32))


def keeps_going(params: Params, x: jax.Array) -> Binary:
    """Predicts whether the episode continues after the state with features x [..., F]."""
    hidden = nets.mlp(params, "con/mlp", x)
    return Binary(nets.linear(params, "con/head/logit", hidden, ()).astype(jnp.float32))


def policy(spec: AgentSpec, params: Params, x: jax.Array) -> dict[str, Policy]:
    """Returns a distribution per action key from features x [..., F]; choices have ``model.policy_unimix`` mixed in."""
    return policy_from(spec, params, nets.linear(params, "pol/mlp/linear0", x))


def known_policy(spec: AgentSpec, params: Params, x: jax.Array, sums: jax.Array) -> dict[str, Policy]:
    """Computes `policy` of features x [..., F] with a known first linear layer ``sums``; x receives no gradient."""
    kernel, bias = (params[f"pol/mlp/linear0/{name}"].astype(x.dtype) for name in ("kernel", "bias"))
    rows = nets.known_linear(kernel, bias, *(y.reshape(-1, y.shape[-1]) for y in (x, sums)))
    return policy_from(spec, params, rows.reshape(sums.shape))


def policy_from(spec: AgentSpec, params: Params, sums: jax.Array) -> dict[str, Policy]:
    """Computes `policy` from the output of its first linear layer, [..., units]."""
    hidden = nets.mlp_from(params, "pol/mlp", sums)
    dists: dict[str, Policy] = {}
    for key, space in spec.act_space:
        path, axes = f"pol/head/{key}", len(space.shape)
        if space.discrete:
            dists[key] = _categorical(params, path, hidden, space).mixed(spec.model.policy_unimix)
        else:
            mean, stddev = (nets.linear(params, f"{path}/{name}", hidden, space.shape) for name in ("mean", "stddev"))
            low, high = spec.model.policy_min_std, spec.model.policy_max_std
            dists[key] = BoundedNormal.squash(mean, stddev, low, high, axes)
    return dists


def vector_shapes(spaces: Spaces, units: int) -> Shapes:
    """Declares the output layers of `vectors`."""
    declared: Shapes = {}
    for key, space in spaces:
        output = "logits" if space.discrete else "pred"
        declared |= nets.linear_shapes(f"dec/vec/{key}/{output}", units, space.width)
    return declared


def vectors(spaces: Spaces, params: Params, hidden: jax.Array) -> dict[str, Prediction]:
    """Reconstructs vectors: choices with cross-entropy, numbers with squared error in symlog units."""
    outputs: dict[str, Prediction] = {}
    for key, space in spaces:
        path = f"dec/vec/{key}"
        if space.discrete:
            outputs[key] = _categorical(params, path, hidden, space)
        else:
            mean = nets.linear(params, f"{path}/pred", hidden, space.shape)
            outputs[key] = Mse(mean.astype(jnp.float32), len(space.shape), symlog=True)
    return outputs


def _categorical(params: Params, path: str, hidden: jax.Array, space: ArraySpace) -> Categorical:
    logits = nets.linear(params, f"{path}/logits", hidden, (*space.shape, space.classes))
    return Categorical(logits.astype(jnp.float32), len(space.shape))
