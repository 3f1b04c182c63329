"""Success rates of achievements, and the score of Crafter's paper.

Danijar Hafner, Benchmarking the Spectrum of Agent Capabilities (https://arxiv.org/abs/2109.06780): an achievement
counts once in an episode. Its success rate sᵢ is the share of episodes that unlock it, in percent. The score is

    S = exp(1/N Σᵢ ln(1 + sᵢ)) - 1

over the N achievements, a geometric mean that values rare achievements. The paper takes all episodes of the training;
an evaluation takes its own episodes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

#: Start and end of the keys of an episode that count achievements: the maximum over its steps.
_START, _END = "log/achievement_", "/max"


def success_rates(episodes: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Returns percent by achievement; empty without achievements.

    Args:
      episodes: for each episode, its recorded numbers by key, such as a row of ``scores.jsonl``.
    """
    names = sorted({key for episode in episodes for key in episode if key.startswith(_START) and key.endswith(_END)})
    return {
        name.removeprefix(_START).removesuffix(_END): 100.0
        * sum(episode.get(name, 0) >= 1 for episode in episodes)
        / len(episodes)
        for name in names
    }


def achievement_score(rates: Mapping[str, float]) -> float:
    """Returns the score, in percent.

    Args:
      rates: success rate of every achievement, in percent; at least one.
    """
    return math.expm1(math.fsum(math.log1p(rate) for rate in rates.values()) / len(rates))
