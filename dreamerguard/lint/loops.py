"""Merges the runs that one command of a script starts: in a loop, in an array job, or in a function.

The words of such a command differ only in values, so the runs are reported like those of a sweep.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dreamerguard.core.result import Result
from dreamerguard.sources.argv import Command, SweepAxis

from .sweep_findings import SweptRun, merged
from .sweeps import badness


def by_place(commands: Sequence[Command]) -> list[list[Command]]:
    """Groups the commands of a file that stand at the same place."""
    groups: dict[tuple[int, int], list[Command]] = {}
    for number, command in enumerate(commands):
        span = command.span
        place = (span.start, span.end) if command.words and not command.axes else (-1, number)
        groups.setdefault(place, []).append(command)
    return list(groups.values())


def merged_loop(commands: Sequence[Command], results: Sequence[Result]) -> Result:
    """Returns one result for the runs that a command starts.

    Args:
      commands: the command of each run.
      results: the result of each run.
    """
    if len(results) == 1:
        return results[0]
    axes = tuple(_axes(commands))
    runs = [(result, tuple(axis.labels[number] for axis in axes)) for number, result in enumerate(results)]
    ordered = sorted(runs, key=lambda item: badness(item[0]))
    return merged([SweptRun(*item) for item in ordered], axes, sum(result.runs for result in results))


def _axes(commands: Sequence[Command]) -> Iterator[SweepAxis]:
    """Yields one axis for each word that differs; its labels are the values in the order of the commands."""
    if len({len(command.words) for command in commands}) > 1:
        return
    for index in range(len(commands[0].words)):
        words = [command.words[index] for command in commands]
        if len({word.text for word in words}) == 1:
            continue
        before = commands[0].words[index - 1].text if index else ""
        name, equals, _ = words[0].text.partition("=")
        name = name if equals else before if before.startswith("-") else ""
        labels = tuple(word.text.partition("=")[2] if equals else word.text for word in words)
        yield SweepAxis(index, name.lstrip("-+") or "argument", tuple((word,) for word in words), labels)
