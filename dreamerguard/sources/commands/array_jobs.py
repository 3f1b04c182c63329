"""Reads the task numbers of an array job, from its script, ``#SBATCH --array=0-3``, or the command that submits it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from dreamerguard.sources.argv import Word

from .shell_variables import Variables

#: Directive -> the variable with the number of the task.
_DIRECTIVES = (
    (
        re.compile(r"^#SBATCH[ \t]+(?:.*[ \t])?(?:--array[= \t]|-a[ \t]*)([\d,:%-]+)", re.MULTILINE),
        "SLURM_ARRAY_TASK_ID",
    ),
    (re.compile(r"^#PBS[ \t]+-J[ \t]*([\d,:%-]+)", re.MULTILINE), "PBS_ARRAY_INDEX"),
    (re.compile(r"^#PBS[ \t]+-t[ \t]*([\d,:%-]+)", re.MULTILINE), "PBS_ARRAYID"),
    (re.compile(r"^#\$[ \t]+-t[ \t]*([\d,:%-]+)", re.MULTILINE), "SGE_TASK_ID"),
)
#: Command -> its option for the numbers, and the variable.
_SUBMITS = {
    "sbatch": (re.compile(r" (?:--array[= ]|-a ?)([\d,:%-]+)(?= |$)"), "SLURM_ARRAY_TASK_ID"),
    "qsub": (re.compile(r" -J ?([\d,:%-]+)(?= |$)"), "PBS_ARRAY_INDEX"),
}
_RANGE = re.compile(r"(\d{1,6})(?:-(\d{1,6})(?::(\d{1,6}))?)?")
#: Most tasks that are followed, and the characters of the scripts that they run together.
_MAX_TASKS, _MAX_CHARACTERS = 128, 400_000
#: Most tasks that are followed for a command that submits them.
_MAX_SUBMITTED = 32


def array_tasks(text: str) -> tuple[str, tuple[int, ...]] | None:
    """Returns the variable and the numbers of the tasks of an array job; None for other scripts.

    Of many tasks, the first ones and some of the others are returned.
    """
    for pattern, variable in _DIRECTIVES:
        match = pattern.search(text)
        if match is not None and text.count(variable) > 0:
            numbers = _numbers(match[1])
            most = min(_MAX_TASKS, _MAX_CHARACTERS // len(text))
            if not numbers or most < 2:
                return None
            return variable, tuple(_some(numbers, most))
    return None


def submitted_tasks(words: Sequence[Word], state: Variables) -> list[Variables]:
    """Returns the variables of each task of an array job that a command submits; for other commands, the variables.

    Args:
      words: the command, ``sbatch --array=0-3 job.sh``.
      state: the variables of the script that submits it.
    """
    options = _SUBMITS.get(PurePosixPath(words[0].text).name) if words else None
    if options is None:
        return [state]
    pattern, variable = options
    text = " ".join(word.text for word in words[1:])
    match = pattern.search(f" {text}")
    numbers = _numbers(match[1]) if match is not None else []
    return [state.with_value(variable, str(number)) for number in _some(numbers, _MAX_SUBMITTED)] or [state]


def _numbers(text: str) -> list[int]:
    found: dict[int, None] = {}
    for part in text.partition("%")[0].split(","):
        match = _RANGE.fullmatch(part)
        if match is None:
            return []
        first, last, step = int(match[1]), int(match[2] or match[1]), int(match[3] or 1)
        found |= dict.fromkeys(range(first, last + 1, max(step, 1)))
    return list(found)


def _some(numbers: list[int], most: int) -> list[int]:
    if len(numbers) <= most:
        return numbers
    half = most // 2
    rest = numbers[half:]
    return [*numbers[:half], *rest[:: -(-len(rest) // half)]]
