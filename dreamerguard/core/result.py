"""Results of linting one run and a whole repository."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable
from dataclasses import field

from dreamerguard.util.fast_dataclass import dataclass

from .finding import AllowedBy, Finding, Severity
from .judged import Judged, judge_parts
from .run import ResolvedRun
from .source import Source


@dataclass(frozen=True, slots=True)
class LintStats:
    """Counts of what was checked. They show that a result without findings did not skip everything."""

    rules: int
    files: int
    settings: int
    overrides: int


@dataclass(frozen=True, slots=True)
class SweepStats:
    """The runs of a sweep.

    Attributes:
      runs: number of runs that the command starts.
      linted: number of runs that were linted; the others are combinations of values that were linted.
      unjudged: number of linted runs in which a part was not judged.
      judged: the parts that were judged in all linted runs.
    """

    runs: int
    linted: int
    unjudged: int
    judged: Judged


@dataclass(frozen=True, slots=True)
class Result:
    """The lint result of one run, or of all runs of a sweep.

    Attributes:
      findings: the most severe first. Suppressed findings are included with their reason and do not count.
      run: the resolved run, with the layers of every setting and, if it is valid, ``run.config``.
      checked: counts of what was checked.
      dialect: name of the training program.
      detected: reason why the training program was recognised.
      sweep: the runs of a sweep, of which ``run`` is the worst; None for a single run.
    """

    findings: tuple[Finding, ...]
    run: ResolvedRun
    checked: LintStats
    dialect: str
    detected: str
    sweep: SweepStats | None = None

    @property
    def judged(self) -> Judged:
        """The parts of the run, or of all runs, that were judged: task, train ratio, gradient updates."""
        return judge_parts(self.run) if self.sweep is None else self.sweep.judged

    @property
    def runs(self) -> int:
        """Number of runs that the command starts."""
        return 1 if self.sweep is None else self.sweep.runs

    @property
    def unjudged(self) -> int:
        """Number of linted runs in which a part was not judged."""
        return int(not self.judged.everything) if self.sweep is None else self.sweep.unjudged

    @property
    def active(self) -> tuple[Finding, ...]:
        """Findings that are not suppressed."""
        return tuple(finding for finding in self.findings if finding.allowed is None)

    @property
    def refused(self) -> tuple[Finding, ...]:
        """Findings that prevent the run from training: errors, and warnings of severe cost."""
        counted = (item for item in self.active if item.severity is not Severity.INFO)
        return tuple(item for item in counted if item.severity is Severity.ERROR or item.severe)


@dataclasses.dataclass
class RepositoryResult:
    """The lint result of a repository.

    Attributes:
      results: one for each checked command, preset file, run file and configuration group file.
      seen: number of files found.
      files: number of files read.
      commands: number of commands recognised and checked.
      presets: number of preset files, run files and configuration group files checked.
      dialects: training program -> number of its runs, and one reason why it was recognised.
      unreadable: files that could not be read, with the reason.
      unread: places that were not judged, with the reason: Python files without literal values, other programs.
      change: what a change costs, one sentence each, if two versions were checked; empty for one version.
    """

    results: tuple[Result, ...] = ()
    seen: int = 0
    files: int = 0
    commands: int = 0
    presets: int = 0
    dialects: dict[str, tuple[int, str]] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    change: tuple[str, ...] = ()

    @property
    def unjudged(self) -> tuple[Result, ...]:
        """Runs whose task, train ratio or gradient updates could not be judged."""
        return tuple(result for result in self.results if not result.judged.everything)

    @property
    def checked(self) -> int:
        """Number of checked runs."""
        return self.commands + self.presets


def counted(results: Iterable[Result]) -> Counter[AllowedBy]:
    """Counts the suppressed findings by the place of their suppression."""
    return Counter(item.allowed_by for result in results for item in result.findings if item.allowed is not None)


def sources_of(result: Result) -> list[Source]:
    """Returns the files of a run, each once."""
    spans = [item.primary.span.source for item in result.findings if item.primary.span.source.kind == "file"]
    return list({source.name: source for source in (*result.run.sources, *spans)}.values())
