"""Log directories of every program, and the watcher inside ``dreamerguard train``."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from dreamerguard.guard.log_directory import LogPlace, log_place
from dreamerguard.guard.training_observer import GUARDED, Watched
from dreamerguard.guard.watching import LINT_FILE, Watch, WatchOptions
from dreamerguard.lint.engine import check_command
from dreamerguard.programs.registry import UnknownProgram
from dreamerguard.sources.argv import read_command

from ..regression.run_logs import append, native_run

DANIJAR = "python dreamerv3/main.py --configs dmc_proprio --task dmc_walker_walk"


@pytest.mark.parametrize(
    ("line", "place"),
    [
        (f"{DANIJAR} --logdir ~/logdir/one", "~/logdir/one"),
        (f"{DANIJAR} --logdir=/tmp/two", "/tmp/two"),
        (DANIJAR, "~/logdir/{timestamp}"),
        ("python dreamer.py --configs dmc_vision --task dmc_walker_walk --logdir ./logdir/x", "./logdir/x"),
        ("python dreamer.py --configs dmc_vision --task dmc_walker_walk", None),
        ("python train.py env=dmc_vision env.task=dmc_walker_walk logdir=./logdir/a", "./logdir/a"),
        ("python train.py env=dmc_vision env.task=dmc_walker_walk", "logdir/{date}/{time}"),
        ("sheeprl exp=dreamer_v3_dmc_walker_walk", "logs/runs/dreamer_v3/walker_walk/{run_name}"),
        ("dreamerguard train dmc_walker_walk --logdir here", "here"),
        ("python own.py --log-dir there", "there"),
        ("python own.py --logdir --verbose", None),
        ("python own.py", None),
    ],
)
def test_where_a_command_logs(line: str, place: str | None) -> None:
    command = read_command(line.split())
    try:
        result = check_command(command)
    except UnknownProgram:
        result = None
    found = log_place(command, result)
    assert (None if found is None else str(found)) == place


def test_the_bundled_trainers_own_directory() -> None:
    command = read_command(["dreamerguard", "train", "dmc_walker_walk"])
    found = log_place(command, check_command(command))
    assert str(found).startswith("runs/dmc_walker_walk-")


def test_a_home_directory_is_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert LogPlace("~/x").find() == tmp_path / "x"
    assert LogPlace("x", Path("/base")).find() == Path("/base/x")


def test_a_directory_named_at_the_start_is_the_new_one(tmp_path: Path) -> None:
    (tmp_path / "a[1]" / "old").mkdir(parents=True)
    os.utime(tmp_path / "a[1]" / "old", (1, 1))
    place = LogPlace("a[1]/{timestamp}", tmp_path)
    assert place.find() is None
    (tmp_path / "a[1]" / "file").touch()
    assert place.find() is None
    (tmp_path / "a[1]" / "new").mkdir()
    assert place.find() == tmp_path / "a[1]" / "new"
    (tmp_path / "a[1]" / "newer").mkdir()
    assert place.find() == tmp_path / "a[1]" / "new"


class Recorder:
    """Records the calls of an observer."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def phase(self, text: str) -> None:
        self.heard.append(text)

    def note(self, text: str) -> None:
        self.heard.append(f"note {text}")

    def episode(self, frames: int, episode: Any) -> None:
        self.heard.append((frames, episode))

    def metrics(self, row: Mapping[str, float]) -> None:
        self.heard.append(dict(row))

    def evaluated(self, frames: int, scores: Sequence[float]) -> None:
        self.heard.append((frames, list(scores)))

    def saved(self, frames: int) -> None:
        self.heard.append(frames)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_inner_observer_hears_everything(tmp_path: Path) -> None:
    inner = Recorder()
    with Watched(inner, tmp_path) as watched:
        watched.phase("compile")
        watched.note("memory")
        watched.episode(1, "episode")
        watched.metrics({"a": 1.0})
        watched.evaluated(2, [3.0])
        watched.saved(4)
    assert inner.heard == ["compile", "note memory", (1, "episode"), {"a": 1.0}, (2, [3.0]), 4]


