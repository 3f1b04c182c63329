"""Evaluations beside the training: order, errors, stopping, and equal results with and without them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreamerguard.schema import RunConfig
from dreamerguard_agent.background_evaluation import BackgroundEvaluation, Snapshot
from dreamerguard_agent.envs import EnvError, Supervision, WaitEnded
from dreamerguard_agent.loop import train
from dreamerguard_agent.runtime.records import SeedRecords

from .test_loop import SMALL, Heard, params


class Player:
    """Plays when it is allowed to, or raises."""

    def __init__(self, supervision: Supervision) -> None:
        self.supervision, self.played = supervision, 0
        self.allowed, self.begun = threading.Event(), threading.Event()
        self.error: Exception | None = None

    def play(self, given: Any) -> Any:
        self.begun.set()
        while not self.allowed.wait(0.01):
            if self.supervision.stop():
                raise WaitEnded("ended")
        self.supervision.say("a note")
        if self.error:
            raise self.error
        return [[(given, self.played)]]


class Bench:
    """A background evaluation with a `Player`, and what it said."""

    def __init__(self, *, background: bool = True) -> None:
        self.notes: list[tuple[str, threading.Thread]] = []
        self.stopping = False
        self.players: list[Player] = []
        run = Supervision(lambda: self.stopping, lambda text: self.notes.append((text, threading.current_thread())))
        self.evaluation = BackgroundEvaluation(self._make, run, background=background)
        (self.player,) = self.players

    def _make(self, supervision: Supervision) -> Any:
        self.players.append(Player(supervision))
        return self.players[-1]


def test_a_result_is_taken_once_and_notes_come_from_the_thread_of_the_run() -> None:
    bench = Bench()
    bench.evaluation.begin(Snapshot(600, 7, "first"))
    assert bench.player.begun.wait(60)
    assert bench.evaluation.take(wait=False) is None
    assert bench.evaluation.stored() == ({"frames": 600, "updates": 7}, "first")
    bench.player.allowed.set()
    played = bench.evaluation.take(wait=True)
    assert played is not None and (played.snapshot.frames, played.snapshot.updates) == (600, 7)
    assert played.episodes == [[("first", 0)]]
    assert bench.notes == [("a note", threading.current_thread())]
    assert bench.evaluation.take(wait=True) is None and bench.evaluation.stored() is None
    bench.evaluation.begin(Snapshot(1200, 9, "second"))
    second = bench.evaluation.take(wait=True)
    assert second is not None and second.episodes == [[("second", 1)]]


def test_an_error_is_raised_in_the_run_and_the_evaluation_stays_pending() -> None:
    for background in (True, False):
        bench = Bench(background=background)
        bench.player.error = EnvError("broken")
        bench.player.allowed.set()
        bench.evaluation.begin(Snapshot(600, 7, "params"))
        with pytest.raises(EnvError, match="broken"):
            bench.evaluation.take(wait=True)
        assert bench.evaluation.stored() is not None and bench.evaluation.played == 0


def test_a_stopped_evaluation_is_stored_and_played_again() -> None:
    bench = Bench()
    bench.evaluation.begin(Snapshot(600, 7, "params"))
    bench.stopping = True
    with pytest.raises(WaitEnded):
        bench.evaluation.take(wait=True)
    stored = bench.evaluation.stored()
    assert stored is not None
    again = Bench()
    again.evaluation.restore(*stored)
    again.player.allowed.set()
    again.evaluation.resume()
    played = again.evaluation.take(wait=True)
    assert played is not None and played.snapshot == Snapshot(600, 7, "params")


def test_closing_ends_an_evaluation() -> None:
    bench = Bench()
    bench.evaluation.begin(Snapshot(600, 7, "params"))
    bench.evaluation.close()
    assert bench.evaluation.take(wait=True) is None


@pytest.mark.parametrize("tensorboard", [False, True])
def test_the_row_of_a_pending_evaluation_is_cut(tmp_path: Path, tensorboard: bool) -> None:
    said: list[str] = []
    with SeedRecords(tmp_path, [0], {}, tensorboard=tensorboard) as logs:
        logs.write(0, "eval", {"frames": 300, "score": 1.0})
        logs.write(0, "metrics", {"frames": 650, "speed": 1.0})
        logs.sync()
        sizes = logs.sizes()
        logs.write(0, "eval", {"frames": 600, "score": 2.0})
        logs.write(0, "metrics", {"frames": 750, "speed": 1.0})
    with SeedRecords(
        tmp_path, [0], sizes, tensorboard=tensorboard, frames=700, evaluating=600, say=said.append
    ) as logs:
        assert logs.sizes()["eval"] == sizes["eval"]
    assert said == [] and not list(tmp_path.glob("before-*"))


def _rows(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / "eval.jsonl").read_text().splitlines()]


def _train(directory: Path, stop: Callable[[], bool] = lambda: False, **section: Any) -> Heard:
    heard = Heard()
    directory.mkdir(exist_ok=True)
    train(RunConfig(**{**SMALL, "eval": {**SMALL["eval"], **section}}), directory, heard, stop)
    return heard


def _in_step(step: int) -> Callable[[], bool]:
    """Stops the run, but no thread that asks too, at a vector step; from then on it stops everything."""
    asked = 0

    def stop() -> bool:
        nonlocal asked
        if threading.current_thread() is threading.main_thread():
            asked += 1
        return asked > step

    return stop


@pytest.mark.slow
@pytest.mark.integration
def test_results_depend_neither_on_the_background_nor_on_an_interruption(tmp_path: Path) -> None:
    _train(tmp_path / "before", background=False)
    _train(tmp_path / "beside")
    _train(tmp_path / "stopped", _in_step(152))  # the evaluation begins after step 150
    assert _rows(tmp_path / "stopped") == []
    _train(tmp_path / "stopped")
    rows = _rows(tmp_path / "before")
    assert [row["frames"] for row in rows] == [600, 1200]
    for name in ("beside", "stopped"):
        assert _rows(tmp_path / name) == rows
        for path, value in params(tmp_path / "before").items():
            np.testing.assert_array_equal(value, params(tmp_path / name)[path], err_msg=path)
