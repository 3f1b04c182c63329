"""The header of a configuration file: lines ``# @package NAME`` in front of everything else.

Hydra 1.3 stops reading the header at the first line that is neither empty nor a ``# @`` line, so a plain comment in
front voids it. The last of several lines wins (``hydra/plugins/config_source.py``).
"""

from __future__ import annotations

import re

from dreamerguard.core.finding import Problem
from dreamerguard.core.source import Label, Source

_MARK = re.compile(r"\s*#\s*@")
_LONGEST = 2000


def read_header(source: Source, name: str) -> tuple[str | None, list[Problem]]:
    """The package that a file names, and what is wrong with its header.

    Args:
      source: the text.
      name: path of the file without suffix: ``exp/mine``.
    """
    package: str | None = None
    problems: list[Problem] = []
    void = False
    at = 0
    for line in source.text[:_LONGEST].splitlines(keepends=True):
        start, at = at, at + len(line)
        text = line.strip()
        if not text:
            continue
        if not text.startswith("#"):
            break
        words = text.lstrip("#").split() if _MARK.match(text) else []
        if not words:
            void = True
        elif void and package is None and len(words) == 2 and words[0] == "@package" and not _own(words[1], name):
            problems.append(_void(source, start, text, words[1]))
            break
        elif not void and len(words) != 2:
            problems.append(_wrong(source, start, text))
        elif not void and words[0] == "@package":
            package = words[1]
            problems += _keyword(source, start, text, package)
    return package, problems


def _own(package: str, name: str) -> bool:
    """Returns whether a package is the one that the file has without a header."""
    return package in ("_group_", name.rpartition("/")[0].replace("/", "."))


def _void(source: Source, start: int, text: str, package: str) -> Problem:
    return Problem(
        "void-header",
        f"a comment stands in front of '# @package {package}', so hydra ignores this line",
        Label(source.span(start, start + len(text))),
        package,
        help="make it the first line of the file",
    )


def _keyword(source: Source, start: int, text: str, package: str) -> list[Problem]:
    """Reports a word that hydra 1.0 replaced in headers; since 1.1 the values go to a package of this very name."""
    old = next((part for part in package.split(".") if part in ("_group_", "_name_")), None)
    if old is None:
        return []
    message = f"hydra replaces {old} in a header no longer, so the values of the file go to '{package}'"
    help = "delete the line: the folder is the package anyway" if package == "_group_" else "write the package out"
    return [Problem("void-header", message, Label(source.span(start, start + len(text))), package, help=help)]


def _wrong(source: Source, start: int, text: str) -> Problem:
    return Problem(
        "malformed-override",
        f"the header line {text[:60]!r} needs two words, so hydra stops",
        Label(source.span(start, start + len(text))),
        help="write # @package NAME and nothing behind it",
    )
