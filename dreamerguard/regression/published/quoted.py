"""States which statistic the published tables quote, from which episodes, and its published value.

| suite | statistic | source |
| --- | --- | --- |
| Atari 100k | mean of the training episodes that end from 390,000 to 400,000 frames, then over seeds | issue 138 |
| Crafter | the score of Crafter's paper over all training episodes of one million frames | the paper, its leaderboard |
| others with curves | mean over the last tenth of the published curves, then over seeds | the curves |
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from statistics import fmean
from typing import Any, Literal

from dreamerguard.schema.tasks import data_dir

from .envelope import Envelope, Episodes, Measure

_ISSUE = "https://github.com/danijar/dreamerv3/issues/138#issuecomment-2623751297"
_CRAFTER = "https://arxiv.org/abs/2109.06780"
_LEADERBOARD = "https://github.com/danijar/crafter"
#: Frames of a run on Crafter, and DreamerV3's score in percent on the leaderboard of danijar/crafter, of arXiv v1.
CRAFTER_FRAMES = 1_000_000
_CRAFTER_SCORE = 14.5


@dataclass(frozen=True, slots=True)
class QuotedTable:
    """The statistic of a published table.

    Attributes:
      kind: ``mean`` of the scores in a range of frames, ``cells`` for the mean of the cells in it, ``crafter`` for the
        score of Crafter's paper in percent.
      start, end: range of frames; a score counts after ``start`` and up to ``end``.
      episodes, measure: whose scores count, and what a score is.
      published: the table's value; None if it is not known.
      seeds: number of published seeds behind it; 0 if it is not known.
      sources: addresses of the statistic and of the value.
    """

    kind: Literal["mean", "cells", "crafter"]
    start: float
    end: float
    episodes: Episodes
    measure: Measure
    published: float | None
    seeds: int
    sources: tuple[str, ...]


def quoted_table(suite: str, task: str, envelope: Envelope | None) -> QuotedTable | None:
    """Returns the statistic that published tables quote for a task; None if no public source states one.

    Args:
      suite, task: names as in `dreamerguard.schema.tasks`.
      envelope: the published curves that judge the run; None without.
    """
    if suite == "crafter":
        known = _CRAFTER_SCORE if task == "crafter_reward" else None
        return QuotedTable("crafter", 0, CRAFTER_FRAMES, "train", "return", known, 0, (_CRAFTER, _LEADERBOARD))
    if suite == "atari100k" and task in (stored := _stored())["tasks"]:
        seeds = [value for value in stored["tasks"][task] if value is not None]
        file = f"https://github.com/danijar/dreamerv3/blob/{stored['commit']}/{stored['file']}"
        return QuotedTable(
            "mean", stored["from"], stored["to"], "train", "return", fmean(seeds), len(seeds), (_ISSUE, file)
        )
    if envelope is None or envelope.release == "own" or not envelope.final.seeds:
        return None
    cells = max(1, round(0.1 * len(envelope.grid)))
    start = envelope.grid[-cells - 1] if len(envelope.grid) > cells else 0.0
    finals = envelope.final.seeds
    source = f"{envelope.source.url}/tree/{envelope.source.commit}"
    return QuotedTable(
        "cells", start, envelope.grid[-1], envelope.episodes, envelope.measure, fmean(finals), len(finals), (source,)
    )


@cache
def _stored() -> dict[str, Any]:
    data: dict[str, Any] = json.loads((data_dir() / "reference" / "quoted.json").read_text(encoding="utf-8"))
    return data
