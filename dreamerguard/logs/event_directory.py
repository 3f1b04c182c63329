"""Reads the TensorBoard event files of a run, in the order in which they were started."""

from __future__ import annotations

import math
import re
from pathlib import Path

from dreamerguard.core.log_format import LogLayout, ScoreKind

from .event_files import EventScalar, read_events
from .json_lines import WATCHED
from .order import Order, is_score, is_step
from .run_log import LogProblem, NonFinite, RunLog
from .tail import Tail

EVENT_FILES = "events.out.tfevents.*"


def event_files(directory: Path) -> list[Path]:
    """Returns the event files of a run, oldest first; sheeprl writes them to ``version_N`` in the run directory."""
    found = [path for pattern in (EVENT_FILES, f"version_*/{EVENT_FILES}") for path in directory.glob(pattern)]
    return sorted(found, key=lambda path: _by_number(path.name))


def _by_number(name: str) -> list[tuple[int, str]]:
    """Returns a sort key by the numbers in a name (start in seconds, then file counter), so that 10 follows 9."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name, flags=re.ASCII)]


class EventFiles:
    """Reads the event files of one run into its `RunLog` and multiplies x by the action repeat to get frames."""

    def __init__(self, directory: Path, layout: LogLayout, log: RunLog, repeat: int) -> None:
        self._directory, self._layout, self._log, self._repeat = directory, layout, log, repeat
        self._tails: dict[Path, Tail] = {}
        self._order: Order[tuple[str, float]] = Order()

    @property
    def tails(self) -> list[Tail]:
        """Reading positions of the files, used for their modification times."""
        return list(self._tails.values())

    def read(self) -> bool:
        """Reads the records appended since the last call. Returns whether a new scalar was found."""
        changed = False
        for path in event_files(self._directory):
            if path not in self._tails:
                self._tails[path] = Tail(path)
                self._order.trust()
                self._log.train.order.trust()
            tail = self._tails[path]
            if tail.poll():
                changed |= self._read(tail)
        return changed

    def _read(self, tail: Tail) -> bool:
        data = tail.read_at()
        found = read_events(data)
        tail.advance(data[: found.used])
        for scalar in found.scalars:
            self._add(scalar, tail.path.name)
        name = tail.path.name
        self._log.problems = [p for p in self._log.problems if (p.kind, p.file) != ("truncated line", name)]
        if found.broken:
            text = "the length of a record does not match its checksum; the rest of the file is not read"
            self._log.note(LogProblem("broken record", name, text))
        elif found.used < len(data):
            text = "the last record is unfinished; it counts as soon as it is complete"
            self._log.note(LogProblem("truncated line", name, text))
        return bool(found.scalars)

    def _add(self, scalar: EventScalar, file: str) -> None:
        log, x = self._log, float(scalar.step * self._repeat)
        kind = self._layout.event_scores.get(scalar.tag)
        if not is_step(x):
            log.note(LogProblem("unreadable step", file, "values at a step that no run has are skipped"))
        elif kind is not None:
            self._score(scalar, x, file, kind)
        elif (name := self._layout.metric_name(scalar.tag)) is not None:
            for frames, (metric, value) in self._order.admit(x, (name, scalar.value)):
                self._metric(metric, frames, value)

    def _metric(self, name: str, x: float, value: float) -> None:
        log = self._log
        log.metrics_frames = x
        if math.isfinite(value):
            log.metric(name, x, value)
            if name == "updates_per_step" and log.facts.batch_steps:
                log.metric("train_ratio", x, value * log.facts.batch_steps)
        elif name.startswith(WATCHED):
            bad = log.nonfinite.setdefault(name, NonFinite(first=x))
            bad.count, bad.last = bad.count + 1, x

    def _score(self, scalar: EventScalar, x: float, file: str, kind: ScoreKind) -> None:
        log = self._log
        scores = log.train if kind == "train" else log.evals
        if not is_score(scalar.value):
            text = "scores that are NaN, infinite or too large do not count in the verdict"
            log.note(LogProblem("non-finite score", file, text))
            return
        # The test after training is logged at step 0, but it belongs to the end of the run.
        before = scores.rewinds
        scores.add(log.frames if kind == "eval" else x, scalar.value)
        if scores.rewinds > before:
            text = "the run was resumed from an earlier step: its new scores replace the old ones after that step"
            log.note(LogProblem("resumed", file, text, scores.rewinds))
