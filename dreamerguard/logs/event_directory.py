"""Reads the TensorBoard event files of a run, in the order in which they were started."""

from __future__ import annotations

import io
import math
import re
from functools import lru_cache
from pathlib import Path

from dreamerguard.core.log_format import LogLayout, ScoreKind

from .event_files import START, EventReader, EventScalar, Reading
from .file_notes import HOPELESS
from .json_lines import WATCHED
from .order import Order, is_score, is_step
from .run_log import EVENTS, LogProblem, NonFinite, RunLog
from .tail import BLOCK, Tail

EVENT_FILES = "events.out.tfevents.*"

#: Folders of a run with event files: of most programs, of sheeprl, and of the bundled trainer.
_FOLDERS = ("", "version_*/", "tensorboard/")

#: Bytes of new records up to which all are read. Of a longer backlog, all scores are read and metrics of so many bytes.
_BACKLOG, _SAMPLED = 8 << 20, 1 << 19

#: Scores from which on a longer backlog is sampled: evenly spaced ones, because each is compared with its checksum.
_SCORES = 50_000


def event_files(directory: Path) -> list[Path]:
    """Returns the event files of a run, oldest first."""
    found = [path for folder in _FOLDERS for path in directory.glob(folder + EVENT_FILES)]
    return sorted(found, key=lambda path: _by_number(path.name))


def _by_number(name: str) -> list[tuple[int, str]]:
    """Returns a sort key by the numbers in a name (start in seconds, then file counter), so that 10 follows 9."""
    return [(int(part[:18]), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name, flags=re.A)]


class EventFiles:
    """Reads the event files of one run into its `RunLog`; x is multiplied by ``repeat`` to get frames."""

    def __init__(self, directory: Path, layout: LogLayout, log: RunLog, repeat: int) -> None:
        self._directory, self._layout, self._log, self._repeat = directory, layout, log, repeat
        self._tails: dict[Path, tuple[Tail, EventReader]] = {}
        self._order: Order[tuple[str, float]] = Order()
        self._name = lru_cache(maxsize=4096)(layout.metric_name)

    @property
    def tails(self) -> list[Tail]:
        """Reading positions of the files, used for their modification times."""
        return [tail for tail, _ in self._tails.values()]

    def read(self) -> bool:
        """Reads the records appended since the last call. Returns whether a new scalar was found."""
        changed = False
        for path in event_files(self._directory):
            if path not in self._tails:
                self._tails[path] = Tail(path), EventReader(self._layout.event_scores)
                self._order.trust()
                self._log.train.order.trust()
            tail, reader = self._tails[path]
            if tail.poll() and reader.searched <= HOPELESS:
                changed |= self._read(tail, reader)
            changed |= self._note_events(tail)
        return changed

    def _read(self, tail: Tail, reader: EventReader) -> bool:
        name, found, left = tail.path.name, False, 0
        self._log.problems = [p for p in self._log.problems if (p.kind, p.file) != ("truncated line", name)]
        with tail.opened() as opened:
            if opened is not None:
                found, left = self._records(tail, reader, *opened)
        if left:
            text = "the last record is unfinished; it counts as soon as it is complete"
            self._log.note(LogProblem("truncated line", name, text))
        return found

    def _records(self, tail: Tail, reader: EventReader, file: io.FileIO, end: int) -> tuple[bool, int]:
        """Reads up to the end. Returns whether there was a scalar, and the bytes of an unfinished record."""
        any_found, data, backlog = False, b"", end - tail.offset
        every = backlog // _SAMPLED if backlog > _BACKLOG else 1
        while True:
            more = file.read(min(BLOCK, end - tail.offset - len(data)))
            data += more
            most = None if every == 1 else 1 + _SCORES * len(data) // backlog
            found = reader.read(data, every, most)
            self._take(found, tail.path.name)
            any_found |= bool(found.scalars)
            if found.used:
                tail.skip(file, tail.offset + found.used)
                file.seek(len(data) - found.used, io.SEEK_CUR)
                data = data[found.used :]
            if found.long and tail.offset + found.long <= end:
                tail.skip(file, tail.offset + found.long)
                data = b""
            elif reader.searched > HOPELESS:
                text = f"{HOPELESS >> 20} MiB hold no sound record, so the rest is not read"
                self._log.note(LogProblem("given up", tail.path.name, text))
                return any_found, 0
            elif not more:
                return any_found, len(data)

    def _take(self, found: Reading, name: str) -> None:
        for scalar in found.scalars:
            self._add(scalar, name)
        if found.damaged:
            text = "records whose content does not match its checksum are left out"
            self._count("damaged record", name, text, found.damaged)
        if found.broken:
            text = "the length of a record does not match its checksum; reading goes on at the next sound record"
            self._count("broken record", name, text, found.broken)

    def _note_events(self, tail: Tail) -> bool:
        name, events = tail.path.name, tail.events
        tail.events = []
        for event in events:
            if event == "unreadable":
                self._log.note(LogProblem(event, name, f"the file cannot be read: {tail.reason}"))
            else:
                text = f"the file was {'removed' if event == 'removed' else 'replaced or cut'}; its scores are kept"
                self._count(event, name, text, 1)
        return bool(events)

    def _count(self, kind: str, name: str, text: str, more: int) -> None:
        old = next((p.count for p in self._log.problems if (p.kind, p.file) == (kind, name)), 0)
        self._log.note(LogProblem(kind, name, text, old + more))

    def _add(self, scalar: EventScalar, file: str) -> None:
        log, x = self._log, float(scalar.step * self._repeat)
        tag = scalar.tag.removeprefix("scalars/")
        kind = self._layout.event_scores.get(tag)
        if not is_step(x):
            self._count("unreadable step", file, "values at an impossible step are skipped", 1)
        elif tag == START:
            for scores in (log.scores_for("train", EVENTS), log.scores_for("eval", EVENTS)):
                if scores is not None:
                    scores.restart(x)
            self._order.trust()
        elif kind is not None:
            self._score(scalar, x, file, kind)
        elif not log.json_metrics and (name := self._name(tag)) is not None:
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
        scores = log.scores_for(kind, EVENTS)
        if scores is None:
            return
        if not is_score(scalar.value):
            text = "scores that are NaN, infinite or too large do not count in the verdict"
            self._count("non-finite score", file, text, 1)
            return
        # sheeprl logs the test after training at step 0, but it belongs to the end of the run.
        before = scores.rewinds
        scores.add(log.frames if kind == "eval" and not x else x, scalar.value)
        if scores.rewinds > before:
            text = "the run was resumed from an earlier step: its new scores replace the old ones after that step"
            log.note(LogProblem("resumed", file, text, scores.rewinds))
