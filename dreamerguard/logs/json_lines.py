"""Reads scores and metrics from JSON lines files quickly.

A backlog of a million lines takes a few seconds: scores are found by their key without splitting the text into lines,
many lines are parsed at once, and only evenly spaced rows of metrics are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from dreamerguard.core.log_format import LogLayout, ScoreKind
from dreamerguard.util.json_text import read_json, read_long_json

from .file_notes import HOPELESS, note_counts, note_event, note_unfinished_line
from .lines import count_lines, flat_columns, lines_with, number_columns
from .metric_rows import made_updates, sample_rows
from .mixed_episodes import note_evaluations
from .order import Order, are_scores, are_steps, is_finite, is_score, is_step
from .run_log import COPIES, FILES, LogProblem, NonFinite, RunLog
from .tail import Tail

#: Rows of metrics read from a backlog. A longer backlog is sampled: evenly spaced rows, and rows with a NaN.
SAMPLED = 4000

#: Metrics in which a NaN means that learning is broken. Others may be NaN legitimately, such as a mean over nothing.
WATCHED = ("loss/", "grad_norm/")


class JsonFile:
    """Reads one JSON lines file of a run into its `RunLog`."""

    def __init__(self, path: Path, layout: LogLayout, log: RunLog) -> None:
        self.tail: Tail = Tail(path)
        self._layout, self._log = layout, log
        self._keys = layout.files[path.name]
        self._copies = layout.copies.get(path.name, {})
        self._episode = [f'"{key}"'.encode() for keys in layout.files.values() for key in keys]
        self._metrics = path.name in layout.metrics
        self._order: Order[dict[str, Any]] = Order()
        self._names: dict[str, str | None] = {}
        self._bad = 0
        self._nan = 0
        self._useful = False
        self._given_up = False

    def read(self) -> bool:
        """Reads the lines appended since the last call. Returns whether the file changed."""
        changed = self.tail.poll()
        events = self._events()
        if not changed or self._given_up:
            return events
        self._read_appended(max(self.tail.size - self.tail.offset, 1))
        self._events()
        self._report()
        return True

    def _read_appended(self, backlog: int) -> None:
        in_parts = not self._holds_evaluations()
        read = backlog // self.tail.stride(self.tail.size) if in_parts else backlog
        for block in self.tail.blocks(in_parts=in_parts):
            if "cut back" in self.tail.events:
                self._events()
            if block:
                self._block(block, max(1, SAMPLED * len(block) // read))
            if self._hopeless():
                return

    def _holds_evaluations(self) -> bool:
        """Returns whether the file tells which scores are those of evaluations, so that all its rows are needed."""
        return self._metrics and bool(self._layout.evaluation_rows) and self._log.facts.mixes_evaluations is not False

    def _hopeless(self) -> bool:
        """Returns whether the file is given up, because it has no readable row for long."""
        self._given_up = self._given_up or (not self._useful and self.tail.taken > HOPELESS)
        return self._given_up

    def _events(self) -> bool:
        name = self.tail.path.name
        events, self.tail.events = self.tail.events, []
        for event in events:
            if event in ("cut back", "replaced file"):
                self._given_up = self._useful = False
                forgotten = [("given up", name), ("sampled", name)]
                self._log.problems = [p for p in self._log.problems if (p.kind, p.file) not in forgotten]
            if event == "cut back":
                self._forget()
            if event == "replaced file":
                for kind in self._keys.values():
                    if self._log.places.get(kind) == FILES:
                        (self._log.train if kind == "train" else self._log.evals).rejoin()
            note_event(self._log, self.tail, event)
        return bool(events)

    def _forget(self) -> None:
        """Drops all data from this file, which is read again."""
        self._bad = self._nan = 0
        for keys, place in ((self._keys, FILES), (self._copies, COPIES)):
            for kind in keys.values():
                if self._log.places.get(kind) == place:
                    (self._log.train if kind == "train" else self._log.evals).clear()
        if self._log.evaluation_steps:
            self._log.evals.clear()
        if self._metrics:
            self._log.evaluation_steps.clear()
            self._order, self._log.metrics_frames = Order(), 0.0
            self._log.series.clear()
            self._log.nonfinite.clear()

    def _block(self, block: bytes, quota: int) -> None:
        others: int | None = 0 if self._metrics or not self._keys else None
        for key, kind in self._keys.items():
            if not self._metrics and self._read_flat_block(block, key, kind):
                others = 0
                break
            lines = lines_with(block, f'"{key}"'.encode())
            self._rows_with_score(lines, key, kind, FILES)
            others = max((count_lines(block) if others is None else others) - len(lines), 0)
        self._bad += others or 0
        for key, kind in self._copies.items():
            if self._log.places.get(kind, COPIES) >= COPIES or not len(self._log.train):
                self._rows_with_score(lines_with(block, f'"{key}"'.encode()), key, kind, COPIES)
        if self._metrics:
            if self._layout.evaluation_rows:
                note_evaluations(self._log, block)
            for row in self._parse(sample_rows(block, quota, self._only_episode)):
                self._metric_row(row)

    def _read_flat_block(self, block: bytes, key: str, kind: ScoreKind) -> bool:
        """Reads a block in which every line is a flat object with frames first; returns False for any other block."""
        columns = flat_columns(block, self._layout.x, key)
        return columns is not None and self._sound_scores(kind, *columns, FILES)

    def _rows_with_score(self, lines: Sequence[bytes], key: str, kind: ScoreKind, place: int) -> None:
        found = flat_columns(b"\n".join((*lines, b"")), self._layout.x, key)
        if found is not None and self._sound_scores(kind, *found, place):
            return
        rows = self._parse(lines)
        columns = number_columns(rows, self._layout.x, key)
        if columns is None or not self._sound_scores(kind, *columns, place):
            self._scores(rows, key, kind, place)

    def _sound_scores(self, kind: ScoreKind, frames: list[float], scores: list[float], place: int) -> bool:
        """Takes numbers that are all possible frames and scores; returns False, and takes none, if one is not."""
        if not (frames and are_steps(frames) and are_scores(scores)):
            return False
        if kind == "train":
            self._log.bad_scores = 0
        self._useful = True
        self._extend(kind, frames, scores, place)
        return True

    def _only_episode(self, line: bytes) -> bool:
        """Returns whether a line only reports an episode: such a line is short, and a longer one may hold metrics."""
        return len(line) <= 400 and b"success" not in line and any(needle in line for needle in self._episode)

    def _parse(self, lines: Sequence[bytes]) -> list[dict[str, Any]]:
        rows = []
        if all(line[:1] == b"{" and line.rstrip()[-1:] == b"}" for line in lines):
            with suppress(ValueError):
                rows = read_long_json(b"[" + b",".join(lines) + b"]")
        if len(rows) != len(lines):
            rows = [self._parse_one(line) for line in lines]
        found = [row for row in rows if isinstance(row, dict)]
        self._bad += len(rows) - len(found)
        return found

    def _parse_one(self, line: bytes) -> Any:
        try:
            return read_json(line)
        except ValueError:
            return None

    def _scores(self, rows: Iterable[dict[str, Any]], key: str, kind: ScoreKind, place: int) -> None:
        frames: list[float] = []
        scores: list[float] = []
        bad = self._log.bad_scores
        for row in rows:
            x, y = row.get(self._layout.x), row.get(key)
            if not is_step(x):
                self._bad += 1
            elif is_score(y):
                frames.append(x)
                scores.append(y)
                bad = 0
            else:
                self._nan += 1
                bad += isinstance(y, float)
        if kind == "train":
            self._log.bad_scores = bad
        self._useful |= bool(frames)
        self._extend(kind, frames, scores, place)

    def _extend(self, kind: ScoreKind, frames: list[float], values: list[float], place: int) -> None:
        scores = self._log.scores_for(kind, place) if frames else None
        if scores is None:
            return
        self._log.separate_evaluations |= kind == "eval"
        before = scores.rewinds
        scores.extend(frames, values)
        if scores.rewinds > before:
            text = "the run was resumed from an earlier step: its new scores replace the old ones after that step"
            self._log.note(LogProblem("resumed", self.tail.path.name, text, scores.rewinds))

    def _metric_row(self, row: dict[str, Any]) -> None:
        x = row.get(self._layout.x)
        if not is_step(x):
            self._bad += 1
            return
        self._useful = self._log.json_metrics = True
        for frames, admitted in self._order.admit(x, row):
            self._metrics_of(frames, admitted)

    def _metrics_of(self, x: float, row: dict[str, Any]) -> None:
        log = self._log
        log.metrics_frames = x
        names = self._names
        for key, y in row.items():
            if key not in names:
                names[key] = self._layout.metric_name(key)
            name = names[key]
            if name is None:
                continue
            if is_finite(y):
                log.metric(name, x, y)
            elif (
                name.startswith(WATCHED)
                and (y is None or isinstance(y, float))
                and made_updates(row, self._layout, log)
            ):
                bad = log.nonfinite.setdefault(name, NonFinite(first=x))
                bad.count, bad.last = bad.count + 1, x

    def _report(self) -> None:
        strays = self._order.strays + self._order.waiting
        if self._keys or self._log.places.get("train") == COPIES:
            strays += sum(each.order.strays + each.order.waiting for each in (self._log.train, self._log.evals))
        replaced = self._log.train.replaced if "train" in self._keys.values() else 0
        counts = {
            "unreadable line": self._bad,
            "given up": int(self._given_up),
            "non-finite score": self._nan,
            "stray step": strays,
            "repeated step": replaced if self._layout.repeated == "replace" else 0,
        }
        note_counts(self._log, self.tail, counts)
        note_unfinished_line(self._log, self.tail, reads=not self._given_up)
