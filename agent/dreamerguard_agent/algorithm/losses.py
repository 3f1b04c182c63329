"""Lambda returns, the return scale, and the losses of policy and value.

Follows ``imag_loss``, ``repl_loss`` and ``lambda_return`` in ``dreamerv3/agent.py`` of danijar/dreamerv3 at e3f0224,
with its defaults: the value, not its slow copy, gives the targets, and the slow copy's mean is a second target.
"""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp

from dreamerguard.schema import LossSection

from ..base.batch_axis import whole
from ..base.loops import unroll
from ..base.pytree import container
from ..model.dists import Policy, TwoHot

stop = jax.lax.stop_gradient


@container
class ReturnScale:
    """Running percentiles of imagined returns, two float32 scalars, 0 at first."""

    lo: jax.Array
    hi: jax.Array

    @classmethod
    def initial(cls) -> ReturnScale:
        """Returns the scale before the first update."""
        return cls(jnp.zeros((), jnp.float32), jnp.zeros((), jnp.float32))

    def update(self, returns: jax.Array, loss: LossSection) -> ReturnScale:
        """Returns the scale after moving both percentiles to those of ``returns`` [n, ...] by ``retnorm_rate``."""
        rate, returns = loss.retnorm_rate, whole(stop(returns.astype(jnp.float32)))
        low, high = jnp.percentile(returns, jnp.array([loss.retnorm_low, loss.retnorm_high], jnp.float32))
        return ReturnScale((1 - rate) * self.lo + rate * low, (1 - rate) * self.hi + rate * high)

    def divisor(self, loss: LossSection) -> jax.Array:
        """Returns the divisor of returns: the range of the percentiles, at least ``loss.retnorm_limit``."""
        return jnp.maximum(loss.retnorm_limit, self.hi - self.lo)


@container
class Imagined:
    """Intermediate results of the imagined losses.

    Attributes:
      ret: lambda return, [n, H].
      adv: advantage in units of the return scale, [n, H].
      weight: probability that the episode still runs, [n, H].
      target: target of the value, padded with a last 0, [n, H + 1].
      val: value, [n, H + 1].
      slowval: slow value, [n, H + 1].
      logp: log-probability of the action, by key, [n, H + 1].
      entropy: entropy of the policy, by key, [n, H + 1].
    """

    ret: jax.Array
    adv: jax.Array
    weight: jax.Array
    target: jax.Array
    val: jax.Array
    slowval: jax.Array
    logp: dict[str, jax.Array]
    entropy: dict[str, jax.Array]


