"""Decides which findings count, from comments in the files, the project's settings and the baseline.

A suppressed finding is not dropped. It keeps the reason, so every report can count the suppressed findings.
Runs that were checked together are judged together, because they may share files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from dreamerguard.core.finding import AllowedBy, Confidence, Finding, Problem
from dreamerguard.core.result import sources_of
from dreamerguard.core.source import Edit, Label, Source, Span
from dreamerguard.lint.settings.model import Settings, file_name
from dreamerguard.rules import Rule

from .selection import Selection, check_selectors, hint, origin_of, selected_rules
from .suppression_comments import MARK, Suppression, read_suppressions, whole_line

if TYPE_CHECKING:
    from dreamerguard.core.result import Result

    from .known_findings import KnownFinding, KnownFindings

#: Rules that no comment, baseline or ignore suppresses: a file must be readable.
_ALWAYS = frozenset({"invalid-yaml"})
#: Rules about suppressions. Settings may suppress them, comments may not.
_OWN = frozenset({"unknown-suppression", "stale-suppression", "unexplained-suppression", "stale-baseline"})
#: Rules that a baseline does not list.
ALWAYS_COUNT = frozenset({"invalid-yaml", "stale-baseline"})


def mark_suppressed(
    results: Sequence[Result], settings: Settings, rules: Sequence[Rule], folder: Path
) -> tuple[Result, ...]:
    """Marks the findings that do not count, and adds findings about comments and baseline entries that have no effect.

    Args:
      results: results of the rules.
      settings: the project's settings with the command line's options.
      rules: every rule that ran, to resolve selectors.
      folder: folder that file names are relative to.

    Raises:
      SourceError: a selector names no rule, or the baseline cannot be read.
    """
    check_selectors(settings, rules)
    judge = _Judge(settings, rules, folder)
    judged = [replace(result, findings=tuple(judge.judge_all(result))) for result in results]
    return tuple(
        replace(result, findings=tuple(sorted(findings, key=lambda item: item.order)))
        for result, findings in zip(judged, judge.with_own_findings(judged), strict=True)
    )


def names_rules(results: Sequence[Result], settings: Settings) -> bool:
    """Returns whether the settings, a comment or a baseline name rules, so that all rules are needed."""
    named = settings.select or settings.ignore or settings.severity or settings.per_path or settings.baseline
    return bool(named) or any(MARK in source.text for result in results for source in sources_of(result))


@dataclass
class _Judge:
    settings: Settings
    rules: Sequence[Rule]
    folder: Path
    suppressions: dict[str, tuple[Suppression, ...]] = field(default_factory=dict)
    used: set[tuple[Span, str]] = field(default_factory=set)
    #: Names of rules that found something in any run.
    fired: set[str] = field(default_factory=set)
    matched: dict[KnownFinding, set[tuple[str, int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.selected = Selection(self.settings.select, self.rules)
        self.ignored = Selection(self.settings.ignore, self.rules)
        self.severities = Selection(self.settings.severity, self.rules)
        self.per_path = [(item, Selection(item.selectors, self.rules)) for item in self.settings.per_path]
        self.baseline: KnownFindings | None = None
        if self.settings.baseline is not None:
            from .known_findings import read_baseline

            self.baseline = read_baseline(self.settings.baseline)

    def judge_all(self, result: Result) -> Iterator[Finding]:
        """Yields the selected findings of one run, each with the reason if it does not count."""
        for source in sources_of(result):
            if source.name not in self.suppressions:
                self.suppressions[source.name] = read_suppressions(source)
        self.fired.update(finding.name for finding in result.findings)
        for finding in result.findings:
            if self._is_selected(finding):
                yield self.judge(finding)

    def judge(self, finding: Finding) -> Finding:
        """Returns a finding with its final severity and, if it does not count, the reason."""
        selector = self.severities.selector(finding)
        if selector is not None:
            finding = replace(finding, severity=self.settings.severity[selector])
        reasons = [found for found in self._reasons(finding) if found is not None]
        if finding.allowed is not None or not reasons:
            return finding
        by, text = reasons[0]
        return replace(finding, allowed=text, allowed_by=by)

    def _reasons(self, finding: Finding) -> Iterator[tuple[AllowedBy, str] | None]:
        # Comments and the baseline come first and are always tried, so that a used one is not reported as stale.
        if finding.name not in _ALWAYS | _OWN:
            yield self._by_comment(finding)
        if finding.name not in ALWAYS_COUNT:
            yield self._by_baseline(finding)
        yield self._by_settings(finding)
        yield self._by_threshold(finding)

    def _is_selected(self, finding: Finding) -> bool:
        return not self.selected or finding.name in _ALWAYS or self.selected.selector(finding) is not None

    def _by_comment(self, finding: Finding) -> tuple[AllowedBy, str] | None:
        for item in self.suppressions.get(finding.primary.span.source.name, ()):
            for selector in item.selectors if item.reason and item.covers(finding) else ():
                if finding.name in selected_rules(selector, self.rules):
                    self.used.add((item.span, selector))
                    return "comment", item.reason
        return None

    def _by_baseline(self, finding: Finding) -> tuple[AllowedBy, str] | None:
        if self.baseline is None:
            return None
        entry = self.baseline.entry(finding, self.folder)
        places = self.matched.setdefault(entry, set())
        place = (finding.primary.span.source.name, finding.primary.span.start)
        if place not in places and len(places) >= self.baseline.counts[entry]:
            return None
        places.add(place)
        return "baseline", f"known, in {self.baseline.path.name}"

    def _by_settings(self, finding: Finding) -> tuple[AllowedBy, str] | None:
        selector = self.ignored.selector(finding)
        if selector is not None and finding.name not in _ALWAYS:
            return "settings", self.settings.ignore[selector] or f"ignored by {origin_of(self.settings, 'ignore')}"
        source = finding.primary.span.source
        for item, selection in self.per_path if source.kind == "file" and finding.name not in _ALWAYS else ():
            path = file_name(source, self.settings.root / "settings", self.folder)
            if selection.selector(finding) is not None and matches(path, item.pattern):
                return "settings", item.reason or f"ignored in {item.pattern}"
        return None

    def _by_threshold(self, finding: Finding) -> tuple[AllowedBy, str] | None:
        minimum, confidence = self.settings.min_severity, self.settings.min_confidence
        if finding.severity.rank > minimum.rank:
            return "threshold", f"severity below {minimum}"
        if list(Confidence).index(finding.confidence) > list(Confidence).index(confidence):
            return "threshold", f"confidence below {confidence}"
        return None

    def with_own_findings(self, results: Sequence[Result]) -> Iterator[list[Finding]]:
        """Yields the findings of every run; findings about a file's comments are in the first run that reads it."""
        seen: set[str] = set()
        about: list[list[Finding]] = []
        for result in results:
            fresh = [source for source in sources_of(result) if source.name not in seen]
            seen.update(source.name for source in fresh)
            about.append(self._own(problem for source in fresh for problem in self._about_comments(source)))
        if about:  # last, because the baseline may list the findings about comments
            about[0] += self._own(self._about_baseline(results))
        for result, own in zip(results, about, strict=True):
            yield [*result.findings, *own]

    def _own(self, problems: Iterable[Problem]) -> list[Finding]:
        rules = {rule.name: rule for rule in self.rules}
        found = [rules[item.rule].from_problem(item) for item in problems]
        return [self.judge(item) for item in found if self._is_selected(item)]

    def _about_comments(self, source: Source) -> Iterator[Problem]:
        for item in self.suppressions[source.name]:
            label = Label(item.span)
            if not item.readable:
                help = "write # dreamerguard: ignore[RULE] -- reason"
                yield Problem("unknown-suppression", "this comment is not a valid suppression", label, help=help)
                continue
            unknown = [selector for selector in item.selectors if not selected_rules(selector, self.rules)]
            for selector in unknown if not self.settings.withheld else ():
                message = f"there is no rule {selector!r}{hint(selector, self.rules)}"
                yield Problem("unknown-suppression", message, label)
            if not item.reason:
                help = f"write {item.span.text} -- reason"
                message = "the comment gives no reason, so it has no effect"
                yield Problem("unexplained-suppression", message, label, help=help)
            elif not unknown:
                yield from self._about_unused(item, label)

    def _about_unused(self, item: Suppression, label: Label) -> Iterator[Problem]:
        unused = [selector for selector in item.selectors if (item.span, selector) not in self.used]
        ran = [selector for selector in unused if self._ran(selector)]
        if not ran:
            return
        whole = len(unused) == len(item.selectors)
        edits = (Edit(whole_line(item.span), ""),) if whole else ()
        yield Problem(
            "stale-suppression",
            f"{', '.join(ran)} {'finds' if len(ran) == 1 else 'find'} nothing here",
            label,
            help="" if whole else f"remove {', '.join(ran)} from the brackets",
            edits=edits,
            fix="remove the comment" if edits else "",
        )

    def _ran(self, selector: str) -> bool:
        """Returns whether the rules of a selector ran: they are selected, and no rule in their `unless` fired."""
        named = selected_rules(selector, self.rules)
        if any(rule.name in named and not self.fired.isdisjoint(rule.unless) for rule in self.rules):
            return False
        return not self.selected or self._may_find(selector)

    def _may_find(self, selector: str) -> bool:
        selected = {name for item in self.settings.select for name in selected_rules(item, self.rules)}
        return not selected.isdisjoint(selected_rules(selector, self.rules))

    def _about_baseline(self, results: Sequence[Result]) -> Iterator[Problem]:
        if self.baseline is None:
            return
        from .known_findings import stale_entries

        for entry in stale_entries(self.baseline, self.matched, self._files(results), self._runs(results)):
            found = len(self.matched.get(entry, ()))
            listed = self.baseline.counts[entry]
            message = f"{entry.rule} on {entry.key or entry.file} is listed {_times(listed)} and found {_times(found)}"
            yield Problem("stale-baseline", message, Label(self.baseline.spans[entry]), entry.key)

    def _files(self, results: Sequence[Result]) -> set[str]:
        assert self.baseline is not None
        read = (source for result in results for source in sources_of(result))
        return {file_name(source, self.baseline.path, self.folder) for source in read}

    def _runs(self, results: Sequence[Result]) -> set[str]:
        """Returns the names of the selected rules."""
        return {rule.name for rule in self.rules if not self.selected or self._may_find(rule.name)}


def matches(path: str, pattern: str) -> bool:
    """Returns whether a relative path matches a glob. ``*`` also matches slashes; a folder matches all files in it."""
    return fnmatchcase(path, pattern) or fnmatchcase(path, f"{pattern.rstrip('/')}/*")


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
