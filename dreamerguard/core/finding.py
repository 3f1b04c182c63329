"""Findings: what a rule reports, with its place, evidence, cost and fix. All are frozen."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from dreamerguard.util.fast_dataclass import dataclass

from .source import Edit, Label, Span, Value


class Severity(StrEnum):
    """Severity of a finding.

    ``error``: the run fails, or silently does something other than requested. ``warning``: the run works, but at a
    cost. ``info``: a fact worth knowing. Findings of severity ``info`` alone leave the exit code 0.
    """

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """Sort key; 0 for the most severe."""
        return list(Severity).index(self)


class Confidence(StrEnum):
    """Confidence of a rule that the reported setting is not intended."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Fix:
    """A correction.

    Attributes:
      message: description of the correction.
      edits: replacements in the sources.
      safe: whether the original could not have run, so that nothing that worked changes.
      command: the whole corrected command line, if the edits change one.
    """

    message: str
    edits: tuple[Edit, ...]
    safe: bool
    command: str | None = None


EvidenceKind = Literal["measured", "published", "reported", "computed", "estimated"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Evidence for a finding: ``measured`` or ``published`` figures, users' reports, our arithmetic or an estimate."""

    kind: EvidenceKind
    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """A score in the task's points: median over the published seeds, and their range."""

    median: float
    low: float
    high: float


HarmLevel = Literal["severe", "moderate", "slight"]


@dataclass(frozen=True, slots=True)
class Harm:
    """The expected cost of a finding.

    Attributes:
      level: ``severe`` below the share of updates at which training is refused.
      text: the cost in words, for people.
      update_share: gradient updates of the run as a share of the reference's.
      expected: score of the published agent after the same number of updates, an estimate for this run.
      reference: score of the published agent at the end of its run.
    """

    level: HarmLevel
    text: str
    update_share: float | None = None
    expected: Score | None = None
    reference: Score | None = None


AllowedBy = Literal["command", "comment", "settings", "baseline", "threshold"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One reported problem, or fact worth knowing, with its place in a source."""

    code: str
    name: str
    severity: Severity
    message: str
    primary: Label
    secondary: tuple[Label, ...] = ()
    key: str = ""
    fix: Fix | None = None
    evidence: tuple[Evidence, ...] = ()
    harm: Harm | None = None
    help: str = ""
    confidence: Confidence = Confidence.HIGH
    #: Repository and commit of the upstream program if it ships the fault, so that it is not the user's; else empty.
    upstream: str = ""
    #: Reason why the finding is suppressed; None if it counts.
    allowed: str | None = None
    #: Where the suppression is: the command (``--allow``), a comment, the settings, the baseline, or a threshold.
    allowed_by: AllowedBy = "command"

    @property
    def severe(self) -> bool:
        """Whether the cost is severe: training wastes most of the run."""
        return self.harm is not None and self.harm.level == "severe"

    @property
    def order(self) -> tuple[int, int, str, int, str]:
        """Sort key: the most severe first, then by place."""
        return (self.severity.rank, not self.severe, self.primary.span.source.name, self.primary.span.start, self.code)


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem found while reading or resolving a configuration; the rule named ``rule`` turns it into a finding."""

    rule: str
    message: str
    label: Label
    key: str = ""
    secondary: tuple[Label, ...] = ()
    help: str = ""
    edits: tuple[Edit, ...] = ()
    fix: str = ""
    #: The refused value and its place, if a rule can suggest a better value.
    value: Value = None
    place: Span | None = None
    #: Severity, if it is not the usual one of the rule.
    severity: Severity | None = None
    #: Repository and commit of the upstream program if it ships the fault; else empty.
    upstream: str = ""
