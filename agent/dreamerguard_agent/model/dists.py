"""Outputs of the heads: distributions and regressions, always in float32.

Formulas follow ``embodied/jax/outs.py`` of danijar/dreamerv3 at e3f0224. ``axes`` is the number of trailing axes of one
event: losses, log-probabilities, entropies and divergences are summed over them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from .nets import symlog


class Prediction(Protocol):
    """The output of a reconstruction or a scalar head."""

    def pred(self) -> jax.Array:
        """The best single guess."""

    def loss(self, target: jax.Array) -> jax.Array:
        """Returns the loss against a target, one number per event. The target receives no gradient."""


class Policy(Protocol):
    """A distribution over actions."""

    @property
    def axes(self) -> int:
        """Trailing axes of one action that are summed over."""

    def sample(self, noise: jax.Array) -> jax.Array:
        """Draws an action with the given noise; see `model.noise`."""

    def logp(self, event: jax.Array) -> jax.Array:
        """Log-probability of an action, one number per event."""

    def entropy(self) -> jax.Array:
        """Entropy, one number per event."""

    def entropy_range(self) -> tuple[float, float]:
        """Smallest and largest entropy that this policy can have, per number of the action."""


@dataclass(frozen=True)
class Categorical:
    """One of C classes, from ``logits`` [..., C].

    Attributes:
      logits: unnormalised log-probabilities.
      axes: trailing axes of the event, classes not counted.
    """

    logits: jax.Array
    axes: int = 0

    def mixed(self, unimix: float) -> Categorical:
        """Returns this distribution with a share ``unimix`` of the uniform one; itself, bit for bit, if that is 0."""
        return Categorical(_mixed(self.logits, unimix), self.axes) if unimix else self

    def pred(self) -> jax.Array:
        """The most likely class, [...] int32; the first of equals."""
        return jnp.argmax(self.logits, -1).astype(jnp.int32)

    def sample(self, noise: jax.Array) -> jax.Array:
        """Draws a class with Gumbel noise [..., C]."""
        return jnp.argmax(self.logits + noise, -1).astype(jnp.int32)

    def logp(self, event: jax.Array) -> jax.Array:
        """Log-probability of a class index."""
        onehot = jax.nn.one_hot(event.astype(jnp.int32), self.logits.shape[-1])
        return _total((jax.nn.log_softmax(self.logits, -1) * onehot).sum(-1), self.axes)

    def loss(self, target: jax.Array) -> jax.Array:
        """Cross-entropy of a class index."""
        return -self.logp(jax.lax.stop_gradient(target))

    def entropy(self) -> jax.Array:
        """Entropy in nats."""
        return _total(-_expected_logp(self.logits), self.axes)

    def entropy_range(self) -> tuple[float, float]:
        """From 0 to ``log C``, whatever was mixed in."""
        return 0.0, math.log(self.logits.shape[-1])


@dataclass(frozen=True)
class OneHot:
    """One of C classes as a one-hot vector with straight-through gradient. ``logits`` are log-probabilities."""

    logits: jax.Array

    @classmethod
    def mixed(cls, logits: jax.Array, unimix: float) -> OneHot:
        """Mixes in a share ``unimix`` of the uniform distribution, 1 % in the paper, so no class has probability 0."""
        logits = logits.astype(jnp.float32)
        return cls(_mixed(logits, unimix) if unimix else logits)

    def pred(self) -> jax.Array:
        """The most likely class, one-hot."""
        return self._straight_through(jnp.argmax(self.logits, -1))

    def sample(self, noise: jax.Array) -> jax.Array:
        """Draws a class with Gumbel noise [..., C], one-hot."""
        return self._straight_through(jnp.argmax(self.logits + noise, -1))

    def draw(self, noise: jax.Array) -> jax.Array:
        """Draws a class with Gumbel noise [..., C], one-hot float32, without a gradient."""
        return jax.nn.one_hot(jnp.argmax(self.logits + noise, -1), self.logits.shape[-1])

    def logp(self, event: jax.Array) -> jax.Array:
        """Log-probability of a one-hot event, [...]."""
        return (jax.nn.log_softmax(self.logits, -1) * event).sum(-1)

    def entropy(self) -> jax.Array:
        """Entropy in nats, [...]."""
        return -_expected_logp(self.logits)

    def kl(self, other: OneHot) -> jax.Array:
        """KL(self ∥ other) in nats, [...]."""
        difference = jax.nn.log_softmax(self.logits, -1) - jax.nn.log_softmax(other.logits, -1)
        return (jax.nn.softmax(self.logits, -1) * difference).sum(-1)

    def _straight_through(self, index: jax.Array) -> jax.Array:
        # The value is exactly one-hot: probs - probs is 0 in any precision; only its gradient remains.
        probs = jax.nn.softmax(self.logits, -1)
        onehot = jax.nn.one_hot(index, self.logits.shape[-1], dtype=jnp.float32)
        return jax.lax.stop_gradient(onehot) + (probs - jax.lax.stop_gradient(probs))


@dataclass(frozen=True)
class BoundedNormal:
    """Normal with mean in (-1, 1) and a deviation between two bounds: the policy of continuous actions."""

    mean: jax.Array
    stddev: jax.Array
    bounds: tuple[float, float]
    axes: int = 0

    @classmethod
    def squash(cls, mean: jax.Array, stddev: jax.Array, low: float, high: float, axes: int) -> BoundedNormal:
        """``tanh(mean)`` and ``(high - low) sigmoid(stddev + 2) + low``, in the compute type of the head."""
        stddev = (high - low) * jax.nn.sigmoid(stddev + 2.0) + low
        return cls(jnp.tanh(mean).astype(jnp.float32), stddev.astype(jnp.float32), (low, high), axes)

    def sample(self, noise: jax.Array) -> jax.Array:
        """``noise stddev + mean``. May leave [-1, 1]; the environment clips, the replay does not."""
        return noise * self.stddev + self.mean

    def logp(self, event: jax.Array) -> jax.Array:
        """Log-density of an action."""
        return _total(jax.scipy.stats.norm.logpdf(event, self.mean, self.stddev), self.axes)

    def entropy(self) -> jax.Array:
        """Differential entropy in nats."""
        return _total(_normal_entropy(self.stddev), self.axes)

    def entropy_range(self) -> tuple[float, float]:
        """Entropies at the two bounds of the deviation."""
        low, high = (0.5 * math.log(2 * math.pi * bound**2) + 0.5 for bound in self.bounds)
        return low, high


@dataclass(frozen=True)
class TwoHot:
    """A scalar as a histogram over ``symexp``-spaced bins: ``logits`` [..., bins].

    A target is split between the two nearest bins, linearly in raw units. The prediction is the mean of the raw bins.
    """

    logits: jax.Array

    @property
    def bins(self) -> npt.NDArray[np.float32]:
        """The raw values of the bins, [bins]."""
        return symexp_bins(self.logits.shape[-1])

    def pred(self) -> jax.Array:
        """The mean, [...]. Bins of opposite sign are added in pairs, so that equal logits give exactly 0."""
        share = jnp.exp(self.logits - jax.lax.stop_gradient(self.logits.max(-1, keepdims=True)))
        half = len(self.bins) // 2
        low, high = share[..., :half], share[..., -half:]
        return ((high - low[..., ::-1]) * self.bins[-half:]).sum(-1) / share.sum(-1)

    def loss(self, target: jax.Array) -> jax.Array:
        """Cross-entropy with the two-hot target, [...]."""
        return two_hot_loss(self.logits, *_two_hot(jax.lax.stop_gradient(target), self.bins))


@dataclass(frozen=True)
class Binary:
    """A yes-or-no variable, from ``logit`` [...]."""

    logit: jax.Array

    def pred(self) -> jax.Array:
        """Returns whether yes is more likely, bool."""
        return self.logit > 0

    def prob(self) -> jax.Array:
        """The probability of yes."""
        return jnp.exp(jax.nn.log_sigmoid(self.logit))

    def loss(self, target: jax.Array) -> jax.Array:
        """Cross-entropy with a soft target in [0, 1]."""
        target = jax.lax.stop_gradient(target.astype(jnp.float32))
        return -(target * jax.nn.log_sigmoid(self.logit) + (1 - target) * jax.nn.log_sigmoid(-self.logit))


@dataclass(frozen=True)
class Mse:
    """A regression with squared error. ``symlog`` compresses the target: the prediction is in symlog units."""

    mean: jax.Array
    axes: int = 0
    symlog: bool = False

    def pred(self) -> jax.Array:
        """The prediction; in symlog units where ``symlog``."""
        return self.mean

    def loss(self, target: jax.Array) -> jax.Array:
        """Squared error, summed over the event."""
        target = target.astype(jnp.float32)
        target = symlog(target) if self.symlog else target
        return _total(jnp.square(self.mean - jax.lax.stop_gradient(target)), self.axes)


def symexp_bins(count: int) -> npt.NDArray[np.float32]:
    """``symexp`` of ``count`` points evenly spaced in [-20, 20], exactly symmetric, with 0 in the middle if odd."""
    half = -np.expm1(-np.linspace(-20, 0, (count + 1) // 2, dtype=np.float32))
    half = half.astype(np.float32) + np.float32(0)
    mirrored = -half[::-1]
    return np.concatenate([half, mirrored[count % 2 :]])


def _two_hot(target: jax.Array, bins: npt.NDArray[np.float32]) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Indices of the bins below and above targets [...], clipped to the outermost, and the weight of the lower one."""
    last = len(bins) - 1
    values = jnp.asarray(bins)
    # How many bins a target has reached. One pass over all of them: a search takes a kernel for every step.
    reached = (jnp.expand_dims(values, range(1, 1 + target.ndim)) <= target).sum(0)
    below, above = jnp.clip(reached - 1, 0, last), jnp.clip(reached, 0, last)
    to_below = jnp.where(below == above, 1, jnp.abs(values[below] - target))
    to_above = jnp.where(below == above, 1, jnp.abs(values[above] - target))
    return below, above, to_above / (to_below + to_above)


