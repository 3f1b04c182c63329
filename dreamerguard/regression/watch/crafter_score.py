"""Computes Crafter's score from the counts of achievements that a run stored for every training episode.

Danijar Hafner, Benchmarking the Spectrum of Agent Capabilities (https://arxiv.org/abs/2109.06780): the success rate sᵢ
of an achievement is the share of episodes that unlock it, in percent, over all episodes of the training. The score is
``S = exp(1/N Σᵢ ln(1 + sᵢ)) - 1``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dreamerguard.util.json_text import json_objects
from dreamerguard.util.regular_files import read_regular

#: Largest file that is read. A million frames are about 5,000 episodes of a kilobyte.
_MOST = 64 << 20

#: Keys of the bundled trainer (``log/achievement_collect_coal/max``) and of Crafter's own statistics.
_KEY = re.compile(r"(?:log/)?achievement_(\w+?)(?:/max)?")


def crafter_score(directory: Path, frames: float) -> tuple[float, int] | None:
    """Returns the score in percent and the number of episodes; None if no file counts achievements.

    Reads ``scores.jsonl`` of the bundled trainer, else ``stats.jsonl`` of Crafter in the directory and its folders
    ``env*``, as danijar/dreamerv3 writes it with ``env.crafter.use_logdir``.

    Args:
      directory: directory of the run.
      frames: length in environment frames; later episodes do not count.
    """
    of_crafter = [directory / "stats.jsonl", *sorted(directory.glob("env*/stats.jsonl"))]
    for files in ([directory / "scores.jsonl"], of_crafter):
        known = [path for path in files if path.is_file()]
        episodes = [found for path in known for found in _episodes(path, frames / len(known))]
        names = {name for found in episodes for name in found}
        if names:
            rates = [100 * sum(found.get(name, 0) >= 1 for found in episodes) / len(episodes) for name in names]
            return math.expm1(math.fsum(map(math.log1p, rates)) / len(rates)), len(episodes)
    return None


def _episodes(path: Path, frames: float) -> Iterator[dict[str, float]]:
    """Yields achievement -> how often it was unlocked, for each episode up to a number of frames."""
    end = 0.0
    for row in _rows(path):
        found = {
            match[1]: float(value)
            for key, value in row.items()
            if isinstance(value, (int, float)) and (match := _KEY.fullmatch(key)) is not None
        }
        length = row.get("length")
        end = float(row["frames"]) if isinstance(row.get("frames"), (int, float)) else end + float(length or 0)
        if end > frames:
            return
        if found:
            yield found


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        lines = read_regular(path, _MOST).splitlines()
    except OSError:
        return
    yield from json_objects(lines)
