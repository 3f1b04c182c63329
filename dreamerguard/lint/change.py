"""What a change costs: the findings that were not there before it, and the points that its tasks lose.

The version before the change is another folder, for example a worktree of the base of a pull request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from dreamerguard.core.finding import Finding, Harm, Severity
from dreamerguard.core.result import RepositoryResult, Result
from dreamerguard.util.text import number_of

#: Reason of findings that were there before.
BEFORE = "it was there before the change"
#: Identity of a finding: file, rule, key and message. The message states the values, so a worse value is a new finding.
Identity = tuple[str, str, str, str]


def compare_with(after: RepositoryResult, before: RepositoryResult) -> RepositoryResult:
    """Returns the result after a change, in which only new findings count, with sentences on what the change costs.

    A finding in a file that was moved is the same finding.

    Args:
      after: the result of the version with the change.
      before: the result of the version without it, with file names relative to its own folder.
    """
    known = _counts(before.results, files=_files(after.results))
    results, fresh = [], []
    for result in after.results:
        findings = tuple(_marked(result.findings, known))
        results.append(replace(result, findings=findings))
        fresh += [(result, item) for item in findings if item.allowed is None]
    gone = sum(known.values())
    sentences = (*_sentences(fresh, before.results), *_closing(fresh, gone, after))
    return replace(after, results=tuple(results), change=tuple(sentences))


def _identity(finding: Finding, files: frozenset[str]) -> Identity:
    name = finding.primary.span.source.name
    return (name if name in files else "", finding.name, finding.key, finding.message)


def _files(results: Iterable[Result]) -> frozenset[str]:
    return frozenset(item.primary.span.source.name for result in results for item in result.findings)


def _counts(results: Iterable[Result], files: frozenset[str]) -> Counter[Identity]:
    """Counts findings; those in files without findings afterwards have no file, so that they match moved ones."""
    return Counter(_identity(item, files) for result in results for item in result.active)


def _marked(findings: Sequence[Finding], known: Counter[Identity]) -> Iterator[Finding]:
    for item in findings:
        here = _identity(item, frozenset({item.primary.span.source.name}))
        match = next((found for found in (here, ("", *here[1:])) if known[found] > 0), None)
        if item.allowed is None and match is not None:
            known[match] -= 1
            yield replace(item, allowed=BEFORE, allowed_by="baseline")
        else:
            yield item


def _sentences(fresh: Sequence[tuple[Result, Finding]], before: Iterable[Result]) -> Iterator[str]:
    """Yields a sentence for each task that loses points, or updates without a known score; the worst of each task."""
    earlier = {
        (item.primary.span.source.name, item.name, item.key): _loss(item.harm)
        for result in before
        for item in result.active
    }
    worst: dict[str, tuple[float, Finding]] = {}
    for result, item in fresh:
        task, loss = _task(result), _loss(item.harm)
        if item.harm is None or item.severity is Severity.INFO:
            continue
        loss -= earlier.get((item.primary.span.source.name, item.name, item.key), 0.0)
        if task not in worst or loss > worst[task][0]:
            worst[task] = (loss, item)
    for task, (loss, item) in sorted(worst.items(), key=lambda entry: -entry[1][0]):
        assert item.harm is not None
        points = f"This change costs {task} about {loss:.0f} points" if loss >= 1 else f"This change affects {task}"
        yield f"{points}: {item.harm.text}"


def _loss(harm: Harm | None) -> float:
    """Returns the points that a run is expected to lose; 0 if no published curve gives them."""
    if harm is None or harm.expected is None or harm.reference is None:
        return 0.0
    return max(round(harm.reference.median) - round(harm.expected.median), 0.0)  # as the text shows them


def _task(result: Result) -> str:
    setting = result.run.setting("task")
    value = setting.value if setting is not None else None
    return value if isinstance(value, str) and value.isprintable() and "\ufffc" not in value else "a run"


def _closing(fresh: Sequence[tuple[Result, Finding]], gone: int, after: RepositoryResult) -> Iterator[str]:
    counted = [item for _, item in fresh if item.severity is not Severity.INFO]
    if not counted:
        judged = all(result.judged.everything for result in after.results)
        yield "This change adds no finding" + ("" if judged else " in what was judged")
    if gone:
        yield f"{number_of(gone, 'finding')} of the version before {'is' if gone == 1 else 'are'} gone"
