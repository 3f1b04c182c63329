"""Reads a few windows of the replay from a checkpoint, without the rest of the replay."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from ..checkpoints.array_file import Array
from ..checkpoints.checkpoint import Checkpoint
from .ring import Ring, StoredLatents, Windows, gather


def stored_windows(found: Checkpoint, agent: int, agents: int, count: int, length: int, seed: int) -> Windows | None:
    """Draws windows from those that the sampler of an agent lists, without replacement, and reads them.

    Args:
      found: the checkpoint.
      agent: number of the agent; agents: of all.
      count: most windows.
      length: T, steps after the first one; at most those of the run's windows.
      seed: seed of the draw.

    Returns:
      The windows, [B, T + 1, ...]; None if there is none, or the checkpoint holds no replay.

    Raises:
      NoSoundCheckpoint: the files change meanwhile.
    """
    if not found.tables:
        return None
    listed = found.part("sampler")["windows" if agents == 1 else f"{agent}.windows"]
    if not len(listed):
        return None
    chosen = np.random.default_rng(seed).choice(len(listed), min(count, len(listed)), replace=False)
    read = [_rows(found, agent, agents, int(stream), int(start), length + 1) for stream, start in listed[chosen]]
    joined = [{name: np.stack([item[group][name] for item in read]) for name in read[0][group]} for group in (0, 1)]
    latents = StoredLatents(jnp.asarray(joined[1]["deter"]), jnp.asarray(joined[1]["stoch"]))
    small = Ring({name: jnp.asarray(value) for name, value in joined[0].items()}, latents)
    indices = np.stack([np.arange(len(read)), np.zeros(len(read))], -1).astype(np.int32)
    windows: Windows = jax.device_get(gather(small, jnp.asarray(indices), length + 1))
    return windows


def _rows(
    found: Checkpoint, agent: int, agents: int, stream: int, start: int, count: int
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Returns records and latents of consecutive records of one stream of an agent, [count, ...] by name."""
    parts = []
    for group in ("records", "latents"):
        layout = found.tables[group].layout
        row = (start + np.arange(count)) % layout.rows
        place = agent * (layout.streams // agents) + stream
        chunks = {number: found.piece(group, place, number) for number in sorted({*(row // layout.chunk).tolist()})}
        pairs = [(chunks[at // layout.chunk].arrays, at % layout.chunk) for at in row.tolist()]
        parts.append({name: np.stack([arrays[name][at] for arrays, at in pairs]) for name in layout.arrays})
    return parts[0], parts[1]
