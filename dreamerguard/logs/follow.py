"""Follows a run directory: recognises the program that writes it and reads the lines added since the last poll."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from dreamerguard.core.log_format import LogLayout
from dreamerguard.util.paths import exists, is_dir
from dreamerguard.util.regular_files import why_unreadable

from .csv_scores import CsvScores
from .detect import detect, why_no_log
from .event_directory import EVENT_FILES, EventFiles
from .json_lines import JsonFile
from .mixed_episodes import split_evaluations
from .row_sources import SUFFIXES, RowFile, read_source, row_layout, source_path
from .run_log import LogProblem, RunLog
from .series import Scores
from .stored_config import read_run_facts

#: Replayed agent steps of one update, in all four programs unless configured otherwise: batch 16, length 64.
_USUAL_BATCH = 16 * 64

_EXPECTED = (
    "expected scores.jsonl or metrics.jsonl of dreamerguard, dreamerv3, dreamerv3-torch or r2dreamer, TensorBoard"
    " events, JSON lines or CSV files of torchrl, or run-*.wandb of Weights & Biases"
)


class LogError(Exception):
    """A run directory cannot be read. The message states what is wrong, where, and how to fix it."""


class Follower:
    """Reads the log of one run while it grows.

    The directory may not exist yet, may be removed and may come back; `poll` does not fail in these cases.

    Args:
      directory: directory of the run.
      action_repeat: environment frames per agent step, if the directory does not state it; needed for sheeprl only.
      layout: layout of the program if it is known, as for the runs of a sweep; it is taken if one of its files exists.
    """

    def __init__(self, directory: Path, action_repeat: int | None = None, layout: LogLayout | None = None) -> None:
        self.directory = directory
        self._repeat, self._layout = action_repeat, layout
        self._files: list[JsonFile] = []
        self._csv: list[CsvScores] = []
        self._events: EventFiles | None = None
        self.log: RunLog | None = None

    def poll(self) -> bool:
        """Reads the appended lines. Returns whether anything is new. Unchanged files are not opened.

        Raises:
          LogError: the path is not a directory, or cannot be read.
        """
        if self.log is None and not self._open():
            return False
        assert self.log is not None
        changed = [file.read() for file in self._files] + [file.read() for file in self._csv]
        if self._events and self.log.needs_events:
            changed.append(self._events.read())
        tails = [file.tail for file in self._files] + [file.tail for file in self._csv]
        tails += self._events.tails if self._events else []
        times = [tail.modified for tail in tails if tail.modified is not None]
        self.log.modified = max(times, default=self.log.modified)
        if any(changed):
            _derive(self.log)
            if self.log.layout.evaluation_rows:
                split_evaluations(self.log)
        return any(changed)

    def _open(self) -> bool:
        try:
            source = self.directory.suffix in SUFFIXES
            if self.directory.exists() and not self.directory.is_dir() and not source:
                raise LogError(
                    f"{self.directory} is a file, not a directory: give the directory that holds the logs, or an export"
                    f" of W&B ({', '.join(SUFFIXES)})"
                )
            known = self._layout is not None and any(exists(self.directory / name) for name in self._layout.files)
            layout = self._layout if known else detect(self.directory)
            if layout is None:
                return self._open_rows()
        except OSError as error:
            raise LogError(f"cannot read {error.filename or self.directory}: {why_unreadable(error)}") from error
        self.log = _empty_log(self.directory, layout, self._repeat)
        if layout.event_scores:
            repeat = self.log.facts.action_repeat if layout.counts_steps or layout.csv_scores else None
            self._events = EventFiles(self.directory, layout, self.log, repeat or 1)
        self._files = [JsonFile(self.directory / name, layout, self.log) for name in layout.files]
        self._csv = list(self._csv_files(layout))
        return True

    def _open_rows(self) -> bool:
        """Opens a W&B run or an export. Returns whether there is one that a supported program has logged."""
        path = source_path(self.directory)
        source = read_source(path) if path is not None else None
        if source is None or source.layout is None:
            return False
        facts = source.facts
        if self._repeat is not None:
            facts = replace(facts, action_repeat=self._repeat)
        layout = row_layout(source)
        self.log = RunLog(self.directory, layout, facts, Scores(layout.repeated), Scores(layout.repeated))
        counts = layout.counts_steps or (source.layout.csv_scores and source.layout.x not in source.keys)
        if counts and facts.action_repeat is None:
            note_unknown_repeat(self.log)
        self._files = [RowFile(source, self.log, (facts.action_repeat or 1) if counts else 1)]
        return True

    def _csv_files(self, layout: LogLayout) -> Iterator[CsvScores]:
        """Yields a reader for every CSV file of scores, if the log has no JSON lines yet."""
        assert self.log is not None
        if not layout.csv_scores or any(exists(self.directory / name) for name in layout.files):
            return
        repeat = self.log.facts.action_repeat
        if repeat is None:
            note_unknown_repeat(self.log)
        seen: set[str] = set()
        for name, kind in layout.csv_scores.items():
            yield CsvScores(self.directory, name, kind, self.log, kind not in seen, repeat or 1)
            seen.add(kind)


def read_run(directory: str | Path, action_repeat: int | None = None) -> RunLog:
    """Reads the log of an existing run directory.

    Raises:
      LogError: the directory does not exist, has no known log, or cannot be read.
    """
    if not exists(Path(directory)):
        raise LogError(f"{directory} does not exist")
    follower = Follower(Path(directory), action_repeat)
    follower.poll()
    if follower.log is None:
        why = why_no_log(Path(directory))
        raise LogError(f"{directory} has no log of a supported program: {why or _EXPECTED}")
    return follower.log


def find_runs(directories: Sequence[Path]) -> list[Path]:
    """Returns the run directories among the given ones. A directory without a log is replaced by its children with one.

    A directory without any log, its own or of a child, is kept: its run may start later. A run that is found under
    several names, through links, is returned once, by its own name if that is among them. A log file stands for the
    directory of its run.
    """
    found: dict[str, Path] = {}
    for directory in map(_run_of, directories):
        children = []
        if is_dir(directory) and not _holds_log(directory):
            children = [
                child for child in _children(directory) if is_dir(child) and (_detected(child) or _holds_rows(child))
            ]
        for run in sorted(children, key=lambda child: child.is_symlink()) or [directory]:
            found.setdefault(os.path.realpath(run), run)
    return list(found.values())


def _run_of(path: Path) -> Path:
    """Returns the directory of a program's log file; any other path as it is."""
    layout = _detected(path.parent) if path.is_file() else None
    if layout is not None and (path.name in layout.files or path.match(EVENT_FILES)):
        return path.parent
    return path


