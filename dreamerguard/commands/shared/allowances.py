"""``--allow RULE="reason"``, as several commands take it."""

from __future__ import annotations

from collections.abc import Iterable

from .errors import fail


def read_allowances(items: Iterable[str]) -> dict[str, str]:
    """Rule -> reason. Ends the command if one has no reason."""
    reasons = {}
    for item in items:
        rule, _, reason = item.partition("=")
        if not reason.strip():
            name = rule or "RULE"
            fail(f'--allow {item}: say why, as --allow {name}="reason"; the reason is kept with the run')
        reasons[rule.strip()] = reason.strip()
    return reasons