@jax.custom_vjp
def two_hot_loss(logits: jax.Array, below: jax.Array, above: jax.Array, weight: jax.Array) -> jax.Array:
    """Cross-entropy [...] of logits [..., bins] with ``weight`` on bin ``below`` and the rest on bin ``above``.

    Reads two logits instead of multiplying with a target as large as the logits. The derivative is written out, because
    autodiff of a read is a scatter.
    """
    at = jnp.stack([below, above], -1)
    low, high = jnp.moveaxis(jnp.take_along_axis(logits, at, -1, mode="clip"), -1, 0)
    return jax.scipy.special.logsumexp(logits, -1) - (weight * low + (1 - weight) * high)


def _two_hot_loss_forward(
    logits: jax.Array, below: jax.Array, above: jax.Array, weight: jax.Array
) -> tuple[jax.Array, tuple[jax.Array, ...]]:
    return two_hot_loss(logits, below, above, weight), (logits, below, above, weight)


def _two_hot_loss_backward(saved: tuple[jax.Array, ...], bar: jax.Array) -> tuple[jax.Array, None, None, None]:
    logits, below, above, weight = (x if x.ndim == saved[0].ndim else x[..., None] for x in saved)
    index = jnp.arange(logits.shape[-1])
    target = jnp.where(index == below, weight, 0) + jnp.where(index == above, 1 - weight, 0)
    return bar[..., None] * (jax.nn.softmax(logits, -1) - target), None, None, None


two_hot_loss.defvjp(_two_hot_loss_forward, _two_hot_loss_backward)


def _mixed(logits: jax.Array, unimix: float) -> jax.Array:
    return jnp.log((1 - unimix) * jax.nn.softmax(logits, -1) + unimix / logits.shape[-1])


def _expected_logp(logits: jax.Array) -> jax.Array:
    return (jax.nn.softmax(logits, -1) * jax.nn.log_softmax(logits, -1)).sum(-1)


def _normal_entropy(stddev: jax.Array) -> jax.Array:
    return 0.5 * jnp.log(2 * jnp.pi * jnp.square(stddev)) + 0.5


def _total(x: Any, axes: int) -> jax.Array:
    return x.sum(tuple(range(-axes, 0))) if axes else x
