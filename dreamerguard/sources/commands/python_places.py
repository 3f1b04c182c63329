"""Places of syntax nodes in a Python file, and how a literal value is written on a command line."""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from itertools import accumulate

from dreamerguard.core.source import Source, Span
from dreamerguard.sources.argv import UNKNOWN, Command, Word
from dreamerguard.sources.python.names import literal_text

#: Why a word of a Python file is unknown.
FROM_CODE = "is only known when the code runs"

#: Lines as Python counts them; other characters that break lines elsewhere do not.
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


class Places:
    """Places of syntax nodes, in characters: trees count lines and bytes."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._lines = _LINES.findall(source.text)
        self._starts = [0, *accumulate(map(len, self._lines))]
        self._bytes: dict[int, list[int]] = {}

    def _at(self, line: int, column: int) -> int:
        text = self._lines[line - 1] if line <= len(self._lines) else ""
        start = self._starts[min(line - 1, len(self._lines))]
        if text.isascii():
            return start + column
        if line not in self._bytes:
            self._bytes[line] = list(accumulate(len(char.encode("utf-8", "surrogatepass")) for char in text))
        return start + bisect_right(self._bytes[line], column)

    def span(self, node: ast.expr | ast.keyword) -> Span:
        """Returns the place of an expression or of a keyword argument."""
        end_line, end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return self.source.span(self._at(node.lineno, node.col_offset), self._at(end_line, end))

    def words(self, parts: list[tuple[str, Span]]) -> Command:
        """Returns a command of words with their places."""
        words = (Word(text, span, index, FROM_CODE) for index, (text, span) in enumerate(parts))
        return Command(self.source, tuple(words))


def word_of(node: ast.expr, places: Places) -> tuple[str, Span]:
    """Returns a word and its place; `UNKNOWN` stands for what is not literal."""
    if isinstance(node, ast.JoinedStr):
        return "".join(literal_text(item) or UNKNOWN for item in node.values), places.span(node)
    return (spelled(node, places) or (UNKNOWN,))[0], places.span(node)


def spelled(node: ast.expr, places: Places) -> tuple[str, ...]:
    """Returns how a literal value is written on a command line; empty for other expressions."""
    if isinstance(node, ast.List | ast.Tuple):
        items = [spelled(item, places) for item in node.elts]
        return tuple(item[0] for item in items) if items and all(len(item) == 1 for item in items) else ()
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        return (places.span(node).text,)
    if not isinstance(node, ast.Constant) or node.value is None or isinstance(node.value, bytes):
        return ()
    if isinstance(node.value, str):
        return (node.value,) if node.value else ()
    return (str(node.value) if isinstance(node.value, bool) else places.span(node).text,)
