"""Which files are run files of the bundled trainer."""

from __future__ import annotations

import re

from .keys import native_keys

_TASK = re.compile(r"^[\"']?task[\"']?[ \t]*:[ \t]*\S", re.MULTILINE)
_TOP_LEVEL = re.compile(r"^[\"']?([A-Za-z_]\w*)(?:\.[\w.]+)?[\"']?[ \t]*:", re.MULTILINE)


def is_run_file(text: str) -> bool:
    """Whether a file looks like a run of the bundled trainer: nearly all of its keys are its own."""
    sections = {key.partition(".")[0] for key in native_keys()}
    if not _TASK.search(text):
        return False
    names = _TOP_LEVEL.findall(text)
    return bool(names) and sum(name in sections for name in names) >= 0.75 * len(names)