def lambda_return(
    last: jax.Array, term: jax.Array, rew: jax.Array, boot: jax.Array, disc: float, lam: float
) -> jax.Array:
    """Computes lambda returns of a sequence, arrays [n, T], result [n, T - 1].

    ``Gₜ = rₜ₊₁ + γ (1 - termₜ₊₁) [(1 - λₜ₊₁) bootₜ₊₁ + λₜ₊₁ Gₜ₊₁]`` with ``λₜ = λ (1 - lastₜ)`` and
    ``G`` of the last step its ``boot``.

    Args:
      last: whether the episode ends at this step, for any reason.
      term: whether it ends because the task is over; may be a probability.
      rew: reward received at this step.
      boot: value estimate of the rest of the sequence.
      disc: discount.
      lam: mixing of the return.
    """
    if not last.shape == term.shape == rew.shape == boot.shape:
        raise ValueError(
            f"last, term, rew and boot must have one shape, not {[x.shape for x in (last, term, rew, boot)]}"
        )
    live = (1 - term.astype(jnp.float32))[:, 1:] * disc
    mix = (1 - last.astype(jnp.float32))[:, 1:] * lam
    direct = rew[:, 1:] + (1 - mix) * live * boot[:, 1:]

    def step(after: jax.Array, xs: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        now = xs[0] + xs[1] * after
        return now, now

    _, returns = jax.lax.scan(step, boot[:, -1], (direct.T, (live * mix).T), reverse=True, unroll=unroll(16))
    return returns.T


def imagined_losses(
    settings: LossSection,
    action: Mapping[str, jax.Array],
    rew: jax.Array,
    con: jax.Array,
    policy: Mapping[str, Policy],
    value: TwoHot,
    slow: TwoHot,
    scale: ReturnScale,
) -> tuple[dict[str, jax.Array], Imagined, dict[str, jax.Array], ReturnScale]:
    """Computes the losses of policy and value on imagined states.

    Args:
      settings: settings of the losses.
      action: actions taken in the H + 1 states, [n, H + 1, ...] by key.
      rew: predicted rewards, [n, H + 1].
      con: predicted probability that the episode continues, discount included, [n, H + 1].
      policy: distribution of the actions by key.
      value: value of the states.
      slow: slow value of the states.
      scale: return scale before.

    Returns:
      Losses ``policy`` and ``value`` [n, H], their intermediate results, metrics, and the updated return scale. The
      scale is updated with these returns before it divides them.
    """
    val, slowval = value.pred(), slow.pred()
    weight = jnp.cumprod(con, 1)[:, :-1]
    # The discount is in `con` already, so it is 1 here.
    ret = lambda_return(jnp.zeros_like(con), 1 - con, rew, val, 1.0, settings.lam)
    scale = scale.update(ret, settings)
    adv = (ret - val[:, :-1]) / stop(scale.divisor(settings))
    logp = {key: dist.logp(stop(action[key])) for key, dist in policy.items()}
    entropy = {key: dist.entropy() for key, dist in policy.items()}
    gain = sum(logp.values())[:, :-1] * stop(adv) + settings.entropy * sum(entropy.values())[:, :-1]
    target = _pad(ret)
    losses = {"policy": stop(weight) * -gain, "value": stop(weight) * _value_loss(settings, value, slowval, target)}
    parts = Imagined(ret, adv, weight, target, val, slowval, logp, entropy)
    return losses, parts, _metrics(settings, parts, rew, con, policy, scale), scale


def replay_loss(
    settings: LossSection,
    last: jax.Array,
    term: jax.Array,
    rew: jax.Array,
    boot: jax.Array,
    value: TwoHot,
    slow: TwoHot,
) -> tuple[jax.Array, jax.Array]:
    """Computes the loss of the value on replayed states.

    Args:
      settings: settings of the losses.
      last: whether the episode ends, [B, T].
      term: whether it ends because the task is over, [B, T].
      rew: rewards, [B, T].
      boot: imagined return of the same states, [B, T].
      value: value of the states.
      slow: slow value of the states.

    Returns:
      The loss ``repval`` and the return, both [B, T - 1]. The last step of a window has no return.
    """
    ret = lambda_return(last, term, rew, boot, 1 - 1 / settings.horizon, settings.lam)
    loss = _value_loss(settings, value, slow.pred(), _pad(ret))
    return (1 - last.astype(jnp.float32))[:, :-1] * loss, ret


def _value_loss(settings: LossSection, value: TwoHot, slowval: jax.Array, target: jax.Array) -> jax.Array:
    return (value.loss(stop(target)) + settings.slow_scale * value.loss(stop(slowval)))[:, :-1]


def _pad(ret: jax.Array) -> jax.Array:
    return jnp.concatenate([ret, 0 * ret[:, -1:]], 1)


def _metrics(
    settings: LossSection,
    parts: Imagined,
    rew: jax.Array,
    con: jax.Array,
    policy: Mapping[str, Policy],
    scale: ReturnScale,
) -> dict[str, jax.Array]:
    normed = (whole(parts.ret) - scale.lo) / scale.divisor(settings)
    metrics = {
        "adv": parts.adv.mean(),
        "adv_std": whole(parts.adv).std(),
        "adv_mag": jnp.abs(parts.adv).mean(),
        "rew": rew.mean(),
        "con": con.mean(),
        "ret": normed.mean(),
        "val": parts.val.mean(),
        "tar": parts.ret.mean(),
        "weight": jnp.cumprod(con, 1).mean(),
        "slowval": parts.slowval.mean(),
        "ret_min": normed.min(),
        "ret_max": normed.max(),
        "ret_rate": (jnp.abs(normed) >= 1.0).mean(),
    }
    for key, dist in policy.items():
        entropy = parts.entropy[key][:, :-1].mean()
        metrics[f"ent/{key}"] = entropy
        if dist.axes == 0:
            low, high = dist.entropy_range()
            metrics[f"rand/{key}"] = (entropy - low) / (high - low)
    return metrics
