"""Achievements of evaluation and training episodes, where the environment records them, as Crafter does."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

#: Log with one row for each training episode.
SCORES = "scores.jsonl"


def achievement_facts(directory: Path, episodes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Returns Crafter's score and the success rates in percent; empty without achievements.

    Args:
      directory: directory of the agent, with its log of training episodes.
      episodes: recorded numbers of the evaluation episodes.
    """
    from dreamerguard_agent.achievements import achievement_score, success_rates

    rates = success_rates(episodes)
    if not rates:
        return {}
    facts: dict[str, Any] = {"achievement_score": achievement_score(rates), "achievements": rates}
    rows = list(_rows(directory / SCORES))
    if trained := success_rates(rows):
        facts["training"] = {"episodes": len(rows), "achievement_score": achievement_score(trained)}
    return facts


def achievement_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    """Yields the facts of `achievement_facts` as lines of text."""
    if "achievements" not in facts:
        return
    unlocked = {name: rate for name, rate in facts["achievements"].items() if rate > 0}
    yield f"  achievement score {facts['achievement_score']:.2f} %, as in Crafter's paper; success rates:"
    yield "  " + (", ".join(f"{name} {rate:.0f} %" for name, rate in unlocked.items()) or "no achievement was unlocked")
    if training := facts.get("training"):
        score, count = training["achievement_score"], training["episodes"]
        yield f"  achievement score of the {count:,} training episodes so far, which the paper reports: {score:.2f} %"


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yields the rows of a log. Damaged rows are left out."""
    from dreamerguard.util.json_text import json_objects
    from dreamerguard.util.regular_files import open_regular

    with contextlib.suppress(OSError), open_regular(path) as file:
        yield from json_objects(file)
