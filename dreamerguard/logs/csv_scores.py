"""Reads scores from the CSV files of torchrl's ``CSVLogger``: ``scalars/NAME.csv`` with rows ``step,value``.

Source: pytorch/rl ae9719f (``torchrl/record/loggers/csv.py``). The files have no header, a name may contain a slash,
and steps count agent steps.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from dreamerguard.core.log_format import ScoreKind

from .order import is_score, is_step
from .run_log import COPIES, FILES, LogProblem, RunLog
from .tail import Tail

#: Folder of the files in a log directory.
FOLDER = "scalars"

#: Names that are looked at.
_MOST = 500


class CsvScores:
    """Reads one CSV file of scores into a `RunLog`.

    Args:
      directory: directory of the run.
      name: name of the scores, as the program logs it.
      kind: kind of the scores.
      log: gets the scores.
      first: whether the scores count before those of other files of this kind.
      repeat: environment frames per agent step.
    """

    def __init__(self, directory: Path, name: str, kind: ScoreKind, log: RunLog, first: bool, repeat: int) -> None:
        self.tail = Tail(directory / FOLDER / f"{name}.csv")
        self._name, self._kind, self._log, self._repeat = f"{FOLDER}/{name}.csv", kind, log, repeat
        self._place = FILES if first else COPIES
        self._bad = self._nan = 0

    def read(self) -> bool:
        """Reads the lines appended since the last call. Returns whether the file changed."""
        changed = self.tail.poll()
        noted = self._note_events()
        if not changed:
            return noted
        for block in self.tail.blocks():
            self._note_events()
            self._block(block)
        self._note_events()
        for kind, text, count in (
            ("unreadable line", "lines without a step and a value are skipped", self._bad),
            ("non-finite score", "scores that are NaN, infinite or too large do not count in the verdict", self._nan),
        ):
            if count:
                self._log.note(LogProblem(kind, self._name, text, count))
        return True

    def _block(self, block: bytes) -> None:
        frames: list[float] = []
        values: list[float] = []
        for line in block.split(b"\n"):
            if not line.strip():
                continue
            step, _, value = line.partition(b",")
            try:
                x, y = float(step) * self._repeat, float(value)
            except ValueError:
                self._bad += 1
                continue
            if not is_step(x):
                self._bad += 1
            elif is_score(y):
                frames.append(x)
                values.append(y)
            else:
                self._nan += 1
        scores = self._log.scores_for(self._kind, self._place) if frames else None
        if scores is not None:
            scores.extend(frames, values)

    def _note_events(self) -> bool:
        events, self.tail.events = self.tail.events, []
        for event in events:
            if event in ("cut back", "replaced file") and self._log.places.get(self._kind) == self._place:
                (self._log.train if self._kind == "train" else self._log.evals).clear()
                self._bad = self._nan = 0
            text = {
                "cut back": "the file was truncated; it is read again from its start",
                "replaced file": "the file was replaced; it is read again from its start",
                "removed": "the file was removed; its scores are kept",
                "unreadable": f"the file cannot be read: {self.tail.reason}",
            }[event]
            self._log.note(LogProblem(event, self._name, text))
        return bool(events)


def csv_names(directory: Path) -> Iterator[str]:
    """Yields the names of the values that have a CSV file, without a file's ending; nothing if there are none."""
    top = directory / FOLDER
    found = 0
    for folder, _, files in os.walk(top):
        for file in files:
            if file.endswith(".csv") and found < _MOST:
                found += 1
                yield (Path(folder) / file).relative_to(top).as_posix().removesuffix(".csv")
        if found >= _MOST:
            return
