"""Reads comments that accept a finding in the file where it occurs, with a reason.

    train_ratio: 32  # dreamerguard: ignore[low-train-ratio] -- smoke test on a laptop

A comment at the end of a line applies to that line. A comment on a separate line applies to the next line.
``ignore-block`` applies to the next key and everything below it, in scripts up to the next empty line.
``ignore-file`` applies to the whole file. A line that ends with a backslash continues on the next line. A comment
without a reason has no effect.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice

from dreamerguard.core.finding import Finding
from dreamerguard.core.source import Source, Span
from dreamerguard.sources.comments import comments, is_yaml
from dreamerguard.util.fast_dataclass import dataclass

MARK = "dreamerguard:"
#: Comments of one file that are read. Files written by people have fewer.
MAX_COMMENTS = 200
_DIRECTIVE = re.compile(
    r"#\s*dreamerguard:\s*(?P<scope>ignore|ignore-block|ignore-file)\s*\[(?P<rules>[^\]]*)\]\s*(?:--\s*(?P<reason>.*))?"
)
_MENTION = re.compile(r"#\s*dreamerguard:")


@dataclass(frozen=True, slots=True)
class Suppression:
    """One suppression comment.

    Attributes:
      span: the comment.
      selectors: selectors in the brackets.
      reason: text after ``--``; empty if it is missing.
      start, end: range of characters that the comment applies to.
      readable: whether the comment has the correct form.
    """

    span: Span
    selectors: tuple[str, ...]
    reason: str
    start: int
    end: int
    readable: bool = True

    def covers(self, finding: Finding) -> bool:
        """Returns whether the comment applies to the finding."""
        span = finding.primary.span
        return span.source.name == self.span.source.name and self.start <= span.start <= self.end


def read_suppressions(source: Source) -> tuple[Suppression, ...]:
    """Returns all comments of a source that start with ``dreamerguard:``."""
    if MARK not in source.text:
        return ()
    found = (span for span in comments(source) if _MENTION.match(span.text))
    return tuple(_read(span) for span in islice(found, MAX_COMMENTS))


def _read(span: Span) -> Suppression:
    match = _DIRECTIVE.fullmatch(span.text)
    selectors = tuple(part.strip() for part in match["rules"].split(",") if part.strip()) if match else ()
    if match is None or not selectors:
        return Suppression(span, (), "", span.start, span.start, readable=False)
    start, end = _range(span, match["scope"])
    return Suppression(span, selectors, (match["reason"] or "").strip(), start, end)


def _range(span: Span, scope: str) -> tuple[int, int]:
    text = span.source.text
    if scope == "ignore-file":
        return 0, len(text)
    start = text.rfind("\n", 0, span.start) + 1
    on_separate_line = not text[start : span.start].strip()
    lines, following = _layout(text)
    at = bisect_right(lines, (span.start, len(text))) - 1
    if not on_separate_line:
        return lines[at]
    first = following[at + 1]
    if first == len(lines):
        return span.end, span.end
    return (lines[first][0], _block_end(span.source, lines[first:])) if scope == "ignore-block" else lines[first]


def _block_end(source: Source, lines: Sequence[tuple[int, int]]) -> int:
    text, (first, end) = source.text, lines[0]
    depth = _indent(text[first:end])
    for start, stop in lines[1:]:
        line = text[start:stop]
        if is_yaml(source):
            if _has_content(line) and _indent(line) <= depth:
                break
        elif not line.strip():
            break
        end = stop
    return end


@lru_cache(maxsize=4)
def _layout(text: str) -> tuple[list[tuple[int, int]], list[int]]:
    """Returns the logical lines, and for each index (and one past the end) the first line from there with content."""
    lines = _logical_lines(text)
    following = [len(lines)] * (len(lines) + 1)
    for index in range(len(lines) - 1, -1, -1):
        start, end = lines[index]
        following[index] = index if _has_content(text[start:end]) else following[index + 1]
    return lines, following


def _logical_lines(text: str) -> list[tuple[int, int]]:
    """Returns start and end of every logical line; a line that ends with a backslash includes the next one."""
    lines: list[tuple[int, int]] = []
    start = position = 0
    while position <= len(text):
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        position = end + 1
        if not text[start:end].rstrip("\r").endswith("\\") or position > len(text):
            lines.append((start, end))
            start = position
    return lines


def _has_content(line: str) -> bool:
    stripped = line.strip()
    return bool(stripped) and not stripped.startswith("#")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def whole_line(span: Span) -> Span:
    """Returns the span of the comment with the space before it, or of its whole line if it has no other content."""
    text = span.source.text
    start = text.rfind("\n", 0, span.start) + 1
    before = text[start : span.start]
    if before.strip():
        return span.source.span(span.start - (len(before) - len(before.rstrip())), span.end)
    end = text.find("\n", span.end)
    return span.source.span(start, len(text) if end < 0 else end + 1)
