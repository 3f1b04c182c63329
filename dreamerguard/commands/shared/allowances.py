"""``--allow RULE="reason"``, as several commands take it."""

from __future__ import annotations

from collections.abc import Iterable


def read_allowances(items: Iterable[str]) -> dict[str, str]:
    """Rule -> reason.

    Raises:
      ValueError: one has no reason; the message says how to give one.
    """
    reasons = {}
    for item in items:
        rule, _, reason = item.partition("=")
        if not reason.strip():
            name = rule or "RULE"
            raise ValueError(f'--allow {item}: say why, as --allow {name}="reason"; the reason is kept with the run')
        reasons[rule.strip()] = reason.strip()
    return reasons
