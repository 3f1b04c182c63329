"""``--allow RULE="reason"``, as several commands take it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dreamerguard.rules.redirects import renamed


def read_allowances(items: Iterable[str], note: Callable[[str], None]) -> dict[str, str]:
    """Returns rule -> reason, and notes every rule that was renamed.

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
    for text in renamed(reasons):
        note(text)
    return reasons
