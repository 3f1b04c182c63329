"""Open-loop prediction: the world model sees the first steps of a window and predicts the rest from the actions alone.

danijar/dreamerv3 at e3f0224 reports the same (`dreamerv3/agent.py`, `report`): the posterior over the first half of the
window, then the prior with the actions of the replay, and the decoder on both. No episode starts within the prediction,
as there: the latent state goes on where the window begins another episode.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from ..base.pytree import Params
from ..base.spec import AgentSpec
from ..model import codec, rssm
from ..model.products import with_products_of_spec
from ..model.rssm import Action, Latent
from .learner import Batch, split_context


@with_products_of_spec
def predict_images(spec: AgentSpec, params: Params, batch: Batch, context: int, key: jax.Array) -> dict[str, jax.Array]:
    """Reconstructs the first steps of windows and predicts the others.

    Args:
      spec: the agent; it decodes at least one image.
      params: its parameters.
      batch: windows of T + 1 steps, see `Batch`; step 0 is context of the replay and not predicted.
      context: steps that the model sees, from 1 to T - 1.
      key: for the draws of the latents; consumed.

    Returns:
      By key of the decoded images: uint8 [B, T, height, width, channels].
    """
    carry, action, steps = split_context(spec, batch)
    tokens = codec.encode(spec, params, steps)
    rows, length = steps["is_first"].shape
    noise = jax.random.gumbel(key, (rows, length, spec.model.stoch, spec.model.classes), jnp.float32)
    early, late = _cut(action, slice(context)), _cut(action, slice(context, None))
    first = steps["is_first"][:, :context]
    last, seen = rssm.observe(spec, params, carry, tokens[:, :context], early, first, noise[:, :context])
    _, ahead, _ = rssm.imagine(spec, params, last, _given, noise[:, context:], late)
    deter, stoch = (jnp.concatenate(pair, 1) for pair in ((seen.deter, ahead.deter), (seen.stoch, ahead.stoch)))
    decoded = codec.decode(spec, params, deter, stoch)
    return {key: _bytes(decoded[key].pred()) for key, _ in spec.decoded_images}


def _given(latent: Latent, action: Action) -> Action:
    """Is the policy of a given sequence of actions, which `rssm.imagine` passes as noise."""
    del latent
    return action


def _cut(action: Action, part: slice) -> Action:
    return {key: value[:, part] for key, value in action.items()}


def _bytes(pixels: jax.Array) -> jax.Array:
    return jnp.clip(jnp.round(pixels * 255), 0, 255).astype(jnp.uint8)
