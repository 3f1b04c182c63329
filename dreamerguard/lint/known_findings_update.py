"""Updates a baseline with the findings of a check. Entries for files that were not checked are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dreamerguard.core.result import sources_of
from dreamerguard.lint.settings.model import Settings, file_name

from .known_findings import KnownFinding, entry_of, read_baseline
from .suppressions import ALWAYS_COUNT

if TYPE_CHECKING:
    from dreamerguard.core.result import Result

Update = tuple[Counter[KnownFinding], str]
Check = Callable[[Settings], Sequence["Result"]]


def written(settings: Settings, check: Check, folder: Path = Path()) -> Update:
    """Returns counts that list every current finding, and a sentence about them."""
    old, now, checked = _counts(settings, check, folder)
    kept = Counter({entry: count for entry, count in old.items() if entry.file not in checked})
    total = sum(now.values())
    return kept + now, f"{total} finding{'' if total == 1 else 's'} listed"


def pruned(settings: Settings, check: Check, folder: Path = Path()) -> Update:
    """Returns counts without the findings that no longer occur, and a sentence about them."""
    old, now, checked = _counts(settings, check, folder)
    left = Counter({entry: min(count, now[entry]) if entry.file in checked else count for entry, count in old.items()})
    removed = sum(old.values()) - sum(left.values())
    return left, f"{removed} finding{'' if removed == 1 else 's'} removed, {sum(left.values())} left"


def _counts(
    settings: Settings, check: Check, folder: Path
) -> tuple[Counter[KnownFinding], Counter[KnownFinding], set[str]]:
    """Returns the listed findings, the findings that count without the baseline, and the checked files."""
    path = settings.baseline
    assert path is not None
    old = read_baseline(path, missing_ok=True).counts
    results = check(replace(settings, baseline=None))
    places = {
        (entry_of(item, path, folder), item.primary.span.start)
        for result in results
        for item in result.active
        if item.name not in ALWAYS_COUNT
    }
    checked = {file_name(source, path, folder) for result in results for source in sources_of(result)}
    return old, Counter(entry for entry, _ in places), checked
