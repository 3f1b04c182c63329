"""Reads and changes the state of a sweep in its database. Every change of a controller checks that it still leads."""

from __future__ import annotations

import json
import sqlite3
import time
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .database import open_database, transaction
from .plan.planned_run import PlannedRun
from .states import ENDED, State, SweptRow

_JSON = ("combination", "words", "findings")
_COLUMNS = tuple(SweptRow.__dataclass_fields__)


class Displaced(Exception):
    """Another controller has taken over the sweep, so this one must change nothing more."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"another controller has taken over {folder}; this one ends and leaves the runs to it")


class SweepStore:
    """The state of a sweep.

    Args:
      folder: the sweep's folder.
      create: whether to make the database.
      clock: returns seconds since the epoch.

    Raises:
      SourceError: there is no sweep, or its database cannot be used.
    """

    def __init__(self, folder: Path, *, create: bool = False, clock: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self._clock = clock
        self._base = open_database(folder, create=create)
        self._owner = ""

    def close(self) -> None:
        """Closes the database."""
        self._base.close()

    def lead(self, owner: str) -> None:
        """Makes this process the one controller that may change runs; an earlier one is displaced."""
        self._owner = owner
        with transaction(self._base):
            self._set("owner", owner)

    def get(self, key: str, default: Any = None) -> Any:
        """Returns a fact about the sweep."""
        row = self._base.execute("SELECT value FROM sweep WHERE key = ?", (key,)).fetchone()
        return default if row is None else json.loads(row["value"])

    def put(self, facts: Mapping[str, Any]) -> None:
        """Stores facts about the sweep, as JSON.

        Raises:
          Displaced: another controller leads.
        """
        with self.leading():
            for key, value in facts.items():
                self._set(key, value)

    def add_runs(self, runs: Sequence[PlannedRun], left_out: Iterable[str]) -> int:
        """Adds the runs of a plan that are not there yet. Returns their number."""
        refused = set(left_out)
        known = {row["name"] for row in self._base.execute("SELECT name FROM runs")}
        new = [run for run in runs if run.name not in known]
        with self.leading():
            for position, run in enumerate(new, len(known)):
                state: State = "refused" if run.name in refused else "waiting"
                why = run.why if state == "refused" else ""
                plain = (run.name, position, run.task, run.suite, run.seed)
                texts = (json.dumps(dict(run.combination)), json.dumps(run.words))
                rest = (run.frames, run.cost.updates, json.dumps(run.findings), state, why)
                self._base.execute(
                    "INSERT INTO runs (name, position, task, suite, seed, combination, words, frames, updates,"
                    " findings, state, why) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (*plain, *texts, *rest),
                )
        return len(new)

    def rows(self, *states: State) -> list[SweptRow]:
        """Returns the runs in these states, or all runs, in the order of the plan."""
        chosen = f"WHERE state IN ({', '.join('?' * len(states))})" if states else ""
        found = self._base.execute(f"SELECT {', '.join(_COLUMNS)} FROM runs {chosen} ORDER BY position", states)
        return [_row(item) for item in found]

    def _named(self, names: Sequence[str]) -> list[SweptRow]:
        marks = ", ".join("?" * len(names))
        found = self._base.execute(
            f"SELECT {', '.join(_COLUMNS)} FROM runs WHERE name IN ({marks}) ORDER BY position", names
        )
        return [_row(item) for item in found]

    def counts(self) -> dict[State, int]:
        """Returns the number of runs in each state."""
        found = self._base.execute("SELECT state, COUNT(*) AS n FROM runs GROUP BY state")
        return {row["state"]: row["n"] for row in found}

    def claim(self, engine: str, most: int) -> list[SweptRow]:
        """Takes waiting runs whose pause is over, in order, and returns them as started.

        Raises:
          Displaced: another controller leads.
        """
        now = self._clock()
        with self.leading():
            found = self._base.execute(
                "SELECT name FROM runs WHERE state = 'waiting' AND not_before <= ? ORDER BY position LIMIT ?",
                (now, most),
            ).fetchall()
            for item in found:
                self._base.execute(
                    "UPDATE runs SET state = 'started', attempt = attempt + 1, job = '', stop_reason = ''"
                    " WHERE name = ? AND state = 'waiting'",
                    (item["name"],),
                )
                self._base.execute(
                    "INSERT INTO attempts (run, attempt, engine, controller, claimed)"
                    " SELECT name, attempt, ?, ?, ? FROM runs WHERE name = ?",
                    (engine, self._owner, now, item["name"]),
                )
        return self._named([item["name"] for item in found])

    def note_job(self, jobs: Mapping[str, str]) -> None:
        """Stores the engine's names for the current attempts of runs."""
        with self.leading():
            for name, job in jobs.items():
                self._base.execute("UPDATE runs SET job = ? WHERE name = ?", (job, name))
                self._base.execute(
                    "UPDATE attempts SET job = ? WHERE run = ? AND attempt = (SELECT attempt FROM runs WHERE name = ?)",
                    (job, name, name),
                )

    def settle(self, name: str, state: State, *, outcome: Mapping[str, Any], failed: bool = False,
               why: str = "", not_before: float = 0.0) -> None:  # fmt: skip
        """Stores how an attempt ended, and what becomes of the run.

        Args:
          name: the run.
          state: its new state.
          outcome: ``kind`` and, if known, ``code``, ``started``, ``ended``, ``seconds`` (of all attempts) and ``host``.
          failed: whether the attempt counts as a failure.
          why: why the run ended or waits.
          not_before: time before which it must not start again.
        """
        now = self._clock()
        get = outcome.get
        with self.leading():
            self._base.execute(
                "UPDATE runs SET state = ?, why = ?, failures = failures + ?, not_before = ?, exit_code = ?,"
                " started = COALESCE(started, ?), ended = ?, seconds = MAX(seconds, ?) WHERE name = ?",
                (state, why, int(failed), not_before, get("code"), get("started"), get("ended", now),
                 get("seconds", 0.0), name),
            )  # fmt: skip
            self._base.execute(
                "UPDATE attempts SET started = ?, ended = ?, exit_code = ?, outcome = ?, host = ?"
                " WHERE run = ? AND attempt = (SELECT attempt FROM runs WHERE name = ?)",
                (get("started"), get("ended", now), get("code"), outcome["kind"], get("host", ""), name, name),
            )

    def ask_stop(self, reasons: Mapping[str, str]) -> None:
        """Notes that runs are to stop for good. A waiting run is stopped at once."""
        with self.leading():
            for name, reason in reasons.items():
                self._base.execute("UPDATE runs SET stop_reason = ? WHERE name = ?", (reason, name))
                self._base.execute(
                    "UPDATE runs SET state = 'stopped', why = ? WHERE name = ? AND state = 'waiting'", (reason, name)
                )

    def note_progress(self, rows: Iterable[tuple[str, float, float | None, str]]) -> None:
        """Stores frames, last score and verdict of runs: (name, frames, score, verdict)."""
        with self.leading():
            self._base.executemany(
                "UPDATE runs SET done = ?, score = ?, verdict = ? WHERE name = ?",
                [(done, score, verdict, name) for name, done, score, verdict in rows],
            )

    def keep_curve(self, name: str, frames: array[float], scores: array[float]) -> None:
        """Keeps the scores of an ended run, so that a later controller need not read its log again."""
        with self.leading():
            self._base.execute(
                "INSERT OR REPLACE INTO curves (run, frames, scores) VALUES (?, ?, ?)",
                (name, frames.tobytes(), scores.tobytes()),
            )

    def curves(self) -> dict[str, tuple[array[float], array[float]]]:
        """Returns frames and scores of the ended runs whose scores were kept."""
        found = self._base.execute("SELECT run, frames, scores FROM curves")
        return {row["run"]: (_floats(row["frames"]), _floats(row["scores"])) for row in found}

    def attempts(self) -> list[dict[str, Any]]:
        """Returns every attempt: run, attempt, engine, job, host, times, exit code and outcome, in order of claim."""
        return [dict(item) for item in self._base.execute("SELECT * FROM attempts ORDER BY claimed, run, attempt")]

    def retry(self, names: Iterable[str]) -> None:
        """Makes failed runs wait again, with all their retries."""
        with self.leading():
            for name in names:
                self._base.execute(
                    "UPDATE runs SET state = 'waiting', failures = 0, not_before = 0, why = ''"
                    " WHERE name = ? AND state = 'failed'",
                    (name,),
                )

    @contextmanager
    def leading(self) -> Iterator[None]:
        """One transaction, also around several changes. It checks that this controller still leads.

        Raises:
          Displaced: another controller leads.
        """
        if self._base.in_transaction:
            yield
            return
        with transaction(self._base):
            if self.get("owner") != self._owner:
                raise Displaced(self.folder)
            yield

    def _set(self, key: str, value: Any) -> None:
        text = json.dumps(value)
        self._base.execute("INSERT OR REPLACE INTO sweep (key, value) VALUES (?, ?)", (key, text))


def _row(item: sqlite3.Row) -> SweptRow:
    values = {key: json.loads(item[key]) if key in _JSON else item[key] for key in _COLUMNS}
    values |= {"words": tuple(values["words"]), "findings": tuple(values["findings"])}
    return SweptRow(**values)


def _floats(blob: bytes) -> array[float]:
    found = array("d")
    found.frombytes(blob)
    return found


def all_ended(counts: Mapping[State, int]) -> bool:
    """Returns whether no run will run again."""
    return not any(count for state, count in counts.items() if state not in ENDED)
