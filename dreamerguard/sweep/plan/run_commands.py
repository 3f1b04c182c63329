"""The name and the command of each run of a sweep."""

from __future__ import annotations

import hashlib
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from dreamerguard.core.source import SourceError

from .combinations import Combination, spelled
from .sweep_file import SweepFile

#: Folders of a sweep: the log directories of the runs, and the files of their workers.
RUNS, JOBS = "runs", "jobs"
#: Copy of the run file, so that an edit of the original does not change half of the runs.
RUN_FILE = "config.yaml"
_UNSAFE, _LONGEST = re.compile(r"[^\w.+=,-]+", re.ASCII), 100
#: ``{key}``, but not ``${key}`` of Hydra; ``{{`` and ``}}`` stand for braces.
_PLACEHOLDER = re.compile(r"\{\{|\}\}|(?<!\$)\{([\w./+-]+)\}")
_OWN = ("task", "seed", "logdir", "name")


def run_name(task: str, combination: Combination, seed: int) -> str:
    """Returns the name of a run, which is also that of its folder.

    It depends on nothing else of the sweep, so a sweep that grows keeps its runs.
    """
    varied = ",".join(f"{key}={value}" for key, value in combination.items())
    whole = "-".join(part for part in (task, varied, f"s{seed}") if part)
    safe = _UNSAFE.sub("_", whole).lstrip(".-")
    if safe == whole and len(safe) <= _LONGEST:
        return safe
    return f"{safe[:_LONGEST]}-{hashlib.sha256(whole.encode()).hexdigest()[:10]}"


def run_words(sweep: SweepFile, folder: Path, task: str, combination: Combination, seed: int) -> tuple[str, ...]:
    """Returns the command of a run, as a person would type it.

    Args:
      sweep: the sweep.
      folder: folder of the sweep.
      task, combination, seed: the run.

    Raises:
      SourceError: the command of another program cannot be filled in.
    """
    name = run_name(task, combination, seed)
    logdir = str(folder / RUNS / name)
    if sweep.command is not None:
        own = {"task": task, "seed": str(seed), "logdir": logdir, "name": name}
        return _filled(sweep.command, {**combination, **own})
    given = {**sweep.settings, **sweep.task_settings.get(task, {})}
    settings = {key: spelled(value) for key, value in given.items()} | dict(combination)
    config = () if sweep.config is None else ("--config", str(folder / RUN_FILE))
    allowed = [word for rule, reason in sweep.allow.items() for word in ("--allow", f"{rule}={reason}")]
    words = (f"{key}={value}" for key, value in {**settings, "seed": str(seed)}.items())
    return ("dreamerguard", "train", task, *config, *words, "--logdir", logdir, *allowed)


def started_words(words: Sequence[str]) -> tuple[str, ...]:
    """Returns the words to start: ``dreamerguard`` in this Python, whatever the search path says."""
    if words[:2] == ("dreamerguard", "train"):
        return (sys.executable, "-m", "dreamerguard", *words[1:])
    return tuple(words)


def check_command(sweep: SweepFile, combination: Combination) -> None:
    """Checks that every run of another program has a log directory of its own, and that each varied setting counts.

    Raises:
      SourceError: a placeholder is missing or unknown.
    """
    if sweep.command is None:
        return
    words = _words(sweep.command)
    named = {found[1] for word in words for found in _PLACEHOLDER.finditer(word) if found[1]}
    needed = ["logdir", *combination]
    needed += ["task"] if len(sweep.tasks) > 1 else []
    needed += ["seed"] if len(sweep.seed_list) > 1 else []
    missing = [key for key in needed if key not in named]
    if missing:
        raise SourceError(f"command does not use {{{missing[0]}}}, so runs that differ in it would be the same")
    unknown = sorted(named - {*combination, *_OWN})
    if unknown:
        known = ", ".join(f"{{{key}}}" for key in (*_OWN, *combination))
        raise SourceError(f"command uses {{{unknown[0]}}}, which nothing fills in; known are {known}")
    if not words:
        raise SourceError("command is empty")


def _words(command: str | Sequence[str]) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(command) if isinstance(command, str) else command)
    except ValueError as error:
        raise SourceError(f"command cannot be split into words: {error}") from error


def _filled(command: str | Sequence[str], values: Mapping[str, str]) -> tuple[str, ...]:
    def fill(found: re.Match[str]) -> str:
        return values[found[1]] if found[1] else found[0][0]

    return tuple(_PLACEHOLDER.sub(fill, word) for word in _words(command))
