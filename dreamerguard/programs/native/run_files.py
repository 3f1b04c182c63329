"""Which files are run files of the bundled trainer."""

from __future__ import annotations

import re

from .keys import native_keys

#: Every task's name begins with its suite and an underscore.
_TASK = re.compile(r"^[\"']?task[\"']?[ \t]*:[ \t]*[\"']?\w+_\S", re.MULTILINE)
_TOP_LEVEL = re.compile(r"^[\"']?([A-Za-z_]\w*)(\.[\w.]+)?[\"']?[ \t]*:[ \t]*([^\s#]?)", re.MULTILINE)


def is_run_file(text: str) -> bool:
    """Whether a file looks like a run of the bundled trainer: nearly all of its keys are its own."""
    keys = native_keys()
    sections = {key.partition(".")[0] for key in keys}
    if not _TASK.search(text):
        return False
    lines = _TOP_LEVEL.findall(text)
    own = [name in keys or (name in sections and (bool(dotted) or value in "{&*")) for name, dotted, value in lines]
    return bool(own) and sum(own) >= 0.75 * len(own)
