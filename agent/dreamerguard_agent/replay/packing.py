"""Packed rings: the rows that some windows cover, once each, as one stream that the device can hold.

Windows of one stream that overlap share rows, as in the whole ring. So updates on a packed ring read the latents that
earlier updates of the call wrote back, and overlapping windows of one batch are resolved as in the whole ring, by the
same code. Windows of a packed ring are [..., 4]: stream (always 0) and first row in the packed ring, then stream and
number of the first record in the whole one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]


class Segment(NamedTuple):
    """Consecutive records of one stream.

    Attributes:
      stream: stream in the whole ring, over all agents.
      number: number of the first record.
      length: records.
      agent: agent; at: first row in the agent's packed ring.
    """

    stream: int
    number: int
    length: int
    agent: int
    at: int


class Packing(NamedTuple):
    """The place of some windows in packed rings, one for each agent.

    Attributes:
      indices: windows, int32 [..., 4].
      segments: all records that the windows cover, once each.
      rows: rows of a packed ring, an upper bound that depends on the number of windows only.
    """

    indices: npt.NDArray[np.int32]
    segments: list[Segment]
    rows: int


def pack(indices: npt.NDArray[Any], streams: int, window: int) -> Packing:
    """Computes the packed rings of windows.

    Args:
      indices: windows, [K, B, 2] of one agent, [N, K, B, 2] of several.
      streams: E, streams of an agent.
      window: records of a window, T + 1.
    """
    agents = indices.reshape(-1, indices.shape[-3] * indices.shape[-2], 2).astype(np.int64)
    at, segments = np.zeros(agents.shape, np.int64), []
    for agent, windows in enumerate(agents):
        at[agent, :, 1], mine = _merge(windows, agent, streams, window)
        segments += mine
    packed = np.concatenate([at.reshape(indices.shape), indices], -1).astype(np.int32)
    return Packing(packed, segments, agents.shape[1] * window)


def _merge(windows: Numbers, agent: int, streams: int, window: int) -> tuple[Numbers, list[Segment]]:
    """Returns the first row of each window [n, 2] in the packed ring, and the merged segments."""
    order = np.lexsort((windows[:, 1], windows[:, 0]))
    stream, start = windows[order].T
    ahead = np.diff(start, prepend=0)
    new = np.diff(stream, prepend=-1) != 0
    new |= ahead > window
    steps = np.where(new, window, ahead)
    steps[0] = 0
    at = np.cumsum(steps)
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(order)) - 1
    length = start[last] + window - start[first]
    columns = (stream[first] + agent * streams, start[first], length, np.full(len(first), agent), at[first])
    places = np.empty(len(order), np.int64)
    places[order] = at
    return places, [Segment(*row) for row in np.stack(columns, -1).tolist()]