def test_verdicts_are_said_when_they_change_and_kept_as_status(tmp_path: Path) -> None:
    run, clock, said = native_run(tmp_path / "run", gain=0.05), Clock(), list[str]()
    scores = (run / "scores.jsonl").read_text().splitlines(keepends=True)
    (run / "scores.jsonl").write_text("".join(scores[:15]))
    (run / "metrics.jsonl").unlink()
    with Watched(Recorder(), run, every=30, say=said.append, clock=clock) as watched:
        watched.metrics({})
        assert not (run / "status.json").exists()  # no look before its time
        for count in (15, 20, 245):
            append(run / "scores.jsonl", list(scores[15:count]))
            clock.now += 31
            watched.metrics({})
            watched.metrics({})
    assert [text.split(":")[0] for text in said] == ["TOO EARLY", "REGRESSED"]
    status = json.loads((run / "status.json").read_text())
    assert status["verdict"]["state"] == "REGRESSED"
    assert not list(run.glob(".status.json*"))


def test_what_stays_the_same_is_said_once(tmp_path: Path) -> None:
    run, clock, said = native_run(tmp_path / "run", gain=0.05), Clock(), list[str]()
    scores = (run / "scores.jsonl").read_text().splitlines(keepends=True)
    (run / "scores.jsonl").write_text("".join(scores[:15]))
    (run / "metrics.jsonl").unlink()
    with Watched(Recorder(), run, every=30, say=said.append, clock=clock) as watched:
        for count in (20, 245):
            append(run / "scores.jsonl", list(scores[15:count]))
            clock.now += 31
            watched.metrics({})
    assert len(said) == 2 and said[1].startswith("REGRESSED")
    lines = [line for text in said for line in text.splitlines() if line.startswith(("  note:", "  reference:"))]
    assert lines and len(lines) == len(set(lines))
    assert any(line.startswith("  reference:") for line in lines)


def test_a_start_that_fails_says_nothing_about_the_log_of_an_earlier_one(tmp_path: Path) -> None:
    said = list[str]()
    with Watched(Recorder(), native_run(tmp_path / "run"), say=said.append) as watched:
        watched.phase("checking the checkpoint")
    assert said == []


def test_slow_looks_become_rare(tmp_path: Path) -> None:
    run, clock = native_run(tmp_path / "run"), Clock()
    looks = 0

    def slow(line: str) -> None:
        nonlocal looks
        looks += 1
        clock.now += 10

    watched = Watched(Recorder(), run, every=30, say=slow, clock=clock)
    clock.now = 31
    watched.metrics({})
    assert looks == 1
    (run / "status.json").unlink()
    clock.now += 900
    watched.metrics({})
    assert not (run / "status.json").exists()
    clock.now += 101
    watched.metrics({})
    assert (run / "status.json").exists()


def test_a_watcher_that_fails_is_one_line_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    said: list[str] = []
    watched = Watched(Recorder(), tmp_path / "run", say=said.append)
    watched.look()
    watched.look()
    assert len(said) == 1
    assert said[0].endswith("; the training continues")


def test_under_a_guard_the_trainer_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = native_run(tmp_path / "run")
    Watched(Recorder(), run).look()
    assert capsys.readouterr().err.startswith("OK: dmc_walker_walk")
    monkeypatch.setenv(GUARDED, "1")
    Watched(Recorder(), run).look()
    assert capsys.readouterr().err == ""
    assert (run / "status.json").exists()


def test_neither_status_nor_lint_report_are_written_through_links(tmp_path: Path) -> None:
    run, outside = native_run(tmp_path / "run"), tmp_path / "outside"
    outside.write_text("kept")
    for name in ("status.json", LINT_FILE):
        (run / name).symlink_to(outside)
    Watched(Recorder(), run, say=lambda line: None).look()
    watch = Watch(LogPlace(str(run)), WatchOptions(), {"version": 1}, lambda line: None, lambda: None)
    watch.start()
    watch.finish()
    assert outside.read_text() == "kept"
    assert json.loads((run / "status.json").read_text())["verdict"]["state"] == "OK"
    assert json.loads((run / LINT_FILE).read_text()) == {"version": 1}
