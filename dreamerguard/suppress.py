"""Comments that accept a finding where it is written, with a reason.

    train_ratio: 32  # dreamerguard: ignore[low-train-ratio] -- smoke test on a laptop

At the end of a line the comment is about that line, on a line of its own about the next one. ``ignore-block`` is about
the next key and everything below it, in scripts up to the next empty line, and ``ignore-file`` about the whole file. A
line that ends with a backslash continues. Without a reason a comment has no effect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .model import Finding, Source, Span
from .sources.comments import comments, is_yaml

MARK = "dreamerguard:"
_DIRECTIVE = re.compile(
    r"#\s*dreamerguard:\s*(?P<scope>ignore|ignore-block|ignore-file)\s*\[(?P<rules>[^\]]*)\]\s*(?:--\s*(?P<reason>.*))?"
)
_MENTION = re.compile(r"#\s*dreamerguard:")


@dataclass(frozen=True, slots=True)
class Suppression:
    """One comment.

    Attributes:
      span: the comment.
      selectors: what stands in the brackets.
      reason: what stands behind ``--``; empty when it is missing.
      start, end: the characters that it is about.
      readable: whether it has the right form.
    """

    span: Span
    selectors: tuple[str, ...]
    reason: str
    start: int
    end: int
    readable: bool = True

    def covers(self, finding: Finding) -> bool:
        """Whether the finding lies in what the comment is about."""
        span = finding.primary.span
        return span.source.name == self.span.source.name and self.start <= span.start <= self.end


def read_suppressions(source: Source) -> tuple[Suppression, ...]:
    """All comments of a source that are addressed to dreamerguard."""
    if MARK not in source.text:
        return ()
    return tuple(_read(span) for span in comments(source) if _MENTION.match(span.text))


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
    alone = not text[start : span.start].strip()
    lines = list(_logical_lines(text))
    at = next(index for index, line in enumerate(lines) if line[0] <= span.start <= line[1])
    if not alone:
        return lines[at]
    following = [line for line in lines[at + 1 :] if _has_content(text[line[0] : line[1]])]
    if not following:
        return span.end, span.end
    first = following[0]
    return (first[0], _block_end(span.source, lines, first)) if scope == "ignore-block" else first


def _block_end(source: Source, lines: list[tuple[int, int]], first: tuple[int, int]) -> int:
    text, end = source.text, first[1]
    depth = _indent(text[first[0] : first[1]])
    for start, stop in lines[lines.index(first) + 1 :]:
        line = text[start:stop]
        if is_yaml(source):
            if _has_content(line) and _indent(line) <= depth:
                break
        elif not line.strip():
            break
        end = stop
    return end


def _logical_lines(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of every line; a line that ends with a backslash takes the next one in."""
    start = position = 0
    while position <= len(text):
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        position = end + 1
        if not text[start:end].rstrip("\r").endswith("\\") or position > len(text):
            yield start, end
            start = position


def _has_content(line: str) -> bool:
    stripped = line.strip()
    return bool(stripped) and not stripped.startswith("#")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
