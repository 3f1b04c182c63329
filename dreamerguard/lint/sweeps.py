"""Lints the runs of a sweep and merges them into one result.

Every value of every axis is part of a linted run. If the sweep has more combinations than `MAX_RUNS`, each value is
linted beside the first values of the other axes, and then the combinations of the worst values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from math import inf, prod

from dreamerguard.core.result import Result
from dreamerguard.sources.argv import Command, SweepAxis
from dreamerguard.util.fast_dataclass import dataclass

from .sweep_findings import SweptRun, merged

#: Largest number of combinations that are all linted, and of values that are linted one at a time.
MAX_RUNS = 48
#: Largest number of combinations of the worst values, linted after single values.
_MAX_WORST = 16

_Picked = tuple[int, ...]
_Badness = tuple[int, bool, float]


@dataclass(frozen=True, slots=True)
class _Linted:
    picked: _Picked
    result: Result


def badness(result: Result) -> _Badness:
    """Returns a sort key that puts the worst run first."""
    share = result.run.update_share
    rank = min((item.severity.rank for item in result.active), default=9)
    return (rank, not any(item.severe for item in result.active), inf if share is None else share)


def lint_sweep(command: Command, lint: Callable[[Command], Result]) -> Result:
    """Lints the runs of a command with axes.

    Args:
      command: the sweep.
      lint: lints one run.
    """
    sizes = [len(axis.choices) for axis in command.axes]
    total = prod(sizes)
    linted = {picked: _Linted(picked, lint(command.pick(picked))) for picked in _planned(command.axes)}
    if len(linted) < total:
        for picked in _worst(sizes, list(linted.values())):
            if picked not in linted:
                linted[picked] = _Linted(picked, lint(command.pick(picked)))
    ordered = sorted(linted.values(), key=lambda item: badness(item.result))
    runs = [SweptRun(item.result, _labels(command.axes, item.picked)) for item in ordered]
    return merged(runs, command.axes, total)


def _labels(axes: Sequence[SweepAxis], picked: _Picked) -> tuple[str, ...]:
    return tuple(axis.labels[value] for axis, value in zip(axes, picked, strict=True))


def _planned(axes: Sequence[SweepAxis]) -> Iterator[_Picked]:
    """Yields all combinations, or those that hold every value once."""
    sizes = [len(axis.choices) for axis in axes]
    if prod(sizes) <= MAX_RUNS:
        yield from product(*(range(size) for size in sizes))
        return
    base = (0,) * len(sizes)
    if sum(size - 1 for size in sizes) < MAX_RUNS:
        yield base
        for index, size in enumerate(sizes):
            yield from ((*base[:index], value, *base[index + 1 :]) for value in range(1, size))
        return
    chosen = [_spread(axis) for axis in axes]
    for step in range(max(len(values) for values in chosen)):
        yield tuple(values[step % len(values)] for values in chosen)


def _spread(axis: SweepAxis) -> list[int]:
    """Returns the values of an axis; of a long one the smallest, the largest and some between."""
    size = len(axis.labels)
    if size <= MAX_RUNS:
        return list(range(size))
    order = sorted(range(size), key=lambda index: (_number(axis.labels[index]), index))
    edge = MAX_RUNS // 3
    step = max((size - 2 * edge) // edge, 1)
    return [*order[:edge], *order[-edge:], *order[edge:-edge:step]][:MAX_RUNS]


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return inf
    return value if value == value else inf


def _worst(sizes: Sequence[int], linted: Sequence[_Linted]) -> Iterator[_Picked]:
    """Yields combinations of the values that were worst one at a time."""
    ranked: list[list[int]] = []
    for index in range(len(sizes)):
        best: dict[int, _Badness] = {}
        for item in linted:
            value, own = item.picked[index], badness(item.result)
            best[value] = min(best.get(value, own), own)
        ranked.append(sorted(best, key=lambda value: (best[value], value)))
    worst = tuple(values[0] for values in ranked)
    yield worst
    others = [(index, value) for index, values in enumerate(ranked) for value in values[1:3]]
    for index, value in others[: _MAX_WORST - 1]:
        yield (*worst[:index], value, *worst[index + 1 :])
