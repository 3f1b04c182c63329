"""Renders the report on a repository: the findings of all its runs, then one summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from dreamerguard.core.finding import Severity
from dreamerguard.core.programs import shown_program
from dreamerguard.core.result import RepositoryResult
from dreamerguard.util.text import plain

from .full import clean, finding_block, suppressed, unlisted
from .look import ReportLook, fold
from .places import all_findings

#: Unreadable files, and reasons why runs were not judged, that are listed; the others are only counted.
_NAMED = 5


def render_tree(outcome: RepositoryResult, look: ReportLook | None = None) -> str:
    """Returns all findings, the most severe first, and a summary, ending with a line break."""
    look = look or ReportLook()
    shown = [item for item in all_findings(outcome.results) if item.allowed is None or item.allowed_by == "command"]
    blocks = [finding_block(item, look) for item in shown]
    closing = "\n".join(fold(line, look, 4) for line in repository_summary(outcome).split("\n"))
    change = ["\n".join(fold(f"{plain(line)}.", look, 2) for line in outcome.change)] if outcome.change else []
    return "\n\n".join([*blocks, *change, closing]) + "\n"


def repository_summary(outcome: RepositoryResult) -> str:
    """Returns the counts of findings and of what was checked, for people."""
    return "\n".join(plain(line) for line in _summary(outcome))


def _summary(outcome: RepositoryResult) -> Iterator[str]:
    counts = Counter(item.severity for item in all_findings(outcome.results) if item.allowed is None)
    parts = [_counted(counts[severity], severity) for severity in Severity if counts[severity]]
    found = ", ".join(parts) or clean(*outcome.results)
    kinds = ((outcome.commands, "command"), (outcome.presets, "configuration file"))
    checked = " and ".join(_counted(number, noun) for number, noun in kinds if number)
    yield (
        f"{found}{suppressed(*outcome.results)}; {f'checked {checked}; ' if checked else ''}read {outcome.files} of"
        f" {_counted(outcome.seen, 'file')}"
    )
    for name, (count, reason) in outcome.dialects.items():
        yield f"  {shown_program(name)}: {_counted(count, 'run')}, recognised: {reason}"
    reasons: Counter[str] = Counter()
    for result in outcome.unjudged:
        reasons[result.judged.text] += result.unjudged
    runs = sum(1 if result.sweep is None else result.sweep.linted for result in outcome.results)
    yield from (f"  {number} of {_counted(runs, 'run')}: {text}" for text, number in reasons.most_common(_NAMED))
    open_sweeps = Counter(text for result in outcome.results if (text := unlisted(result)))
    yield from (f"  {_counted(number, 'sweep')}: {text}" for text, number in open_sweeps.most_common(_NAMED))
    if outcome.unreadable:
        yield f"  {_counted(len(outcome.unreadable), 'file')} cannot be read:"
        yield from (f"    {text}" for text in outcome.unreadable[:_NAMED])
    if outcome.unread:
        yield f"  {_counted(len(outcome.unread), 'place')} not read:"
        yield from (f"    {text}" for text in outcome.unread[:_NAMED])


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 or noun == 'info' else 's'}"
