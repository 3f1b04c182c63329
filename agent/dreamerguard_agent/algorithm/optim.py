"""The optimizer: adaptive gradient clipping, then LaProp, then the learning rate.

LaProp (https://arxiv.org/abs/2002.04839) divides by the root of the second moment first and averages afterwards.
Follows ``embodied/jax/opt.py`` and ``_make_opt`` of danijar/dreamerv3 at e3f0224.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax

from dreamerguard.schema import OptimizerSection

from ..base.pytree import Params

#: Numbers per row of `pack`: short rows need little padding, long rows keep their number small.
ROW = 128
#: Minimum norm of a parameter in clipping, so that a zero output layer can learn.
AGC_MIN_NORM = 1e-3


class Moment(NamedTuple):
    """A running mean with one entry per parameter, and its number of updates, int32."""

    count: jax.Array
    mean: Any


def make_optimizer(settings: OptimizerSection) -> Any:
    """Builds the optimizer, an `optax.GradientTransformation` that is initialized with parameters by path.

    Its ``update(rows, state, params)`` takes packed gradients and returns packed updates, see `pack`: an update takes a
    few kernels instead of several per tensor. Its moments are packed, too. Only clipping works per tensor, see
    `clip_rows`.
    """
    chain = optax.chain(
        scale_by_rms(settings.beta2, settings.eps),
        scale_by_momentum(settings.beta1),
        optax.scale_by_learning_rate(make_schedule(settings)),
    )

    def update(rows: jax.Array, state: Any, params: Params) -> tuple[jax.Array, Any]:
        clipped = clip_rows(rows, pack(params), RowLayout.of(params), settings.agc) if settings.agc else rows
        updates, state = chain.update(clipped, state)
        return updates, state

    return optax.GradientTransformation(lambda params: chain.init(pack(params)), update)


def make_schedule(settings: OptimizerSection) -> Any:
    """Returns the learning rate as a function of previous updates. The first update of a warm-up has rate 0.

    A linear schedule ends at a tenth of ``lr``. The cosine one ends at ``lr²/10``, which is nearly 0: the reference
    passes ``0.1 lr`` to optax, which expects a fraction. Its published runs use neither.
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


def clip_rows(grads: jax.Array, params: jax.Array, layout: RowLayout, clip: float) -> jax.Array:
    """Scales a tensor's gradient down where its norm exceeds ``clip max(1e-3, |parameter|)``.

    Uses the Euclidean norm of the whole tensor, for biases and scales too, not norms per unit. Gradients and parameters
    are packed, [R, 128], so two reductions give the norms of all tensors.
    """
    member = layout.member()

    def norms(rows: jax.Array) -> jax.Array:
        return jnp.sqrt(jnp.where(member, jnp.square(rows).sum(-1), 0).sum(-1))

    upper = clip * jnp.maximum(AGC_MIN_NORM, norms(params))
    factor = 1 / jnp.maximum(1.0, norms(grads) / upper)
    return grads * jnp.where(member, factor[:, None], 0).sum(0)[:, None]


@dataclass(frozen=True)
class RowLayout:
    """Rows of tensors in a packed array: the first row of each tensor, and the first row after it."""

    first: npt.NDArray[np.int32]
    behind: npt.NDArray[np.int32]

    @classmethod
    def of(cls, params: Params) -> RowLayout:
        """Returns the layout that `pack` uses."""
        behind = np.cumsum([-(-leaf.size // ROW) for leaf in jax.tree.leaves(params)], dtype=np.int32)
        return cls(np.concatenate([np.zeros(1, np.int32), behind[:-1]]), behind)

    def member(self) -> jax.Array:
        """Returns whether row r belongs to tensor i, bool [tensors, R]. XLA fuses it into reductions: no memory."""
        row = jnp.arange(self.behind[-1])
        return (row >= self.first[:, None]) & (row < self.behind[:, None])


def pack(params: Params) -> jax.Array:
    """Packs all tensors in rows, float32 [R, 128]. Every tensor begins a row; zeros fill its last row."""
    pieces = []
    for leaf in jax.tree.leaves(params):
        # Zeros are pieces of their own: a padded tensor would be one more kernel on a CPU.
        pieces += [leaf.reshape(-1).astype(jnp.float32), jnp.zeros(-leaf.size % ROW, jnp.float32)]
    return jnp.concatenate([piece for piece in pieces if piece.size]).reshape(-1, ROW)


def unpack(rows: jax.Array, like: Params) -> Params:
    """Unpacks tensors from packed rows, in the shapes of ``like``."""
    leaves, tree = jax.tree.flatten(like)
    flat, first = rows.reshape(-1), RowLayout.of(like).first * ROW
    parts = [flat[start : start + leaf.size].reshape(leaf.shape) for start, leaf in zip(first, leaves, strict=True)]
    return jax.tree.unflatten(tree, parts)


def global_norm(rows: jax.Array) -> jax.Array:
    """Euclidean norm of all packed numbers together."""
    return jnp.sqrt(jnp.square(rows).sum())


def _no_moment(params: Any) -> Moment:
    return Moment(jnp.zeros((), jnp.int32), jax.tree.map(lambda x: jnp.zeros_like(x, jnp.float32), params))


def _seen(beta: float, count: jax.Array) -> jax.Array:
    # In float32, although 1 - 0.999 is off by 1.3e-5 relative there: the reference's first updates have that size.
    return 1 - beta**count
