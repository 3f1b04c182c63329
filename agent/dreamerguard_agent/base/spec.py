"""`AgentSpec`: all properties of an agent that are fixed before compilation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import jax.numpy as jnp

from dreamerguard.schema import LossSection, ModelSection, OptimizerSection, RunConfig

from . import selection
from .names import FLAGS, LOSSES
from .spaces import ArraySpace, Spaces, sort_spaces


@dataclass(frozen=True, slots=True)
class AgentSpec:
    """The fixed description of an agent: hashable, so a static argument of every compiled function.

    Attributes:
      obs_space: observations that the encoder or the decoder selects, sorted; without rewards and flags.
      act_space: actions, sorted.
      model: widths of the networks.
      optimizer: settings of the optimizer.
      loss: settings of the losses.
      dtype: compute type of the networks: ``float32``; ``bfloat16``; or ``mixed``, float32 with products of bfloat16
        operands and float32 sums in an update. Parameters, optimizer, norms, logits and distributions are always
        float32.
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
          obs_space: observations without ``is_first``, ``is_last``, ``is_terminal`` and ``reward``. Those that neither
            encoder nor decoder selects are left out.
          act_space: actions without ``reset``.
          dtype: ``float32``, ``bfloat16`` or ``mixed``.

        Raises:
          ValueError: the agent cannot be trained with these spaces or this type; the message states the cause.
        """
        _check(obs_space, act_space, dtype)
        obs_space = selection.learned(config.model, obs_space)
        spaces = sort_spaces(obs_space), sort_spaces(act_space)
        if not selection.encoded(config.model, spaces[0]):
            raise ValueError(_nothing_encoded(config.model, obs_space))
        keep = config.numbers.policy == "continue"
        return cls(*spaces, config.model, config.optimizer, config.loss, dtype, keep_not_finite=keep)

    @property
    def compute(self) -> jnp.dtype:
        """The compute type as a JAX type: of activations, and of products unless they are ``mixed``."""
        return jnp.dtype("float32" if self.dtype == "mixed" else self.dtype)

    @property
    def vectors(self) -> Spaces:
        """Encoded observations of at most two dimensions."""
        return tuple((key, space) for key, space in selection.encoded(self.model, self.obs_space) if not space.image)

    @property
    def images(self) -> Spaces:
        """Encoded observations that are images."""
        return tuple((key, space) for key, space in selection.encoded(self.model, self.obs_space) if space.image)

    @property
    def decoded(self) -> Spaces:
        """Observations that are reconstructed; each has a loss of its name."""
        return selection.decoded(self.model, self.obs_space)

    @property
    def decoded_vectors(self) -> Spaces:
        """Reconstructed observations of at most two dimensions."""
        return tuple((key, space) for key, space in self.decoded if not space.image)

    @property
    def decoded_images(self) -> Spaces:
        """Reconstructed observations that are images."""
        return tuple((key, space) for key, space in self.decoded if space.image)

    @property
    def stoch_width(self) -> int:
        """Numbers of a flattened stoch, ``S C``."""
        return self.model.stoch * self.model.classes

    @property
    def feature_width(self) -> int:
        """Numbers of a feature, ``F = D + S C``."""
        return self.model.deter + self.stoch_width


def _nothing_encoded(model: ModelSection, obs_space: Mapping[str, ArraySpace]) -> str:
    return (
        f"the encoder selects no observation: model.encoder_mlp_keys is {model.encoder_mlp_keys!r},"
        f" model.encoder_cnn_keys is {model.encoder_cnn_keys!r}, and the environment gives"
        f" {', '.join(sorted(obs_space)) or 'none that the decoder selects'}"
    )


def _check(obs_space: Mapping[str, ArraySpace], act_space: Mapping[str, ArraySpace], dtype: str) -> None:
    if dtype not in ("float32", "bfloat16", "mixed"):
        raise ValueError(f"the compute type must be float32, bfloat16 or mixed, not {dtype}")
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
