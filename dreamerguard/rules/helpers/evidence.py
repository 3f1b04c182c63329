"""Evidence that several rules give."""

from __future__ import annotations

from dreamerguard.core.finding import Evidence
from dreamerguard.core.published import PublishedValue
from dreamerguard.core.values import spell_scalar


def published(key: str, expected: PublishedValue) -> Evidence:
    """Returns evidence with the source of a published value."""
    note = f" ({expected.note})" if expected.note else ""
    return Evidence("published", f"{key} {spell_scalar(expected.value)}: {expected.origin}{note}", expected.origin.url)
