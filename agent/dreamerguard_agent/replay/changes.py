"""The ring of a replay in chunks, and which of them changed since when.

Records are written once, in order. Latents are written with them, and again by every update for the windows that it
trained on. The host chooses both, so it knows which chunks change without looking at the device.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..checkpoints.chunks import ChunkLayout
from .ring import Ring
from .storage import groups

Numbers = npt.NDArray[np.int64]

#: Preferred bytes of a chunk, and maximum bytes of one chunk of every stream: one vector step may copy as much.
_CHUNK_BYTES, _STEP_BYTES = 1 << 18, 1 << 25
_FEWEST_ROWS, _MOST_ROWS = 16, 4096


class RingChunks:
    """The chunks of a ring and their changes.

    Args:
      ring: the ring, [E, R, ...] of one agent or [N, E, R, ...] of several; only its shapes are used.
      processes: processes that have a ring of this shape each; chunks are as long as those of one ring of all.

    Attributes:
      layouts: by group.
      whole: layouts of the ring of all processes, as a checkpoint holds it.
      epoch: number of the current epoch; a copy ends it.
      changed: by group, int64 [S, C]: the epoch in which a chunk last changed.
    """

    def __init__(self, ring: Ring, processes: int = 1) -> None:
        self._processes = processes
        self._lead = ring.latents.deter.shape[:-2]
        self.rows = ring.rows
        self.layouts = {name: self._layout(leaves) for name, leaves in groups(ring).items()}
        self.whole = {
            name: replace(layout, streams=layout.streams * processes) for name, layout in self.layouts.items()
        }
        self.epoch = 1
        self.changed = {
            name: np.zeros((layout.streams, layout.chunks), np.int64) for name, layout in self.layouts.items()
        }

    def inserted(self, group: str, position: int) -> tuple[Numbers, Numbers]:
        """Returns streams and numbers of the chunks that record number ``position`` changes."""
        layout = self.layouts[group]
        streams = np.arange(layout.streams)
        return streams, np.full_like(streams, position % self.rows // layout.chunk)

    def trained(self, indices: npt.NDArray[Any], length: int) -> tuple[Numbers, Numbers]:
        """Returns streams and numbers of the latents' chunks that updates on these windows change.

        Args:
          indices: windows of `WindowSampler.draw`, [..., B, 2], with an axis of agents in front if there are several.
          length: T, trained steps of a window; they follow the first record.
        """
        layout = self.layouts["latents"]
        flat = indices.reshape(*self._lead[:-1], -1, 2).astype(np.int64)
        streams = flat[..., 0]
        if len(self._lead) > 1:
            streams = streams + np.arange(self._lead[0])[:, None] * self._lead[1]
        rows = (flat[..., 1, None] + 1 + np.arange(length)) % self.rows
        both = np.unique(streams[..., None] * layout.chunks + rows // layout.chunk)
        return both // layout.chunks, both % layout.chunks

    def mark(self, group: str, streams: Numbers, numbers: Numbers) -> None:
        """Notes that chunks change in the current epoch."""
        self.changed[group][streams, numbers] = self.epoch

    def _layout(self, leaves: dict[str, Any]) -> ChunkLayout:
        depth = len(self._lead) + 1
        streams = int(np.prod(self._lead))
        arrays = {name: (value.dtype.name, tuple(value.shape[depth:])) for name, value in leaves.items()}
        row = ChunkLayout(streams, 1, 1, arrays).size(0)
        fitting = min(_CHUNK_BYTES, _STEP_BYTES // (streams * self._processes)) // max(row, 1)
        rows = min(max(1 << max(fitting, 1).bit_length() - 1, _FEWEST_ROWS), _MOST_ROWS)
        return ChunkLayout(streams, self.rows, min(rows, self.rows), arrays)
