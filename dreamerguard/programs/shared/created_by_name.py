"""Whether the function or class of a decision is only ever named by a setting, so that other runs never get there."""

from __future__ import annotations

import re
from collections.abc import Container

from dreamerguard.sources.python.index import PythonIndex

#: Definitions that are followed upwards.
_MOST = 12
_TOP = re.compile(rb"^(?:class|(?:async )?def)\s+(\w+)", re.MULTILINE)
_STATEMENT = re.compile(rb"^[^\s#)\]}]", re.MULTILINE)
_IMPORT = re.compile(rb"^\s*(?:from|import)\b")


def only_by_setting(file: str, line: int, index: PythonIndex, values: Container[str]) -> bool:
    """Returns whether no code names the definition at a place, or those that name it, except by a setting's value.

    Args:
      file: file of the place.
      line: its line.
      index: the checkout.
      values: texts of the run's settings, which may name a class.
    """
    data = index.files[file].data or b""
    start = sum(len(row) for row in data.splitlines(keepends=True)[: line - 1])
    name = _definition(data, start)
    queue, seen = [name], {name}
    while queue and len(seen) <= _MOST:
        name = queue.pop()
        if name in ("", "main") or name in values:
            return False
        for above in _named_in(name, index):
            if above not in seen:
                seen.add(above)
                queue.append(above)
    return not queue


def _named_in(name: str, index: PythonIndex) -> set[str]:
    """Returns the top-level definitions that name a definition; an empty name stands for code of a module."""
    found, word = set(), re.compile(rb"\b" + re.escape(name.encode()) + rb"\b")
    for item in index.files.values():
        for match in word.finditer(item.data or b""):
            data = item.data or b""
            row = data[data.rfind(b"\n", 0, match.start()) + 1 : match.start()]
            if _IMPORT.match(row) or b"#" in row or row.rstrip().endswith((b"class", b"def")):
                continue
            found.add(_definition(data, match.start()))
    return found - {name}


def _definition(data: bytes, position: int) -> str:
    """Returns the name of the top-level definition around a position; empty if code of the module is there."""
    last = list(_TOP.finditer(data, 0, position))[-1:]
    if not last:
        return ""
    between = _STATEMENT.search(data, last[0].end(), position)
    return "" if between is not None else last[0][1].decode("utf-8", "replace")
