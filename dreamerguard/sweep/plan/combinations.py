"""Expands the blocks of a sweep file into combinations of settings, in the order of the file."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from itertools import product

from dreamerguard.core.source import SourceError
from dreamerguard.core.values import spell_scalar

from .sweep_file import Draw, RandomDraws, SweepFile, Value, VaryBlock

#: Most runs of a sweep.
MAX_RUNS = 100_000
#: Keys that are given elsewhere in the file.
_RESERVED = {"task": "tasks", "seed": "seeds", "seeds": "seeds"}

#: Varied key -> value as text, in the order of the file.
Combination = Mapping[str, str]


def combinations(sweep: SweepFile) -> list[Combination]:
    """Returns every combination of the varied settings, each once; one empty combination if nothing varies.

    Raises:
      SourceError: two blocks set the same key, a key belongs elsewhere, or there are too many runs.
    """
    seen: set[str] = set()
    for key in (key for block in sweep.vary for key in _keys(block)):
        if key in _RESERVED:
            raise SourceError(f"vary sets {key}: use {_RESERVED[key]} of the sweep file")
        if key in seen:
            raise SourceError(f"vary sets {key} in two blocks")
        seen.add(key)
    expanded = [list(_expand(block)) for block in sweep.vary]
    count = math.prod(len(items) for items in expanded) * len(sweep.tasks) * len(sweep.seed_list)
    if count > MAX_RUNS:
        raise SourceError(f"the sweep has {count:,} runs; at most {MAX_RUNS:,} are planned")
    merged = ({key: text for part in parts for key, text in part.items()} for parts in product(*expanded))
    return list({tuple(item.items()): item for item in merged}.values())


def spelled(value: Value) -> str:
    """Returns a value as it stands in a command."""
    return spell_scalar(value)


def _keys(block: VaryBlock) -> Iterator[str]:
    if block.list is not None:
        return iter(block.list[0])
    if block.random is not None:
        return iter(block.random.draw)
    return iter(block.grid if block.grid is not None else block.zip or {})


def _expand(block: VaryBlock) -> Iterator[dict[str, str]]:
    if block.grid is not None:
        for values in product(*block.grid.values()):
            yield dict(zip(block.grid, map(spelled, values), strict=True))
    elif block.zip is not None:
        for values in zip(*block.zip.values(), strict=True):
            yield dict(zip(block.zip, map(spelled, values), strict=True))
    elif block.list is not None:
        order = list(block.list[0])
        yield from ({key: spelled(item[key]) for key in order} for item in block.list)
    elif block.random is not None:
        yield from _draws(block.random)


def _draws(block: RandomDraws) -> Iterator[dict[str, str]]:
    # One generator for each key, so that another key or a larger count changes no value that was drawn before.
    sources = {key: random.Random(f"{block.seed} {key}") for key in block.draw}
    for _ in range(block.count):
        yield {key: spelled(_drawn(draw, sources[key])) for key, draw in block.draw.items()}


def _drawn(draw: Draw, source: random.Random) -> Value:
    if draw.choice is not None:
        return source.choice(draw.choice)
    if draw.integer is not None:
        return source.randint(*draw.integer)
    if draw.uniform is not None:
        return float(f"{source.uniform(*draw.uniform):.6g}")
    assert draw.log_uniform is not None
    low, high = map(math.log, draw.log_uniform)
    return float(f"{math.exp(source.uniform(low, high)):.6g}")
