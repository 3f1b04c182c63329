"""What a rule is. A module under ``rules/<category>/`` that has a `Rule` called ``rule`` is one; nothing lists them.

The module's docstring is its documentation, ``GOOD`` and ``BAD`` are its examples, tests and part of the documentation,
and the function marked with ``@rule.check`` yields the findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from types import ModuleType

from dreamerguard.core.environment import Probe
from dreamerguard.core.machine import UNKNOWN, Machine
from dreamerguard.core.model import Confidence, Evidence, Finding, Fix, Harm, Label, Problem, Severity, Span
from dreamerguard.core.run import ResolvedRun, fix
from dreamerguard.util.fast_dataclass import dataclass

Check = Callable[[ResolvedRun], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Example:
    """A command on which a rule reports nothing else, or exactly what the other fields say.

    Attributes:
      command: the words as typed.
      file: text of ``run.yaml`` in the current folder, if the command names it.
      files: other files in the current folder, by relative path.
      mark: the characters that the finding points at.
      fixed: the command, or the file, after the fix; empty when there is none.
      machine: the machine that the run is meant for.
      probe: what ``--probe`` found; none without it.
    """

    command: str
    file: str = ""
    mark: str = ""
    fixed: str = ""
    machine: Machine = UNKNOWN
    files: Mapping[str, str] = field(default_factory=dict)
    probe: Probe | None = None


@dataclass(slots=True)
class Rule:
    """Identity of a rule and its check.

    Attributes:
      code: ``DG`` and three digits; the first names the category.
      name: kebab case, and reads well after "allow".
      severity: the usual one; a finding may be milder.
      since: version that added it.
      dialects: names of the dialects that it is for; empty for all.
      unless: rules whose findings say the same thing better; this one is skipped when one of them found something.
    """

    code: str
    name: str
    severity: Severity
    since: str = "0.1"
    confidence: Confidence = Confidence.HIGH
    unless: tuple[str, ...] = ()
    dialects: tuple[str, ...] = ()
    run: Check = field(init=False, repr=False)
    module: ModuleType = field(init=False, repr=False)

    def check(self, function: Check) -> Check:
        """Marks the function that finds."""
        self.run = function
        return function

    @property
    def category(self) -> str:
        """Folder of the rule."""
        return self.module.__name__.split(".")[-2]

    @property
    def documentation(self) -> str:
        """Title, reasons and remedies, in plain text."""
        return (self.module.__doc__ or "").strip()

    @property
    def title(self) -> str:
        """First line of the documentation."""
        return self.documentation.split("\n", 1)[0]

    @property
    def good(self) -> tuple[Example, ...]:
        """Commands on which it is silent."""
        return tuple(self.module.GOOD)

    @property
    def bad(self) -> tuple[Example, ...]:
        """Commands on which it reports."""
        return tuple(self.module.BAD)

    def at(
        self,
        span: Span,
        message: str,
        *,
        label: str = "",
        key: str = "",
        severity: Severity | None = None,
        secondary: tuple[Label, ...] = (),
        fix: Fix | None = None,
        evidence: tuple[Evidence, ...] = (),
        harm: Harm | None = None,
        help: str = "",
        upstream: str = "",
        confidence: Confidence | None = None,
    ) -> Finding:
        """A finding of this rule."""
        return Finding(
            self.code,
            self.name,
            severity or self.severity,
            message,
            Label(span, label),
            secondary=secondary,
            key=key,
            fix=fix,
            evidence=evidence,
            harm=harm,
            help=help,
            confidence=confidence or self.confidence,
            upstream=upstream,
        )

    def at_task(self, run: ResolvedRun, message: str, *, severity: Severity | None = None, help: str = "") -> Finding:
        """A finding about the task's environment: it points at the task, where the user wrote it."""
        task = run.setting("task")
        key = task.key if task is not None else ""
        return self.at(run.place(task), message, key=key, severity=severity, help=help)

    def reported(self, run: ResolvedRun) -> Iterator[Finding]:
        """Findings for the problems that reading and resolving kept for this rule."""
        for problem in run.problems:
            if problem.rule == self.name:
                yield self.from_problem(problem)

    def from_problem(self, problem: Problem) -> Finding:
        """The finding for a problem that was kept for this rule."""
        correction = fix(problem.edits[0], problem.fix, safe=True) if problem.edits else None
        return self.at(
            problem.label.span,
            problem.message,
            label=problem.label.message,
            key=problem.key,
            secondary=problem.secondary,
            fix=correction,
            help=problem.help,
        )
