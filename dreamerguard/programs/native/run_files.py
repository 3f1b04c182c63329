"""Recognises run files of the bundled trainer."""

from __future__ import annotations

import re

from .keys import native_keys

_TASK = re.compile(r"^[\"']?task[\"']?[ \t]*:[ \t]*\S", re.MULTILINE)
_TOP_LEVEL = re.compile(r"^[\"']?([A-Za-z_]\w*)(?:\.[\w.]+)?[\"']?[ \t]*:", re.MULTILINE)


def is_run_file(text: str) -> bool:
    """Returns whether a file is probably a run file: it has a task, and at least 75 % of its keys are the trainer's."""
    sections = {key.partition(".")[0] for key in native_keys()}
    if not _TASK.search(text):
        return False
    names = _TOP_LEVEL.findall(text)
    return bool(names) and sum(name in sections for name in names) >= 0.75 * len(names)
