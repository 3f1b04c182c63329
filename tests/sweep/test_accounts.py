"""What a sweep has cost and saved, when it ends, and what is said about it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from dreamerguard.notify.listeners import Listeners
from dreamerguard.sweep.accounts import account, missed_hours
from dreamerguard.sweep.news import SweepNews
from dreamerguard.sweep.outcome import Settlement
from dreamerguard.sweep.screen import summary, table
from dreamerguard.sweep.states import SweptRow

HOUR = 3600.0
ROW = SweptRow(
    "r", "t", None, 0, {"k": "v"}, ("x",), 1000.0, None, (), "finished", "", 1, 0, "", 0.0, None, HOUR, 0.0, 0,
    "", 1000.0, 5.0, "",
)  # fmt: skip
STOPPED = replace(ROW, name="s", state="stopped", done=250.0, seconds=HOUR / 4)
WAITING = replace(ROW, name="w", state="waiting", done=0.0, seconds=0.0, attempt=0)
STARTED = replace(ROW, name="g", state="started", done=500.0, seconds=0.0)


def test_stopped_runs_save_what_they_lack_at_their_own_speed() -> None:
    found = account([ROW, STOPPED], 0.0, 2.0, {})
    assert (found.hours, found.saved_hours) == (1.25, 0.75)
    assert "2.50 GPU hours used, 1.50 saved by stops" in summary(found)


def test_a_run_that_never_started_saves_its_length_at_the_speed_of_its_task() -> None:
    never = replace(STOPPED, done=0.0, seconds=0.0)
    assert account([ROW, never], 0.0, 0.0, {}).saved_hours == 1.0
    assert missed_hours(replace(never, task="u"), {"t": 1.0}) is None
    assert missed_hours(replace(never, frames=None), {"": 1.0}) is None


def test_the_end_follows_from_speed_and_from_what_runs_at_the_same_time() -> None:
    rows = [STARTED, replace(STARTED, name="h"), WAITING, replace(WAITING, name="x")]
    found = account(rows, HOUR / 2, 0.0, {"g": 0.0, "h": 0.0})
    assert found.hours == pytest.approx(1.0)
    assert found.eta == pytest.approx(1.5)
    assert "ends in 1.5 h" in summary(found)
    assert "ends in 30 min" in summary(replace(found, eta=0.5))


def test_an_end_that_is_not_known_is_not_stated() -> None:
    found = account([WAITING], 0.0, 0.0, {})
    assert found.eta is None
    assert summary(found) == "1 waiting; 0.00 hours used"


def test_the_table_shows_each_combination_and_no_control_characters() -> None:
    console = Console(width=100, record=True, markup=False, highlight=False)
    console.print(table([ROW, STOPPED, replace(WAITING, task="\x1b[2J", combination={})]))
    text = console.export_text()
    assert "k=v" in text and "1 finished, 1 stopped" in text and "62%" in text
    assert "\x1b" not in text


class Heard:
    """Keeps what would be sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, list[str], bool]] = []

    def look(self, statuses: Iterable[object]) -> None:
        """Takes nothing: single verdicts are not sent."""
        raise AssertionError(statuses)

    def ended(self, what: str, directory: Path | str, lines: Collection[str] = (), *, failed: bool) -> None:
        """Keeps a message."""
        self.sent.append((what, list(lines), failed))

    def close(self) -> None:
        """Nothing."""


def test_people_hear_of_failures_stops_and_the_end_only() -> None:
    heard = Heard()
    news = SweepNews(Listeners([heard]), Path("x"), "mine")
    news.round()
    news.settled(ROW, Settlement("finished", "finished"))
    news.settled(ROW, Settlement("waiting", "failed", "exit code 1; attempt 2 in 1 s", failed=True))
    assert heard.sent == []
    news.settled(ROW, Settlement("failed", "failed", "exit code 1 after 3 attempts", failed=True))
    news.hopeless({"r": "hopeless: a", "s": "hopeless: a", "t": "hopeless: b"})
    news.ended("mine: 1 finished", failed=False)
    assert heard.sent == [
        ("FAILED in sweep mine: r", ["exit code 1 after 3 attempts"], True),
        ("hopeless in sweep mine: 3 runs, r first", ["2 runs hopeless: a", "1 run hopeless: b"], True),
        ("sweep mine has ended", ["mine: 1 finished"], False),
    ]