def _children(directory: Path) -> list[Path]:
    try:
        return sorted(directory.iterdir())
    except OSError:
        return []


def _holds_log(directory: Path) -> bool:
    """Returns whether a directory has a log. With several seeds, only its subfolders have logs."""
    layout = _detected(directory)
    if layout is None:
        return _holds_rows(directory)
    if not layout.folder_of_runs:
        return True
    return any((directory / name).exists() for name in layout.files)


def _holds_rows(directory: Path) -> bool:
    try:
        path = source_path(directory)
        return path is not None and read_source(path).layout is not None
    except OSError:
        return False


def _detected(directory: Path) -> LogLayout | None:
    try:
        return detect(directory)
    except OSError:
        return None


def _empty_log(directory: Path, layout: LogLayout, repeat: int | None) -> RunLog:
    facts = read_run_facts(directory, layout)
    if repeat is not None:
        facts = replace(facts, action_repeat=repeat)
    log = RunLog(directory, layout, facts, Scores(layout.repeated), Scores(layout.repeated))
    if layout.counts_steps and facts.action_repeat is None:
        note_unknown_repeat(log)
    return log


def note_unknown_repeat(log: RunLog) -> None:
    """Notes that the frames of a log which counts agent steps are unknown."""
    text = f"{log.layout.title} logs policy steps and no configuration states the action repeat: 1 is assumed; set it"
    log.note(LogProblem("no config", "config.yaml", f"{text} with --action-repeat"))


def _derive(log: RunLog) -> None:
    """Adds the achieved train ratio, in replayed steps per agent step, if the program logs only its update count."""
    updates = log.series.get("updates")
    if not log.layout.ratio_from_updates or updates is None or log.facts.action_repeat is None:
        return
    slope = updates.slope(0.5)
    if slope is not None and len(updates) >= 5:
        batch = log.facts.batch_steps or _USUAL_BATCH
        log.metric("train_ratio", updates.frames[-1], slope * log.facts.action_repeat * batch)
