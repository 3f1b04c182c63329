"""Measures observations and episodes for the rules. Part of `script`, which loads it by its path.

It imports nothing of dreamerguard, which may not be installed in the training program's Python.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .spaces import KINDS
else:
    from dreamerguard_probe_spaces import KINDS  # `script` loads it under this name


class ObservedKey:
    """Facts about one observation key, collected over all steps."""

    def __init__(self, value: Any) -> None:
        import numpy as np

        first = np.asarray(value)
        self.shape, self.kind = list(first.shape), KINDS.get(first.dtype.kind, "other")
        self.first, self.finite, self.constant, self.varying = first, True, True, False
        self.blank = first.ndim == 3 and first.size > 0 and bool((first == first.flat[0]).all())

    def add(self, value: Any) -> None:
        """Adds one value."""
        import numpy as np

        value = np.asarray(value)
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            self.finite = False
        self.varying = self.varying or value.shape != self.first.shape
        self.constant = self.constant and value.shape == self.first.shape and bool((value == self.first).all())

    def facts(self) -> dict[str, Any]:
        """Returns the facts as plain data for JSON."""
        names = ("shape", "kind", "finite", "constant", "blank", "varying")
        return {name: getattr(self, name) for name in names}


def play(game: Any, observations: dict[str, ObservedKey], steps: int, deadline: float) -> dict[str, Any]:
    """Plays one episode of random actions. Rewards that are not finite are counted and are in no sum."""
    length, total, largest, not_finite, last, terminal = 0, 0.0, 0.0, 0, False, False
    seen, *_ = game.first()
    while True:
        for name, value in seen.items():
            observations.setdefault(name, ObservedKey(value)).add(value)
        if last or length >= steps or time.monotonic() > deadline:
            break
        seen, reward, last, terminal = game.step()
        length += 1
        if math.isfinite(reward):
            total, largest = total + reward, max(largest, abs(reward))
        else:
            not_finite += 1
    cut = not last and length < steps  # stopped by the time limit, so its end is not known
    return {
        "length": length,
        "total": total,
        "largest": largest,
        "not_finite": not_finite,
        "last": bool(last),
        "terminal": bool(terminal),
        "cut": cut,
    }


def end_alike(episodes: list[dict[str, Any]]) -> bool:
    """Returns whether all episodes end as terminal after the same number of steps, which may be chance."""
    return all(episode["terminal"] for episode in episodes) and len({episode["length"] for episode in episodes}) == 1


def frame_facts(game: Any, observations: dict[str, ObservedKey]) -> dict[str, Any]:
    """Returns whether there are images: one of the observations is an image, or rendering works."""
    if any(len(item.shape) == 3 for item in observations.values()):
        return {"frame": True, "frame_error": ""}
    try:
        return {"frame": game.frame() is not None, "frame_error": ""}
    except NotImplementedError:
        return {"frame": False, "frame_error": ""}  # an environment without pictures
    except Exception as error:
        return {"frame": False, "frame_error": f"{type(error).__name__}: {error}"[:300]}
