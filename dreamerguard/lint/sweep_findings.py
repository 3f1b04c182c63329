"""Merges the findings of the runs of a sweep: one story is told once, and names the values that it belongs to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from dreamerguard.core.finding import Finding
from dreamerguard.core.judged import Judged
from dreamerguard.core.result import Result, SweepStats
from dreamerguard.core.source import Span
from dreamerguard.sources.argv import SweepAxis
from dreamerguard.util.fast_dataclass import dataclass

#: Most values of an axis that a finding names.
_NAMED = 5

_Story = tuple[str, str, str, int]
#: Name of a file, start, end, number of an axis.
_Place = tuple[str, int, int, int]


@dataclass(frozen=True, slots=True)
class SweptRun:
    """The result of one run of a sweep, and the value of each axis."""

    result: Result
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Told:
    """A finding of one run."""

    run: SweptRun
    finding: Finding


def merged(runs: Sequence[SweptRun], axes: Sequence[SweepAxis], total: int) -> Result:
    """Returns one result for all runs.

    Args:
      runs: the linted runs, the worst first.
      axes: the axes of the sweep.
      total: number of runs that the sweep starts.
    """
    places = tuple(_places(axes))
    stories: dict[_Story, list[_Told]] = {}
    for run in runs:
        for finding in run.result.findings:
            stories.setdefault(_story(finding, places), []).append(_Told(run, finding))
    findings = (_finding(told, runs, axes, places) for told in stories.values())
    unjudged = sum(run.result.unjudged for run in runs)
    stats = SweepStats(total, len(runs), unjudged, _judged([run.result.judged for run in runs]))
    ordered = tuple(sorted(findings, key=lambda item: item.order))
    return replace(runs[0].result, findings=ordered, sweep=stats)


def _places(axes: Sequence[SweepAxis]) -> Iterator[_Place]:
    """Yields the range of each file in which the values of an axis stand."""
    for number, axis in enumerate(axes):
        ranges: dict[str, tuple[int, int]] = {}
        for span in (word.span for choice in axis.choices for word in choice):
            start, end = ranges.get(span.source.name, (span.start, span.end))
            ranges[span.source.name] = (min(start, span.start), max(end, span.end))
        yield from ((name, start, end, number) for name, (start, end) in ranges.items())


def _axis_at(span: Span, places: Sequence[_Place]) -> int | None:
    """Returns the axis that has a value at a place."""
    found = (axis for name, start, end, axis in places if name == span.source.name and start <= span.start < end)
    return next(found, None)


def _story(finding: Finding, places: Sequence[_Place]) -> _Story:
    span = finding.primary.span
    axis = _axis_at(span, places)
    return (finding.name, finding.key, span.source.name, span.start if axis is None else -1 - axis)


def _finding(
    told: Sequence[_Told], runs: Sequence[SweptRun], axes: Sequence[SweepAxis], places: Sequence[_Place]
) -> Finding:
    """Returns the worst finding of a story, with the values of the sweep that it belongs to."""
    worst = min(told, key=lambda item: item.finding.order[:2])
    named = _named(told, runs, axes)
    finding = worst.finding
    if named:
        finding = replace(finding, message=f"{finding.message} ({_values(named, worst, told, runs, axes)})")
    fix = finding.fix
    edits = fix.edits if fix is not None else ()
    same = all(item.finding.fix is not None and item.finding.fix.edits == edits for item in told)
    inside = any(_axis_at(edit.span, places) is not None for edit in edits)
    return finding if same and not inside else replace(finding, fix=None)


def _named(told: Sequence[_Told], runs: Sequence[SweptRun], axes: Sequence[SweepAxis]) -> list[int]:
    """Returns the axes that a finding depends on; only one if its values alone explain where the finding occurs."""
    named = [number for number in range(len(axes)) if _matters(number, told, runs)]
    for number in sorted(named, key=lambda item: axes[item].name != told[0].finding.key):
        values = {item.run.labels[number] for item in told}
        if sum(run.labels[number] in values for run in runs) == len(told) and len(values) < len(runs):
            return [number]
    return named


def _matters(number: int, told: Sequence[_Told], runs: Sequence[SweptRun]) -> bool:
    """Returns whether a finding depends on the value of an axis."""
    if {item.run.labels[number] for item in told} != {run.labels[number] for run in runs}:
        return True
    messages: dict[str, set[str]] = {}
    for item in told:
        messages.setdefault(item.run.labels[number], set()).add(item.finding.message)
    return len(set(map(frozenset, messages.values()))) > 1


def _values(
    named: Sequence[int], worst: _Told, told: Sequence[_Told], runs: Sequence[SweptRun], axes: Sequence[SweepAxis]
) -> str:
    text = "with " + ", ".join(f"{axes[number].name}={worst.run.labels[number]}" for number in named)
    if len(named) == 1:
        others = dict.fromkeys(item.run.labels[named[0]] for item in told)
        others.pop(worst.run.labels[named[0]])
        listed = [*others][:_NAMED]
        more = len(others) - len(listed)
        text += f", also {', '.join(listed)}" + (f" and {more} more" if more else "") if listed else ""
    return text + (f"; {len(told)} of {len(runs)} runs" if len(told) < len(runs) else "")


def _judged(parts: Sequence[Judged]) -> Judged:
    """Returns the parts that were judged in all runs, and the reason that most of the other runs have."""
    if all(item.everything for item in parts):
        return parts[0]
    missing = [item for item in parts if not item.everything]
    reason, _ = Counter(item.reason for item in missing).most_common(1)[0]
    return Judged(
        all(item.task for item in parts),
        all(item.ratio for item in parts),
        all(item.budget for item in parts),
        reason,
    )
