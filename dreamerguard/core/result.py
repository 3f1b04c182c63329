"""Results of linting one run and a whole repository."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable
from dataclasses import field

from dreamerguard.util.fast_dataclass import dataclass

from .judged import Judged, judge
from .model import AllowedBy, Finding, Severity, Source
from .run import ResolvedRun


@dataclass(frozen=True, slots=True)
class LintStats:
    """What was looked at, so that a clean result cannot mean that nothing was."""

    rules: int
    files: int
    settings: int
    overrides: int


@dataclass(frozen=True, slots=True)
class Result:
    """What checking one run found.

    Attributes:
      findings: the gravest first. Those that the user allowed carry the reason and count for nothing else.
      run: the resolved run, with every setting's history and, when it is valid, ``run.config``.
      checked: what was looked at.
      dialect: name of the dialect, and how it was recognised.
    """

    findings: tuple[Finding, ...]
    run: ResolvedRun
    checked: LintStats
    dialect: str
    detected: str

    @property
    def judged(self) -> Judged:
        """What of the run could be judged: its task, its train ratio, its gradient updates."""
        return judge(self.run)

    @property
    def active(self) -> tuple[Finding, ...]:
        """Findings that the user did not allow."""
        return tuple(finding for finding in self.findings if finding.allowed is None)

    @property
    def refused(self) -> tuple[Finding, ...]:
        """Findings that must keep the run from training: errors, and severe harm."""
        return tuple(item for item in self.active if item.severity is Severity.ERROR or item.severe)


@dataclasses.dataclass
class RepositoryResult:
    """What checking a repository found.

    Attributes:
      results: one for each command, file of presets, run file and configuration group file that was checked.
      seen: files that were walked past.
      files: files that were looked into.
      commands: commands that were recognised and checked.
      presets: files of presets, run files and files of configuration groups that were checked.
      dialects: program -> how many of its runs, and one reason for which it was recognised.
      unreadable: what could not be read, and why.
    """

    results: tuple[Result, ...] = ()
    seen: int = 0
    files: int = 0
    commands: int = 0
    presets: int = 0
    dialects: dict[str, tuple[int, str]] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)

    @property
    def unjudged(self) -> tuple[Result, ...]:
        """Runs whose task, train ratio or gradient updates could not be judged."""
        return tuple(result for result in self.results if not result.judged.everything)

    @property
    def checked(self) -> int:
        """Runs that were checked."""
        return self.commands + self.presets


def counted(results: Iterable[Result]) -> Counter[AllowedBy]:
    """How many findings do not count, by who said so."""
    return Counter(item.allowed_by for result in results for item in result.findings if item.allowed is not None)


def sources_of(result: Result) -> list[Source]:
    """Files of a run, each once."""
    spans = [item.primary.span.source for item in result.findings if item.primary.span.source.kind == "file"]
    return list({source.name: source for source in (*result.run.sources, *spans)}.values())
