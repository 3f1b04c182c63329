"""Defines the named model sizes and their widths.

The seven sizes from ``size1m`` to ``size400m`` are the presets of danijar/dreamerv3 (``dreamerv3/configs.yaml`` at
e3f0224): with a width d of 64 to 1536, units and hidden are d, the recurrent state is 8 d, and latent classes and
convolution depth are d / 16. ``size200k`` continues the same table downwards to d = 32 for runs on a few CPU cores; no
published score was reached with it.
"""

from __future__ import annotations

from typing import Literal

SizeName = Literal["size200k", "size1m", "size12m", "size25m", "size50m", "size100m", "size200m", "size400m"]

Widths = dict[str, int]


def _widths(units: int, classes: int, depth: int) -> Widths:
    return {"deter": 8 * units, "hidden": units, "classes": classes, "units": units, "depth": depth}


#: Size name -> ``model`` settings.
SIZES: dict[SizeName, Widths] = {
    "size200k": _widths(32, 4, 2),
    "size1m": _widths(64, 4, 4),
    "size12m": _widths(256, 16, 16),
    "size25m": _widths(384, 24, 24),
    "size50m": _widths(512, 32, 32),
    "size100m": _widths(768, 48, 48),
    "size200m": _widths(1024, 64, 64),
    "size400m": _widths(1536, 96, 96),
}
