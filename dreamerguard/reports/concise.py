"""Renders one line for each finding, for editors and grep."""

from __future__ import annotations

from dreamerguard.core.result import Result
from dreamerguard.util.text import plain


def render_concise(result: Result) -> str:
    """Returns lines ``file:line:column: severity[name] CODE message`` and a note on unjudged parts; empty if clean."""
    lines = [
        f"{item.primary.span}: {item.severity}[{item.name}] {item.code} {item.message}"
        f"{'' if item.allowed is None else ' (allowed)'}"
        for item in result.findings
        if item.allowed is None or item.allowed_by == "command"
    ]
    if result.judged.text:
        lines.append(f"{result.run.anchor}: note: {result.judged.text}")
    return "".join(f"{plain(line)}\n" for line in lines)
