"""A script whose file of presets is not there: the program reads it first and stops."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from dreamerguard.core.finding import Problem
from dreamerguard.core.source import Label, Span
from dreamerguard.sources.python.python_files import read_file
from dreamerguard.util.paths import exists, is_file

from .python_call import PythonCall

#: The file beside the script, and code that goes on without it.
_BESIDE = re.compile(rb"(parent|folder|here|directory)\s*\)?\s*/\s*['\"]configs\.yaml['\"]")
_OPTIONAL = re.compile(rb"\.exists\(|\.is_file\(|FileNotFoundError|isfile\(")
_OWN_PLACE = (b"__file__", b"argv[0]")
_IGNORED = re.compile(r"^/?(\*\*/)?(configs\.yaml|\*\.ya?ml|config\*|configs\*)\s*$", re.MULTILINE)
#: Characters before and behind the place that reads the file, in which code says that it may be missing.
_BEFORE, _BEHIND = 250, 450
_MOST_BYTES = 1 << 16


def absent_presets(call: PythonCall, folder: Path, anchor: Span) -> Iterator[Problem]:
    """Yields the problem of a script that reads ``configs.yaml`` beside it, where that file is missing.

    Args:
      call: the command.
      folder: where it would be started.
      anchor: place of the command.
    """
    script = folder / call.script
    if not is_file(script) or exists(script.parent / "configs.yaml"):
        return
    data = read_file(script).data or b""
    reads = [data[max(found.start() - _BEFORE, 0) : found.end() + _BEHIND] for found in _BESIDE.finditer(data)]
    if not reads or any(map(_OPTIONAL.search, reads)) or not any(part in data for part in _OWN_PLACE):
        return
    ignored = any(_ignores(place / ".gitignore") for place in dict.fromkeys((script.parent, folder)))
    why = ", and .gitignore excludes it" if ignored else ""
    text = f"{call.script} reads configs.yaml in its folder, but the checkout has no such file{why}: the program stops"
    yield Problem("missing-presets", text, Label(anchor), help="add the file to the repository")


def _ignores(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8", errors="replace") as stream:
            return _IGNORED.search(stream.read(_MOST_BYTES)) is not None
    except OSError:
        return False
