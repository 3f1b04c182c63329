"""The main memory that a script asks Slurm for: ``#SBATCH --mem=64G`` in front of its first command."""

from __future__ import annotations

import re
from dataclasses import replace

from dreamerguard.core.machine import Machine
from dreamerguard.core.source import Source

_HEAD = re.compile(r"#!(?:[^\n]*\n(?=[ \t]*(?:#|\r?\n)))*[^\n]*")
_MEMORY = re.compile(r"^#SBATCH[ \t]+--mem(?:=|[ \t]+)(\d{1,9})([KMGT]?)B?[ \t]*(?:#[^\n]*)?$", re.MULTILINE)
_UNITS = {"K": 10, "M": 20, "": 20, "G": 30, "T": 40}
_MOST = 1 << 16


def for_job(machine: Machine, source: Source) -> Machine:
    """Returns the machine of a job, with the memory that the head of its script asks for; 0 asks for all of it."""
    text = source.text[:_MOST]
    if not text.startswith("#!") or "#SBATCH" not in text:
        return machine
    head = _HEAD.match(text)
    found = _MEMORY.findall(head[0]) if head is not None else []
    memory = int(found[-1][0]) << _UNITS[found[-1][1]] if found else 0
    return replace(machine, memory=memory, job=True) if memory else machine
