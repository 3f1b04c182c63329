"""`AgentSpec`: all properties of an agent that are fixed before compilation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import jax.numpy as jnp

from dreamerguard.schema import LossSection, ModelSection, OptimizerSection, RunConfig

from .names import FLAGS, LOSSES
from .spaces import ArraySpace, Spaces, sort_spaces


@dataclass(frozen=True, slots=True)
class AgentSpec:
    """The fixed description of an agent: hashable, so a static argument of every compiled function.

    Attributes:
      obs_space: observations of the networks, sorted; without rewards and flags.
      act_space: actions, sorted.
      model: widths of the networks.
      optimizer: settings of the optimizer.
      loss: settings of the losses.
      dtype: compute type of the networks, ``float32`` or ``bfloat16``. Parameters, optimizer, norms, logits and
        distributions are always float32.
      fast: whether the scan and imagination are those of `fast/` or the readable ones of `model.rssm`: equal results.
      keep_not_finite: whether an update with a loss that is not finite is applied if the parameters stay finite.
    """

    obs_space: Spaces
    act_space: Spaces
    model: ModelSection
    optimizer: OptimizerSection
    loss: LossSection
    dtype: str = "float32"
    fast: bool = True
    keep_not_finite: bool = False

    @classmethod
    def create(
        cls, config: RunConfig, obs_space: Mapping[str, ArraySpace], act_space: Mapping[str, ArraySpace], dtype: str
    ) -> AgentSpec:
        """Builds the spec of a run.

        Args:
          config: the run.
          obs_space: observations without ``is_first``, ``is_last``, ``is_terminal`` and ``reward``.
          act_space: actions without ``reset``.
          dtype: ``float32`` or ``bfloat16``.

        Raises:
          ValueError: the agent cannot be trained with these spaces or this type; the message states the cause.
        """
        _check(obs_space, act_space, dtype)
        spaces = sort_spaces(obs_space), sort_spaces(act_space)
        keep = config.numbers.policy == "continue"
        return cls(*spaces, config.model, config.optimizer, config.loss, dtype, keep_not_finite=keep)

    @property
    def compute(self) -> jnp.dtype:
        """The compute type as a JAX type."""
        return jnp.dtype(self.dtype)

    @property
    def vectors(self) -> Spaces:
        """Observations of at most two dimensions."""
        return tuple((key, space) for key, space in self.obs_space if not space.image)

    @property
    def images(self) -> Spaces:
        """Observations that are images."""
        return tuple((key, space) for key, space in self.obs_space if space.image)

    @property
    def stoch_width(self) -> int:
        """Numbers of a flattened stoch, ``S C``."""
        return self.model.stoch * self.model.classes

    @property
    def feature_width(self) -> int:
        """Numbers of a feature, ``F = D + S C``."""
        return self.model.deter + self.stoch_width


def _check(obs_space: Mapping[str, ArraySpace], act_space: Mapping[str, ArraySpace], dtype: str) -> None:
    if dtype not in ("float32", "bfloat16"):
        raise ValueError(f"the compute type must be float32 or bfloat16, not {dtype}")
    if not obs_space:
        raise ValueError("an agent needs at least one observation")
    if not act_space:
        raise ValueError("an agent needs at least one action")
    for key in (*FLAGS, *LOSSES):
        if key in obs_space:
            raise ValueError(f"observation `{key}` has a reserved name; rename it in the environment")
    if both := sorted(set(obs_space) & set(act_space)):
        raise ValueError(f"`{both[0]}` is an observation and an action; rename one in the environment")
    if images := [key for key, space in act_space.items() if space.image]:
        raise ValueError(f"action `{images[0]}` is an image; actions are continuous or discrete")
    if len(sizes := {space.shape[:2] for space in obs_space.values() if space.image}) > 1:
        raise ValueError(f"images must have one size, not {sorted(sizes)}")
