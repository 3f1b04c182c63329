"""Functions shared by several tasks."""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np

from ...protocol import Array

INFINITY = float("inf")
Shape = Literal["gaussian", "linear", "quadratic", "long_tail"]


def tolerance(
    x: Array, low: float, high: float, *, margin: float = 0.0, edge: float = 0.1, shape: Shape = "gaussian"
) -> Array:
    """1 for numbers from `low` to `high`, less beyond: `edge` at a distance of `margin`, or 0 without a margin.

    Equal to ``rewards.tolerance`` of `dm_control/utils/rewards.py` for the shapes that its tasks use, on arrays of any
    shape, with fewer operations: all four shapes are 1 at a distance of 0, so that case needs no selection.
    """
    if margin == 0:
        return ((low <= x) & (x <= high)).astype(np.float64)
    distance = np.maximum(np.maximum(low - x, x - high), 0) / margin * _scale(shape, edge)
    if shape == "gaussian":
        return np.exp(-0.5 * distance**2)
    if shape == "long_tail":
        return 1 / (distance**2 + 1)
    return np.maximum(1 - (distance if shape == "linear" else distance**2), 0)


def at_least(x: Array, low: float, margin: float, edge: float) -> Array:
    """1 from `low` on, falling in a line below it to `edge` at a distance of `margin`, and on to 0."""
    return tolerance(x, low, INFINITY, margin=margin, edge=edge, shape="linear")


@cache
def _scale(shape: Shape, edge: float) -> float:
    """Distance at which the plain shape has the value `edge`."""
    if shape == "gaussian":
        return float(np.sqrt(-2 * np.log(edge)))
    if shape == "long_tail":
        return float(np.sqrt(1 / edge - 1))
    return 1 - edge if shape == "linear" else float(np.sqrt(1 - edge))


def control_cost(controls: Array) -> Array:
    """1 for no control at all, 0.8 for a full one. Averages controls [E, A] to [E]."""
    effort = tolerance(controls, 0, 0, margin=1, edge=0, shape="quadratic").mean(axis=1)
    return (4 + effort) / 5


def length(vectors: Array) -> Array:
    """Euclidean length of vectors [E, n]."""
    return np.sqrt(np.einsum("ij,ij->i", vectors, vectors))


def into_frame(vectors: Array, frame: Array) -> Array:
    """World vectors [E, 3] or [E, k, 3] as seen from a frame, a flattened rotation matrix [E, 9]; shape as given."""
    rows = vectors.reshape(len(vectors), -1, 3)
    return (rows @ frame.reshape(-1, 3, 3)).reshape(vectors.shape)
