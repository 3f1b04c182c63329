"""The data types of the linter: a source text, a span of it, and a finding that points to a span.

All types are frozen, so no step between a rule and a report can change a finding. Every finding has a place: its label,
and the label's span, are required.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from enum import StrEnum
from typing import Literal

from dreamerguard.util.fast_dataclass import dataclass

#: A single value of a configuration.
Plain = None | bool | int | float | str
#: A value, or a list of them.
Value = Plain | tuple[Plain, ...]

SourceKind = Literal["file", "command line"]


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
class Source:
    """A text that configures a run: a file, or the arguments of a command joined as a shell would read them."""

    name: str
    text: str = field(repr=False)
    kind: SourceKind = "file"

    def span(self, start: int, end: int | None = None) -> Span:
        """Returns the span from ``start`` up to ``end``, both kept inside the text; an empty span without ``end``."""
        start = min(max(start, 0), len(self.text))
        return Span(self, start, min(max(end if end is not None else start, start), len(self.text)))


@dataclass(frozen=True, slots=True)
class Span:
    """A range of characters of a source. Lines and columns count from 1, columns in code points."""

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        """Line of the first character."""
        return self.source.text.count("\n", 0, self.start) + 1

    @property
    def column(self) -> int:
        """Column of the first character."""
        return self.start - self.source.text.rfind("\n", 0, self.start)

    @property
    def end_line(self) -> int:
        """Line of the position after the last character."""
        return self.source.text.count("\n", 0, self.end) + 1

    @property
    def end_column(self) -> int:
        """Column of the position after the last character."""
        return self.end - self.source.text.rfind("\n", 0, self.end)

    @property
    def text(self) -> str:
        """Characters of the span."""
        return self.source.text[self.start : self.end]

    @property
    def lines(self) -> tuple[str, ...]:
        """Whole lines that the span touches, without line ends."""
        first = self.source.text.rfind("\n", 0, self.start) + 1
        last = self.source.text.find("\n", self.end)
        block = self.source.text[first : last if last >= 0 else len(self.source.text)]
        return tuple(line.rstrip("\r") for line in block.split("\n"))

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Origin:
    """The source of a value that the user did not write."""

    title: str
    url: str = ""
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.title}, {self.detail}" if self.detail else self.title


@dataclass(frozen=True, slots=True)
class Label:
    """A span with a message about it."""

    span: Span
    message: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """A replacement for the characters of a span; all other characters stay as they are."""

    span: Span
    text: str


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


class SourceError(Exception):
    """An input cannot be read at all. ``message`` states what is wrong, where, and how to fix it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """Returns the text of one source after the edits. Edits must not overlap."""
    for edit in sorted(edits, key=lambda edit: edit.span.start, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text
