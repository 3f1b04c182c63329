"""The nouns of the linter: a source text, a span of it, and a finding that points there.

All of them are frozen, so that a finding can travel from a rule through the engine to any report unchanged. A finding
without a place cannot be built: its label, and the label's span, are required.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from enum import StrEnum
from typing import Literal

from dreamerguard.util.fast_dataclass import dataclass

#: A single value as a configuration can hold it.
Plain = None | bool | int | float | str
#: A value, or a list of them.
Value = Plain | tuple[Plain, ...]

SourceKind = Literal["file", "command line"]


class Severity(StrEnum):
    """error: the run fails, or silently does something else than asked; warning: it runs but is harmed; info: a fact
    worth knowing. Info alone leaves the exit code 0."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the gravest, for sorting."""
        return list(Severity).index(self)


class Confidence(StrEnum):
    """How sure a rule is that what it reports was not meant."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Source:
    """A text that configures a run: a file, or the words of a command joined as a shell would read them."""

    name: str
    text: str = field(repr=False)
    kind: SourceKind = "file"

    def span(self, start: int, end: int | None = None) -> Span:
        """The characters from ``start`` up to ``end``, both kept inside the text; one position without ``end``."""
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
        """Line of the position behind the last character."""
        return self.source.text.count("\n", 0, self.end) + 1

    @property
    def end_column(self) -> int:
        """Column of the position behind the last character."""
        return self.end - self.source.text.rfind("\n", 0, self.end)

    @property
    def text(self) -> str:
        """The characters themselves."""
        return self.source.text[self.start : self.end]

    @property
    def lines(self) -> tuple[str, ...]:
        """The whole lines that the span touches, without line ends."""
        first = self.source.text.rfind("\n", 0, self.start) + 1
        last = self.source.text.find("\n", self.end)
        block = self.source.text[first : last if last >= 0 else len(self.source.text)]
        return tuple(line.rstrip("\r") for line in block.split("\n"))

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from that the user did not write."""

    title: str
    url: str = ""
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.title}, {self.detail}" if self.detail else self.title


@dataclass(frozen=True, slots=True)
class Label:
    """A span and what is to be said about it."""

    span: Span
    message: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """Replaces the characters of a span; everything outside stays as it is."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A correction. ``safe`` means that the original could not have run, so nothing that worked changes.

    ``command`` is the whole corrected command line when the edits touch one.
    """

    message: str
    edits: tuple[Edit, ...]
    safe: bool
    command: str | None = None


EvidenceKind = Literal["measured", "published", "reported", "computed", "estimated"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a finding is believed: ``measured`` or ``published`` figures, users' reports, or our arithmetic."""

    kind: EvidenceKind
    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """A score in the task's own points: median over published seeds, and their range."""

    median: float
    low: float
    high: float


HarmLevel = Literal["severe", "moderate", "slight"]


@dataclass(frozen=True, slots=True)
class Harm:
    """What the finding is expected to cost.

    Attributes:
      level: severe below the share of updates at which training is refused.
      text: the same for people.
      update_share: this run's gradient updates as a share of the reference's.
      expected: score of the published agent after as many updates, an estimate for this run.
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
    """One thing that is wrong, or worth knowing, with the place where it was written."""

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
    #: Whose mistake it is when the upstream program ships it so, and not the user's: repository and commit.
    upstream: str = ""
    #: Reason for which the user accepts it; none when it counts.
    allowed: str | None = None
    #: Who says so: the command (``--allow``), a comment, the settings, the baseline, or a threshold.
    allowed_by: AllowedBy = "command"

    @property
    def severe(self) -> bool:
        """Whether training with it wastes most of the run."""
        return self.harm is not None and self.harm.level == "severe"

    @property
    def order(self) -> tuple[int, int, str, int, str]:
        """Sort key: the gravest first, then by place."""
        return (self.severity.rank, not self.severe, self.primary.span.source.name, self.primary.span.start, self.code)


@dataclass(frozen=True, slots=True)
class Problem:
    """What reading or resolving a configuration ran into; the rule called ``rule`` turns it into a finding."""

    rule: str
    message: str
    label: Label
    key: str = ""
    secondary: tuple[Label, ...] = ()
    help: str = ""
    edits: tuple[Edit, ...] = ()
    fix: str = ""
    #: The refused value and its place, where a rule can offer a better one.
    value: Value = None
    place: Span | None = None


class SourceError(Exception):
    """An input that cannot be read at all. ``message`` says what, where and how to mend it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text of one source after its edits. Edits must not overlap."""
    for edit in sorted(edits, key=lambda edit: edit.span.start, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text
