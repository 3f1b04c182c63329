"""The interface of a rule. Each module under ``rules/<category>/`` with a `Rule` called ``rule`` is a rule.

The module's docstring is its documentation. ``GOOD`` and ``BAD`` are its examples, which are also its tests. The
function marked with ``@rule.check`` yields the findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from types import ModuleType

from dreamerguard.core.environment import Probe
from dreamerguard.core.finding import Confidence, Evidence, Finding, Fix, Harm, Problem, Severity
from dreamerguard.core.machine import UNKNOWN, Machine
from dreamerguard.core.run import ResolvedRun, fix
from dreamerguard.core.source import Label, Span
from dreamerguard.util.fast_dataclass import dataclass

Check = Callable[[ResolvedRun], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Example:
    """A command for which a rule reports nothing, or exactly one finding with the given mark and fix.

    Attributes:
      command: the command line, or a script of a shell with its first line ``#!...``.
      file: text of ``run.yaml`` in the current folder, if the command uses it.
      files: other files in the current folder, by relative path.
      mark: the characters that the finding points at.
      fixed: the command or the file after the fix; empty without a fix.
      machine: the machine of the run.
      probe: the result of ``--probe``; none without it.
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
      name: kebab case; must read well after "allow".
      severity: the usual severity; a finding may have a lower one.
      since: version that added it.
      dialects: names of the dialects that the rule is for; empty for all.
      unless: rules that report the same problem more precisely; this rule is skipped when one of them reports.
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
        """Marks the function that yields the findings."""
        self.run = function
        return function

    @property
    def category(self) -> str:
        """Folder of the rule; the name of its module for a rule in none."""
        return self.module.__name__.split(".")[-2:][0]

    @property
    def documentation(self) -> str:
        """Documentation with all sections, in plain text."""
        return (self.module.__doc__ or "").strip()

    @property
    def title(self) -> str:
        """First line of the documentation."""
        return self.documentation.split("\n", 1)[0]

    @property
    def good(self) -> tuple[Example, ...]:
        """Examples without a finding."""
        return tuple(self.module.GOOD)

    @property
    def bad(self) -> tuple[Example, ...]:
        """Examples with a finding."""
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
        """Returns a finding of this rule."""
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
        """Returns a finding about the task's environment that points at the task in the user's input."""
        task = run.setting("task")
        key = task.key if task is not None else ""
        return self.at(run.place(task), message, key=key, severity=severity, help=help)

    def reported(self, run: ResolvedRun) -> Iterator[Finding]:
        """Yields findings for the problems that reading and resolving kept for this rule."""
        for problem in run.problems:
            if problem.rule == self.name:
                yield self.from_problem(problem)

    def from_problem(self, problem: Problem) -> Finding:
        """Returns the finding for a problem that was kept for this rule."""
        correction = fix(problem.edits[0], problem.fix, safe=True) if problem.edits else None
        return self.at(
            problem.label.span,
            problem.message,
            label=problem.label.message,
            key=problem.key,
            severity=problem.severity,
            secondary=problem.secondary,
            fix=correction,
            help=problem.help,
            upstream=problem.upstream,
        )
