"""Collects the results of a repository: findings of several runs that blame the same place say the same thing once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from dreamerguard.core.finding import Finding
from dreamerguard.core.result import RepositoryResult, Result
from dreamerguard.lint.settings.model import Settings

from .engine import apply_suppressions


class CollectedResults:
    """The results of all commands and files so far, in the order in which they were found.

    Attributes:
      results: each without findings that an earlier result has at the same place.
    """

    def __init__(self) -> None:
        self.results: list[Result] = []
        self._reasons: dict[str, str] = {}
        self._places: dict[tuple[str, str, int, str], int] = {}

    def keep(self, result: Result) -> None:
        """Keeps a result with the findings that no earlier one has at least as severe at the same place."""
        self._reasons.setdefault(result.dialect, result.detected)
        self.results.append(replace(result, findings=tuple(self._fresh(result.findings))))

    def outcome(self, seen: RepositoryResult, settings: Settings, root: Path) -> RepositoryResult:
        """Adds the results to what was seen, judged by comments, settings and baseline."""
        results = [
            replace(result, findings=tuple(item for item in result.findings if self._is_worst(item)))
            for result in self.results
        ]
        counts: Counter[str] = Counter()
        for result in results:
            counts[result.dialect] += result.runs
        seen.dialects = {name: (count, self._reasons[name]) for name, count in counts.most_common()}
        seen.results = apply_suppressions(tuple(results), settings, root)
        return seen

    def _fresh(self, findings: Sequence[Finding]) -> Iterator[Finding]:
        for finding in findings:
            place = _place(finding)
            if finding.severity.rank < self._places.get(place, finding.severity.rank + 1):
                self._places[place] = finding.severity.rank
                yield finding

    def _is_worst(self, finding: Finding) -> bool:
        """Returns whether no other run says the same of the same place with a higher severity."""
        return finding.severity.rank == self._places[_place(finding)]


def _place(finding: Finding) -> tuple[str, str, int, str]:
    span = finding.primary.span
    return finding.name, span.source.name, span.start, finding.key
