"""Paths, URIs and fingerprints of findings for machine-readable reports."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath
from urllib.parse import quote

from dreamerguard.core.finding import Finding
from dreamerguard.core.result import Result
from dreamerguard.core.source import Source


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
    return sorted(unique.values(), key=lambda item: item.order)


def sentence(finding: Finding) -> str:
    """Returns the message as a sentence, followed by the cost if there is one. A name at its beginning is kept."""
    cost = f" Cost ({finding.harm.level}): {finding.harm.text}." if finding.harm is not None else ""
    end = "" if finding.message.endswith((".", "?", "!")) else "."
    first = finding.message.partition(" ")[0]
    plain_word = first.isalpha() and first != finding.key
    text = f"{finding.message[:1].upper()}{finding.message[1:]}" if plain_word else finding.message
    return f"{text}{end}{cost}"
