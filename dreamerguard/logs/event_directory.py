"""The TensorBoard event files of a run, in the order in which they were started."""

from __future__ import annotations

import math
import re
from pathlib import Path

from dreamerguard.core.run_log import LogLayout, ScoreKind

from .event_files import EventScalar, read_events
from .json_lines import WATCHED
from .run_log import LogProblem, NonFinite, RunLog
from .tail import Tail

EVENT_FILES = "events.out.tfevents.*"


def event_files(directory: Path) -> list[Path]:
    """Event files of a run, oldest first; sheeprl keeps them in ``version_N`` below the run."""
    found = [path for pattern in (EVENT_FILES, f"version_*/{EVENT_FILES}") for path in directory.glob(pattern)]
    return sorted(found, key=lambda path: _by_number(path.name))


def _by_number(name: str) -> list[tuple[int, str]]:
    """Orders names by their numbers: seconds of the start, then a process's counter of files, where 10 follows 9."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name, flags=re.ASCII)]


class EventFiles:
    """The event files of one run, read into its `RunLog`; x becomes frames by the action repeat."""

    def __init__(self, directory: Path, layout: LogLayout, log: RunLog, repeat: int) -> None:
        self._directory, self._layout, self._log, self._repeat = directory, layout, log, repeat
        self._tails: dict[Path, Tail] = {}

    @property
    def tails(self) -> list[Tail]:
        """Reading positions, for their times of change."""
        return list(self._tails.values())

    def read(self) -> bool:
        """Reads what was appended. Returns whether anything was."""
        changed = False
        for path in event_files(self._directory):
            tail = self._tails.setdefault(path, Tail(path))
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
            text = "a record's length does not match its checksum; the rest of the file is left out"
            self._log.note(LogProblem("broken record", name, text))
        elif found.used < len(data):
            text = "the last record is unfinished; it counts as soon as it is complete"
            self._log.note(LogProblem("truncated line", name, text))
        return bool(found.scalars)

    def _add(self, scalar: EventScalar, file: str) -> None:
        log, x = self._log, float(scalar.step * self._repeat)
        kind = self._layout.event_scores.get(scalar.tag)
        if kind is not None:
            self._score(scalar, x, file, kind)
            return
        name = self._layout.metric_name(scalar.tag)
        if name is None:
            return
        log.metrics_frames = x
        if math.isfinite(scalar.value):
            log.metric(name, x, scalar.value)
            if name == "updates_per_step" and log.facts.batch_steps:
                log.metric("train_ratio", x, scalar.value * log.facts.batch_steps)
        elif name.startswith(WATCHED):
            bad = log.nonfinite.setdefault(name, NonFinite(first=x))
            bad.count, bad.last = bad.count + 1, x

    def _score(self, scalar: EventScalar, x: float, file: str, kind: ScoreKind) -> None:
        log = self._log
        scores = log.train if kind == "train" else log.evals
        if not math.isfinite(scalar.value):
            log.note(
                LogProblem("non-finite score", file, "scores that are NaN or infinite are left out of the verdict")
            )
            return
        # The test after training is logged at step 0; it belongs to the end.
        before = scores.rewinds
        scores.add(log.frames if kind == "eval" else x, scalar.value)
        if scores.rewinds > before:
            text = "the run went back to an earlier step: scores behind it were replaced by those of the resumed run"
            log.note(LogProblem("resumed", file, text, scores.rewinds))
