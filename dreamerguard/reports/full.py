"""Renders the report for people: message, place with carets, cost, evidence, and the corrected command."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from dreamerguard.core.finding import Finding, Fix, Severity
from dreamerguard.core.programs import shown_program
from dreamerguard.core.result import Result, counted
from dreamerguard.util.text import number_of, paint, plain

from .look import ReportLook, fold
from .snippet import snippet, told_places

_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}


def render_full(result: Result, color: bool = False, look: ReportLook | None = None) -> str:
    """Returns all findings and a summary, ending with a line break.

    Args:
      result: the result on one run.
      color: whether the report is coloured, without ``look``.
      look: how the report looks; by default lines of any length.
    """
    look = look or ReportLook(color)
    shown = [finding for finding in result.findings if finding.allowed is None or finding.allowed_by == "command"]
    return "\n\n".join([*_commands_once(shown, look), fold(summary(result), look, 2)]) + "\n"


def _commands_once(findings: Sequence[Finding], look: ReportLook) -> Iterator[str]:
    """Yields the blocks of the findings; a command with the fixes of several stands in the last of them only."""
    number = Counter(item.fix.command for item in findings if item.fix is not None and item.fix.command is not None)
    left = number.copy()
    for item in findings:
        command = item.fix.command if item.fix is not None else None
        if item.fix is None or command is None or number[command] == 1:
            yield finding_block(item, look)
            continue
        left[command] -= 1
        block = finding_block(replace(item, fix=replace(item.fix, command=None)), look)
        title = _note("fixed command", f"with all {number[command]} fixes", look)
        yield block if left[command] else f"{block}\n{title}\n      {plain(command)}"


def finding_block(finding: Finding, look: ReportLook) -> str:
    """Returns one finding with its place, without a line break at the end."""
    return "\n".join(_finding(finding, look))


def _finding(finding: Finding, look: ReportLook) -> Iterator[str]:
    color = look.color
    style = _STYLES[finding.severity]
    head = paint(f"{finding.severity}[{finding.name}]", style, "bold", color=color)
    mark = " (allowed)" if finding.allowed is not None else ""
    yield fold(f"{head} {finding.code}{mark}: {paint(plain(finding.message), 'bold', color=color)}", look, 4)
    places = snippet(finding.primary, finding.secondary, style, look) if look.drawn else told_places(finding)
    yield from places
    if finding.harm is not None:
        yield _note(f"cost ({finding.harm.level})", finding.harm.text, look)
    for evidence in finding.evidence:
        yield _note(evidence.kind, evidence.text, look)
        if evidence.url:
            yield f"      {plain(evidence.url)}"
    if finding.upstream:
        yield _note("upstream", f"{finding.upstream} ships it this way; it is not your mistake", look)
    if finding.help:
        yield _note("help", finding.help, look)
    if finding.fix is not None:
        yield from _fix(finding.fix, look)
    if finding.allowed is not None:
        yield _note("allowed", finding.allowed or "no reason given", look)


def _fix(fix: Fix, look: ReportLook) -> Iterator[str]:
    yield _note("fix", fix.message + ("" if fix.safe else " (changes what trains)"), look)
    if fix.command is not None:
        yield f"      {plain(fix.command)}"


def _note(name: str, text: str, look: ReportLook) -> str:
    sign = f"{paint('=', 'blue', color=look.color)} " if look.drawn else ""
    return fold(f"  {sign}{paint(name, 'bold', color=look.color)}: {plain(text)}", look)


def summary(result: Result) -> str:
    """Returns one line with the counts of findings and of what was checked."""
    counts = Counter(finding.severity for finding in result.active)
    words = [
        f"{counts[severity]} {severity}{_plural(severity, counts[severity])}"
        for severity in _STYLES
        if counts[severity]
    ]
    severe = sum(finding.severe for finding in result.active)
    found = ", ".join(words) or clean(result)
    found += f" ({severe} severe)" if severe else ""
    found += suppressed(result)
    some = f"{result.unjudged} of {result.sweep.linted} runs: " if result.sweep is not None else ""
    found += f"; {some}{plain(result.judged.text)}" if result.judged.text else ""
    found += f"; {unlisted(result)}" if unlisted(result) else ""
    found += f"; {result.run.probe.text}" if result.run.probe is not None else ""
    checked = result.checked
    scope = f"{number_of(checked.rules, 'rule')} on {number_of(checked.settings, 'setting')}"
    files = f" of {', '.join(plain(name) for name in result.run.files)}" if result.run.files else ""
    return (
        f"{found}; checked {scope}{files}{sweep(result)} (program {shown_program(result.dialect)}: {result.detected})"
    )


def sweep(result: Result) -> str:
    """Returns the number of runs of a sweep: `` in 12 runs of a sweep``; empty for a single run."""
    if result.sweep is None:
        return ""
    linted, runs = result.sweep.linted, result.sweep.runs
    part = f"{linted} of {runs} runs of a sweep: every value, and the worst together" if linted < runs else ""
    return f" in {part or f'{runs} runs of a sweep'}"


def unlisted(result: Result) -> str:
    """Returns the keys of a sweep with unknown values that did not prevent judging, as a sentence; or an empty text."""
    keys = plain(", ".join(key for key in result.run.unlisted if key not in result.judged.text))
    return f"the values of {keys} are chosen while the sweep runs, so they were not judged" if keys else ""


def clean(*results: Result) -> str:
    """Returns the sentence of a report without findings; only fully judged runs have no problems."""
    if not results:
        return "nothing to check"
    if all(result.run.other for result in results):
        return "not checked"
    judged = all(result.judged.everything for result in results)
    return "no problems found" if judged else "nothing found in what was judged"


def suppressed(*results: Result) -> str:
    """Returns the number of suppressed findings by place: ``, 3 suppressed (2 by comment, 1 by baseline)``."""
    hidden = counted(results)
    allowed, _ = hidden.pop("command", 0), hidden.pop("threshold", 0)
    below = Counter(
        "--min-confidence" if str(item.allowed).startswith("confidence") else "--min-severity"
        for result in results
        for item in result.findings
        if item.allowed is not None and item.allowed_by == "threshold"
    )
    places = ", ".join(f"{count} by {by}" for by, count in sorted(hidden.items()))
    text = f", {sum(hidden.values())} suppressed ({places})" if hidden else ""
    text += "".join(f", {count} below {option}" for option, count in sorted(below.items()))
    return (f", {allowed} allowed" if allowed else "") + text


def _plural(severity: Severity, count: int) -> str:
    return "" if severity is Severity.INFO or count == 1 else "s"
