"""The optimizer: adaptive gradient clipping, then LaProp, then the learning rate.

LaProp (https://arxiv.org/abs/2002.04839) divides by the root of the second moment first and averages afterwards.
Follows ``embodied/jax/opt.py`` and ``_make_opt`` of danijar/dreamerv3 at e3f0224.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from dreamerguard.schema import OptimizerSection

#: Stands for the norm of a smaller parameter, so that a zero output layer can still learn.
AGC_MIN_NORM = 1e-3


class Moment(NamedTuple):
    """A running mean with one entry per parameter, and how many updates went in, int32."""

    count: jax.Array
    mean: Any


def make_optimizer(settings: OptimizerSection) -> Any:
    """The chain as an `optax.GradientTransformation`."""
    return optax.chain(
        clip_by_agc(settings.agc),
        scale_by_rms(settings.beta2, settings.eps),
        scale_by_momentum(settings.beta1),
        optax.scale_by_learning_rate(make_schedule(settings)),
    )


def make_schedule(settings: OptimizerSection) -> Any:
    """Learning rate as a function of the updates done before. The first update of a warm-up has rate 0.

    A linear schedule ends at a tenth of ``lr``. The cosine one ends at ``lr²/10``, which is nearly 0: the reference
    hands ``0.1 lr`` to optax where a fraction is expected. Its published runs use neither.
    """
    lr, steps = settings.lr, settings.anneal - settings.warmup
    if settings.schedule == "linear":
        schedule = optax.linear_schedule(lr, 0.1 * lr, steps)
    elif settings.schedule == "cosine":
        schedule = optax.cosine_decay_schedule(lr, steps, 0.1 * lr)
    else:
        schedule = optax.constant_schedule(lr)
    if not settings.warmup:
        return schedule
    ramp = optax.linear_schedule(0.0, lr, settings.warmup)
    return optax.join_schedules([ramp, schedule], [settings.warmup])


def clip_by_agc(clip: float, min_norm: float = AGC_MIN_NORM) -> Any:
    """Scales a tensor's gradient down where its norm exceeds ``clip max(min_norm, |parameter|)``.

    Every tensor alike: Euclidean norm of all its numbers, biases and scales included, no norms per unit.
    """

    def fit(grad: jax.Array, param: jax.Array) -> jax.Array:
        upper = clip * jnp.maximum(min_norm, jnp.linalg.norm(param.reshape(-1)))
        return grad * (1 / jnp.maximum(1.0, jnp.linalg.norm(grad.reshape(-1)) / upper))

    def update(grads: Any, state: optax.EmptyState, params: Any) -> tuple[Any, optax.EmptyState]:
        return (jax.tree.map(fit, grads, params) if clip else grads), state

    return optax.GradientTransformation(lambda _: optax.EmptyState(), update)


def scale_by_rms(beta: float, eps: float) -> Any:
    """``ν ← β ν + (1 - β) g²``, then ``g / (sqrt(ν / (1 - βᵗ)) + ε)``. ε only prevents 0 / 0."""

    def update(grads: Any, state: Moment, params: Any = None) -> tuple[Any, Moment]:
        count = state.count + 1
        mean = jax.tree.map(lambda v, g: beta * v + (1 - beta) * (g * g), state.mean, grads)
        share = _seen(beta, count)
        return jax.tree.map(lambda g, v: g / (jnp.sqrt(v / share) + eps), grads, mean), Moment(count, mean)

    return optax.GradientTransformation(_no_moment, update)


def scale_by_momentum(beta: float) -> Any:
    """``μ ← β μ + (1 - β) u``, then ``μ / (1 - βᵗ)``."""

    def update(grads: Any, state: Moment, params: Any = None) -> tuple[Any, Moment]:
        count = state.count + 1
        mean = jax.tree.map(lambda m, g: (1 - beta) * g + beta * m, state.mean, grads)
        share = _seen(beta, count)
        return jax.tree.map(lambda m: m / share, mean), Moment(count, mean)

    return optax.GradientTransformation(_no_moment, update)


def global_rms(tree: Any) -> jax.Array:
    """Root mean square over all numbers of a tree."""
    leaves = jax.tree.leaves(tree)
    return jnp.sqrt(sum(jnp.square(leaf).sum() for leaf in leaves) / sum(leaf.size for leaf in leaves))


def _no_moment(params: Any) -> Moment:
    return Moment(jnp.zeros((), jnp.int32), jax.tree.map(lambda x: jnp.zeros_like(x, jnp.float32), params))


def _seen(beta: float, count: jax.Array) -> jax.Array:
    # In float32, although 1 - 0.999 is off by 1.3e-5 relative there: the reference's first updates have that size.
    return 1 - beta**count
