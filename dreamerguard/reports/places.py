"""Paths, URIs and fingerprints of findings for machine-readable reports."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePath
from urllib.parse import quote

from dreamerguard.core.finding import Finding
from dreamerguard.core.result import Result
from dreamerguard.core.source import Label, Source

#: Other places of an upstream fault that are shown.
_PLACES = 3


def path_of(source: Source) -> str:
    """Returns the path of a file with slashes, without a leading ``./``."""
    return PurePath(source.name).as_posix()


def uri_of(source: Source) -> str:
    """Returns the path of a file as a URI: relative, or ``file:`` for an absolute path."""
    path = path_of(source)
    return f"file://{quote(path)}" if PurePath(path).is_absolute() else quote(path)


def fingerprints(findings: Iterable[Finding]) -> Iterator[tuple[Finding, str]]:
    """Yields each finding with a fingerprint of its file, rule and key path. Line numbers do not change it.

    A second finding of the same file, rule and key path gets a different fingerprint, so that all are unique.
    """
    seen: Counter[tuple[str, str, str]] = Counter()
    for finding in findings:
        identity = (path_of(finding.primary.span.source), finding.code, finding.key)
        text = "\0".join((*identity, str(seen[identity])))
        seen[identity] += 1
        yield finding, hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:32]


def all_findings(results: Sequence[Result]) -> list[Finding]:
    """Returns the findings of all runs, the most severe first; a finding that several runs share appears once."""
    unique: dict[tuple[str, str, str, int, str], Finding] = {}
    for finding in (item for result in results for item in result.findings):
        span = finding.primary.span
        unique.setdefault((span.source.name, finding.code, finding.key, span.start, finding.message), finding)
    return sorted(merge_upstream(unique.values()), key=lambda item: item.order)


def merge_upstream(findings: Iterable[Finding]) -> list[Finding]:
    """Returns the findings with each fault that the upstream program ships once: its other places become labels."""
    groups: dict[object, list[Finding]] = {}
    for number, item in enumerate(sorted(findings, key=lambda item: item.order)):
        key = (item.name, item.key, item.upstream, item.severity, item.allowed) if item.upstream else number
        groups.setdefault(key, []).append(item)
    return [_merged(*group) for group in groups.values()]


def _merged(first: Finding, *others: Finding) -> Finding:
    if not others:
        return first
    labels = [Label(item.primary.span, "here too") for item in others[:_PLACES]]
    more = len(others) - len(labels)
    text = f"{first.help}; " if first.help and more else first.help
    help = f"{text}the same in {more} more place{'' if more == 1 else 's'}" if more else text
    return replace(first, secondary=(*first.secondary, *labels), help=help)


def sentence(finding: Finding) -> str:
    """Returns the message as a sentence, followed by the cost if there is one. A name at its beginning is kept."""
    cost = f" Cost ({finding.harm.level}): {finding.harm.text}." if finding.harm is not None else ""
    end = "" if finding.message.endswith((".", "?", "!")) else "."
    first = finding.message.partition(" ")[0]
    plain_word = first.isalpha() and first != finding.key
    text = f"{finding.message[:1].upper()}{finding.message[1:]}" if plain_word else finding.message
    return f"{text}{end}{cost}"
