"""One gradient update: from a batch of windows to new parameters, latents for the replay and metrics.

Follows ``Agent.loss`` and ``Agent.train`` of danijar/dreamerv3 at e3f0224. All functions are pure and unbatched over
seeds; `AgentSpec` is static, everything else may be traced, vmapped and scanned.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from ..base.batch_axis import mean
from ..base.pytree import Params, container, scope
from ..base.spec import AgentSpec
from ..fast import imagine as fast_imagine
from ..fast import observe as fast_observe
from ..model import codec, heads, rssm
from ..model.dists import TwoHot
from ..model.nets import Shapes, init
from ..model.noise import Noise
from ..model.products import with_products_of_spec
from ..model.rssm import Action, Features, Latent
from .losses import Imagined, ReturnScale, imagined_losses, replay_loss
from .optim import global_norm, make_optimizer, pack, unpack

#: Arrays [B, T + 1, ...] for every observation, action, ``reward``, ``is_first``, ``is_last`` and ``is_terminal``, and
#: ``context``, the stored `Latent` of step 0: deter [B, D] and stoch as class indices [B, S] or one-hot [B, S, C].
Batch = dict[str, Any]
Metrics = dict[str, jax.Array]


@container
class TrainState:
    """The state of learning.

    Attributes:
      params: trained parameters of ``dyn enc dec rew con pol val``, float32.
      opt_state: state of the optimizer, an optax tree.
      slow: slow copy of the ``val/...`` parameters, under the same paths.
      retnorm: percentiles of imagined returns.
      step: updates done, int32.
    """

    params: Params
    opt_state: Any
    slow: Params
    retnorm: ReturnScale
    step: jax.Array


@container
class Outputs:
    """Intermediate results of `loss`.

    Attributes:
      losses: unscaled, by name, [B, T], ``repval`` [B, T - 1].
      metrics: scalars under the reference's names.
      tokens: encoded observations, [B, T, F'].
      features: posterior latents and logits, [B, T, ...].
      imagined: states imagined from every trained step, [B T, H, ...], and `Imagined` quantities.
      action: imagined actions by key, [B T, H + 1, ...].
      rew: predicted rewards of the first and the imagined states, [B T, H + 1].
      con: predicted continue probabilities, [B T, H + 1].
      parts: intermediate results of the imagined losses.
      retnorm: return scale after this batch.
    """

    losses: dict[str, jax.Array]
    metrics: Metrics
    tokens: jax.Array
    features: Features
    imagined: Features
    action: Action
    rew: jax.Array
    con: jax.Array
    parts: Imagined
    retnorm: ReturnScale


def param_shapes(spec: AgentSpec) -> Shapes:
    """Declares every trained parameter, under the reference's paths, sorted."""
    declared = rssm.shapes(spec, codec.token_width(spec)) | codec.shapes(spec) | heads.shapes(spec)
    return dict(sorted(declared.items()))


def init_train_state(spec: AgentSpec, key: jax.Array) -> TrainState:
    """Creates a new agent. Consumes the key."""
    params = init(param_shapes(spec), key)
    return TrainState(
        params=params,
        opt_state=make_optimizer(spec.optimizer).init(params),
        # Copied, so that a caller may donate the whole state.
        slow=jax.tree.map(jnp.copy, scope(params, "val")),
        retnorm=ReturnScale.initial(),
        step=jnp.zeros((), jnp.int32),
    )


@with_products_of_spec
def update(spec: AgentSpec, state: TrainState, batch: Batch, noise: Noise) -> tuple[TrainState, Latent, Metrics]:
    """Computes one gradient update.

    Args:
      spec: the agent.
      state: state before.
      batch: windows of T + 1 steps, see `Batch`; step 0 is context and not trained on. Where a batch is split over
        devices, a part of it, see `batch_axis`; gradients, metrics and the new state are those of the whole batch.
      noise: from `draw_noise(spec, key, B, T)`.

    Returns:
      The state after the update; the latents of the T trained steps for the replay, deter [B, T, D] and stoch as
      indices [B, T, S]; and scalar metrics under the reference's names. If loss or gradient are not finite, the state
      stays as it was, apart from ``step``; see `skipped`.
    """
    (total, outputs), grads = jax.value_and_grad(loss, argnums=1, has_aux=True)(
        spec, state.params, state.slow, state.retnorm, batch, noise
    )
    total, grads, seen = mean((total, grads, outputs.metrics))
    after, metrics = apply_gradients(spec, state, grads, outputs.retnorm)
    latents = Latent(outputs.features.deter, outputs.features.stoch).indices()
    after, _ = skip_not_finite(spec, state, after, total + metrics["opt/grad_norm"])
    return after, latents, seen | metrics | {"opt/loss": total}


def apply_gradients(
    spec: AgentSpec, state: TrainState, grads: Params, retnorm: ReturnScale
) -> tuple[TrainState, Metrics]:
    """Applies gradients to the parameters, then moves the slow value. Also returns ``opt/`` metrics."""
    rows = pack(grads)
    updates, opt_state = make_optimizer(spec.optimizer).update(rows, state.opt_state, state.params)
    # Without the barrier a CPU repeats the whole optimizer in a separate kernel for every parameter.
    moved = jax.lax.optimization_barrier(pack(state.params) + updates)
    params = unpack(moved, state.params)
    slow = move_slow(state.slow, scope(params, "val"), spec.loss.slow_rate)
    after = TrainState(params, opt_state, slow, retnorm, state.step + 1)
    return after, _optimizer_metrics(after, rows, updates, moved)


def skip_not_finite(
    spec: AgentSpec, before: TrainState, after: TrainState, checked: jax.Array
) -> tuple[TrainState, jax.Array]:
    """Returns the state before an update instead of the one after it, with the new ``step``, where it went wrong.

    Args:
      spec: the agent; with ``keep_not_finite``, an update counts as wrong only if a parameter is not finite after it.
      before: state before the update.
      after: state after it.
      checked: a sum that is finite if loss and gradient are, float32 []. A gradient with an infinite norm counts as
        not finite.

    Returns:
      The state, and 1 if the update was skipped, else 0, float32 [].
    """
    fine = jnp.isfinite(global_norm(pack(after.params)) if spec.keep_not_finite else checked)
    kept = jax.tree.map(lambda new, old: jnp.where(fine, new, old), after, before)
    # A choice behind this sum would let a CPU compiler round it otherwise: a rate of 0 keeps every bit, too.
    slow = move_slow(before.slow, scope(kept.params, "val"), jnp.where(fine, spec.loss.slow_rate, 0))
    return kept.replace(step=after.step, slow=slow), 1 - fine.astype(jnp.float32)


def skipped(spec: AgentSpec, metrics: Metrics) -> jax.Array:
    """Returns 1 if the update with these metrics was skipped, else 0, float32 []."""
    checked = metrics["opt/param_rms"] if spec.keep_not_finite else metrics["opt/loss"] + metrics["opt/grad_norm"]
    return 1 - jnp.isfinite(checked).astype(jnp.float32)


def move_slow(slow: Params, fast: Params, rate: float | jax.Array) -> Params:
    """Returns ``rate fast + (1 - rate) slow``, tensor by tensor."""
    return jax.tree.map(lambda old, new: rate * new + (1 - rate) * old, slow, fast)


@with_products_of_spec
def loss(
    spec: AgentSpec, params: Params, slow: Params, retnorm: ReturnScale, batch: Batch, noise: Noise
) -> tuple[jax.Array, Outputs]:
    """Computes the total loss, a float32 scalar, and its intermediate results."""
    carry, action, steps = split_context(spec, batch)
    tokens = codec.encode(spec, params, steps)
    observe = fast_observe.observe if spec.fast else rssm.observe
    _, features = observe(spec, params, carry, tokens, action, steps["is_first"], noise.post)
    losses, metrics = _world_model_losses(spec, params, features, steps)
    imagined, imagined_action, inputs, sums = _imagine(spec, params, features, noise)
    rew, con = heads.twohot(params, "rew", inputs).pred(), heads.keeps_going(params, inputs).prob()
    policy = heads.policy(spec, params, inputs) if sums is None else heads.known_policy(spec, params, inputs, sums)
    value, slow_value = heads.twohot(params, "val", inputs), heads.twohot(slow, "val", inputs)
    acting, parts, more, retnorm = imagined_losses(
        spec.loss, imagined_action, rew, con, policy, value, slow_value, retnorm
    )
    rows = steps["is_first"].shape
    losses |= {name: value.mean(1).reshape(rows) for name, value in acting.items()}
    replayed = heads.feature(spec, features.deter, features.stoch)
    losses["repval"], _ = replay_loss(
        spec.loss,
        steps["is_last"],
        steps["is_terminal"],
        steps["reward"],
        parts.ret[:, 0].reshape(rows),
        # The gradient of this loss reaches the world model, too.
        heads.twohot(params, "val", replayed),
        # Imagination starts from the same states.
        TwoHot(slow_value.logits[:, 0].reshape(*rows, -1)),
    )
    metrics |= more | {f"loss/{name}": value.mean() for name, value in losses.items()}
    total = sum(value.mean() * _scale(spec, name) for name, value in losses.items())
    outputs = Outputs(losses, metrics, tokens, features, imagined, imagined_action, rew, con, parts, retnorm)
    return jnp.asarray(total), outputs


def split_context(spec: AgentSpec, batch: Batch) -> tuple[Latent, Action, Batch]:
    """Separates the context step from the T trained steps.

    Returns:
      The initial latent, one-hot and in the compute type; the action that led to each trained step (the first one comes
      from the context step); and all other values of the trained steps.
    """
    context: Latent = batch["context"]
    stoch = context.stoch
    if jnp.issubdtype(stoch.dtype, jnp.integer):
        stoch = jax.nn.one_hot(stoch.astype(jnp.int32), spec.model.classes)
    carry = Latent(context.deter.astype(spec.compute), stoch.astype(spec.compute))
    action = {key: batch[key][:, :-1] for key, _ in spec.act_space}
    keys = (*dict(spec.obs_space), "is_first", "is_last", "is_terminal", "reward")
    return carry, action, {key: batch[key][:, 1:] for key in keys}


def _world_model_losses(
    spec: AgentSpec, params: Params, features: Features, steps: Batch
) -> tuple[dict[str, jax.Array], Metrics]:
    inputs = heads.feature(spec, features.deter, features.stoch)
    losses, metrics = rssm.kl_losses(spec, features.logit, rssm.prior(spec, params, features.deter))
    losses["rew"] = heads.twohot(params, "rew", inputs).loss(steps["reward"].astype(jnp.float32))
    # The discount is learned as a probability of ending.
    going = (1 - steps["is_terminal"].astype(jnp.float32)) * (1 - 1 / spec.loss.horizon)
    losses["con"] = heads.keeps_going(params, inputs).loss(going)
    for key, prediction in codec.decode(spec, params, features.deter, features.stoch).items():
        losses[key] = prediction.loss(codec.target(spec, key, steps[key]))
    return losses, metrics


def _imagine(
    spec: AgentSpec, params: Params, features: Features, noise: Noise
) -> tuple[Features, Action, jax.Array, jax.Array | None]:
    """Imagines from every trained step. No gradient passes.

    Returns:
      Imagined states [B T, H, ...], actions and inputs of the heads [B T, H + 1, ...], and the output of the policy's
      first linear layer for these inputs, if it is known.
    """
    params, features = jax.lax.stop_gradient((params, features))
    first = jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), features)
    if spec.fast:
        dreamt = fast_imagine.imagine(spec, params, heads.feature(spec, first.deter, first.stoch), noise)
        deter, stoch = jnp.split(dreamt.states, [spec.model.deter], -1)
        stoch = stoch.reshape(*stoch.shape[:-1], *first.stoch.shape[1:])
        return Features(deter[:, 1:], stoch[:, 1:], dreamt.logit), dreamt.action, dreamt.states, dreamt.policy

    def act(latent: Latent, noise: Action) -> Action:
        policy = heads.policy(spec, params, heads.feature(spec, latent.deter, latent.stoch))
        return {key: dist.sample(noise[key]) for key, dist in policy.items()}

    early = {key: value[:, :-1] for key, value in noise.action.items()}
    late = {key: value[:, -1] for key, value in noise.action.items()}
    start = Latent(first.deter, first.stoch)
    last, imagined, action = rssm.imagine(spec, params, start, act, noise.prior, early)
    action = jax.tree.map(lambda x, y: jnp.concatenate([x, y[:, None]], 1), action, act(last, late))
    states = jax.tree.map(lambda x, y: jnp.concatenate([x[:, None], y], 1), first, imagined)
    return imagined, action, heads.feature(spec, states.deter, states.stoch), None


def _scale(spec: AgentSpec, name: str) -> float:
    scales: dict[str, float] = dict(spec.loss.scales)
    return scales["rec"] if name in dict(spec.decoded) else scales[name]


def _optimizer_metrics(after: TrainState, grads: jax.Array, updates: jax.Array, params: jax.Array) -> Metrics:
    """Metrics of the state after an update, from packed gradients, updates and new parameters."""
    count = sum(value.size for value in after.params.values())
    norm = global_norm(grads)
    return {
        "opt/updates": after.step,
        "opt/grad_norm": norm,
        "opt/grad_rms": norm / math.sqrt(count),
        "opt/update_rms": global_norm(updates) / math.sqrt(count),
        "opt/param_rms": global_norm(params) / math.sqrt(count),
        "opt/param_count": jnp.asarray(count, jnp.float32),
    }
