"""Renders Markdown for a step summary or a comment: the findings, the most severe first, and what was checked."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.result import Result
from dreamerguard.util.text import plain

from .full import summary
from .places import all_findings, path_of

_SIGNS = {Severity.ERROR: "🔴 error", Severity.WARNING: "🟡 warning", Severity.INFO: "🔵 info"}
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~$-])")


def render_markdown(results: Sequence[Result], closing: Sequence[str] | None = None, change: Sequence[str] = ()) -> str:
    """Returns a heading, a table of the findings that count, corrected commands, and a summary.

    Args:
      results: results of the runs.
      closing: lines of the summary; by default one for each run.
      change: what a change costs, one sentence each.
    """
    findings = [item for item in all_findings(results) if item.allowed is None]
    lines = ["## DreamerGuard", ""]
    lines += [f"**{escape(head)}**{escape(colon + rest)}.  " for head, colon, rest in _parts(change)]
    lines += [""] if change else []
    if findings:
        lines += ["| | rule | place | message | cost |", "| --- | --- | --- | --- | --- |", *map(_row, findings), ""]
    commands = list(dict.fromkeys(item.fix.command for item in findings if item.fix and item.fix.command))
    if commands:
        lines += ["Corrected:", "", *(line for command in commands for line in _code(command))]
    lines += [f"{escape(text.strip())}  " for text in (closing or list(map(summary, results)))]
    return "\n".join(lines) + "\n"


def _parts(sentences: Sequence[str]) -> list[tuple[str, str, str]]:
    return [sentence.partition(":") for sentence in sentences]


def _row(finding: Finding) -> str:
    span = finding.primary.span
    place = f"{path_of(span.source)}:{span.line}" if span.source.kind == "file" else span.source.name
    cost = f"{finding.harm.level}: {finding.harm.text}" if finding.harm is not None else ""
    rule = f"{escape(finding.name)} ({finding.code})"
    return f"| {_SIGNS[finding.severity]} | {rule} | {escape(place)} | {escape(finding.message)} | {escape(cost)} |"


def escape(text: str) -> str:
    """Escapes a text so that Markdown and HTML show it unchanged, on one line, and ``@name`` notifies no user."""
    text = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "&#64;")
    return _SPECIAL.sub(r"\\\1", text)


def _code(text: str) -> list[str]:
    """Returns a code block with a fence that is longer than any sequence of backticks in the text."""
    shown = plain(text)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", shown)), default=0))
    return [f"{fence}sh", shown, fence, ""]
