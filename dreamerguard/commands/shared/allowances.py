"""``--allow RULE="reason"``, as several commands take it."""

from __future__ import annotations

from collections.abc import Iterable

from dreamerguard.rules.redirects import renamed

from .errors import fail, note


def read_allowances(items: Iterable[str]) -> dict[str, str]:
    """Returns rule -> reason, and notes every rule that was renamed. Ends the command if one has no reason."""
    reasons = {}
    for item in items:
        rule, _, reason = item.partition("=")
        if not reason.strip():
            name = rule or "RULE"
            fail(f'--allow {item}: say why, as --allow {name}="reason"; the reason is kept with the run')
        reasons[rule.strip()] = reason.strip()
    for text in renamed(reasons):
        note(text)
    return reasons
