"""Reads ``--allow RULE="reason"``, an option of several commands."""

from __future__ import annotations

from collections.abc import Iterable

from dreamerguard.rules.redirects import renamed

from .errors import fail, note


def read_allowances(items: Iterable[str]) -> dict[str, str]:
    """Returns rule -> reason and prints a note for every renamed rule. Ends the command if a reason is missing."""
    reasons = {}
    for item in items:
        rule, _, reason = item.partition("=")
        if not reason.strip():
            name = rule or "RULE"
            fail(f'--allow {item}: the reason is missing; write --allow {name}="reason". It is stored with the run')
        reasons[rule.strip()] = reason.strip()
    for text in renamed(reasons):
        note(text)
    return reasons
