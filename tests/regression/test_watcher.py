"""A watcher follows a run from before its directory exists until its end."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from dreamerguard.commands.watch import watch_exit_code
from dreamerguard.logs import LogError
from dreamerguard.logs.follow import find_runs
from dreamerguard.regression.charts.braille import plot
from dreamerguard.regression.published import envelope_tasks, load_calibration, load_envelope, releases
from dreamerguard.regression.watch.status_report import headline, status_json, status_text
from dreamerguard.regression.watch.verdict import State, first_look, judge_cells
from dreamerguard.regression.watch.watcher import Status, Watcher, look_at_all

from .run_logs import Row, append, native_run, walker


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


def _state(status: Status) -> State:
    assert status.verdict is not None
    return status.verdict.state


def test_from_before_the_start_to_a_regression(tmp_path: Path) -> None:
    run, source = tmp_path / "run", native_run(tmp_path / "source", gain=0.27)
    watcher = Watcher(run)
    assert watcher.look().waiting == f"{run} does not exist yet"
    run.mkdir()
    assert watcher.look().waiting == f"{run} holds no log yet"
    shutil.copy(source / "run.yaml", run)
    lines = (source / "scores.jsonl").read_text().splitlines(keepends=True)
    states = []
    for start in range(0, len(lines), 5):
        append(run / "scores.jsonl", list(lines[start : start + 5]))
        states.append(_state(watcher.look()))
    flagged = [i + 1 for i, state in enumerate(states) if state.flagged]
    assert states[3] is State.TOO_EARLY
    assert set(states[5:15]) == {State.OK}
    assert 10_000 * flagged[0] <= 0.43 * walker().budget
    assert set(states[flagged[0] :]) <= {State.WATCH, State.REGRESSED}
    assert states[-1] is State.REGRESSED


def test_what_the_status_tells(tmp_path: Path) -> None:
    run = native_run(tmp_path / "run", gain=0.1, ratio=32, cells=30)
    finding = {"code": "DG101", "name": "low-train-ratio", "severity": "warning", "message": "32 is low"}
    (run / "lint.json").write_text(json.dumps({"findings": [finding | {"harm": {"level": "severe"}}]}))
    status = Watcher(run).look()
    assert _state(status) is State.REGRESSED
    assert status.may_stop
    assert status.regressed
    assert status.causes[0] == "lint reported DG101 low-train-ratio: 32 is low"
    assert "6% of the published 250" in status.causes[1]
    text = status_text(status)
    assert text.startswith("REGRESSED: dmc_walker_walk, ")
    assert "too low since" in text
    data = json.loads(json.dumps(status_json(status), allow_nan=False))
    assert data["verdict"]["state"] == "REGRESSED"
    assert len(data["verdict"]["looks"]) == 30
    assert data["reference"]["source"]["licence"] == "MIT"
    picture = plot(status, width=60, height=10)
    assert len(picture) == 12
    assert any("⠤" in line or "⣀" in line or "⠒" in line for line in picture)
    assert "490,000 frames" in picture[-1]


@pytest.mark.parametrize(
    ("linted", "suite", "told"),
    [
        (None, "dmc_proprio", True),
        (("dmc_walker_walk", "dmc_vision"), "dmc_vision", False),
        (("dmc_walker_run", "dmc_vision"), "dmc_proprio", True),
    ],
)
def test_the_suite_of_the_linted_command_counts_where_the_log_states_none(
    tmp_path: Path, linted: tuple[str, str] | None, suite: str, told: bool
) -> None:
    rows: list[Row | str] = [{"step": 1000 * i, "episode/score": 3.0 * i} for i in range(1, 250)]
    append(tmp_path / "run" / "scores.jsonl", rows)
    status = Watcher(tmp_path / "run", task="dmc_walker_walk", action_repeat=2, linted=linted).look()
    assert status.reference is not None and status.reference.envelope.suite == suite
    assert ("does not state the suite" in status_text(status)) == told


def test_a_run_that_ends_before_the_first_verdict_is_told(tmp_path: Path) -> None:
    status = Watcher(native_run(tmp_path / "run", cells=3)).look()
    assert status.log is not None and status.log.facts.frames is not None
    assert "before the first verdict" not in status_text(status)
    short = replace(status, log=replace(status.log, facts=replace(status.log.facts, frames=10_000.0)))
    assert "the run plans 10,000 frames, so it ends before the first verdict at 50,000" in status_text(short)


def test_a_healthy_run(tmp_path: Path) -> None:
    status = Watcher(native_run(tmp_path / "run")).look()
    assert _state(status) is State.OK
    assert (status.health, status.causes, headline(status)) == ((), (), "OK")


def test_a_run_without_news_is_not_judged_again(tmp_path: Path) -> None:
    clock = Clock()
    watcher = Watcher(native_run(tmp_path / "run", cells=20), clock=clock)
    first = watcher.look()
    clock.now += 5
    assert watcher.look() is first
    clock.now += 3600
    later = watcher.look()
    assert [finding.name for finding in later.health] == ["no-progress"]


def test_the_run_is_removed_while_it_is_watched(tmp_path: Path) -> None:
    run = native_run(tmp_path / "run")
    watcher = Watcher(run)
    watcher.look()
    shutil.rmtree(run)
    status = watcher.look()
    assert _state(status) is State.OK
    assert status.log is not None
    assert {problem.kind for problem in status.log.problems} == {"removed"}


def test_a_read_only_directory_is_enough(tmp_path: Path) -> None:
    run = native_run(tmp_path / "run")
    before = {path: path.stat().st_mtime_ns for path in run.iterdir()}
    run.chmod(0o555)
    try:
        assert _state(Watcher(run).look()) is State.OK
        assert {path: path.stat().st_mtime_ns for path in run.iterdir()} == before
    finally:
        run.chmod(0o755)


def test_seeds_of_a_task_are_judged_together(tmp_path: Path) -> None:
    runs = [native_run(tmp_path / f"s{i}", i, gain=0.27, cells=22) for i in range(2)]
    assert {_state(Watcher(run).look()) for run in runs} == {State.WATCH}
    together = look_at_all([Watcher(run) for run in [*runs, native_run(tmp_path / "s2", 2)]])
    assert [_state(status) for status in together] == [State.REGRESSED, State.REGRESSED, State.OK]


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({}, "does not state the task: set --task"),
        ({"task": "dmc_walker_wlak"}, "Did you mean dmc_walker_walk"),
        ({"task": "crafter_reward"}, "no curves of DreamerV3 are published for the suite crafter; build a reference"),
        ({"task": "dmc_walker_walk", "suite": "dmc_pixels"}, "unknown suite"),
        ({"task": "minecraft_diamond", "reference": "2023"}, "the suite minecraft in release 2023"),
    ],
)
def test_without_a_reference_it_says_why(tmp_path: Path, told: dict[str, str], reason: str) -> None:
    append(tmp_path / "metrics.jsonl", [{"step": 1000 * i, "train_return": 1.0} for i in range(9)])
    status = Watcher(tmp_path, **told).look()
    assert status.verdict is None
    assert reason in status.no_reference
    assert headline(status) == "NO REFERENCE"
    assert plot(status) == []


def test_what_was_assumed_is_said(tmp_path: Path) -> None:
    rows = [{"step": 10_000 * i, "eval_return": 1.0} for i in range(9)]
    append(tmp_path / "metrics.jsonl", [*rows])
    status = Watcher(tmp_path, "dmc_walker_walk", action_repeat=1).look()
    assert status.reference is not None
    said = " ".join(status.reference.caveats)
    assert "dmc_proprio is assumed, set --suite" in said
    assert "the run uses 1 frame per action, the reference 2" in said
    assert "the run has evaluation scores" in said
    vision = Watcher(tmp_path, "dmc_walker_walk", "dmc_vision").look()
    assert vision.reference is not None
    assert vision.reference.envelope.suite == "dmc_vision"
    old = Watcher(tmp_path, "dmc_walker_walk", "dmc_vision", reference="2023").look()
    assert old.reference is not None
    assert old.reference.envelope.release == "2023"


def test_atari_runs_of_400k_frames_are_atari100k(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("task: atari_pong\nenv: {atari: {repeat: 4}}\nrun: {steps: 1.1e5}\n")
    append(tmp_path / "scores.jsonl", [{"step": 4000 * i, "episode/score": -21.0} for i in range(1, 100)])
    status = Watcher(tmp_path).look()
    assert status.reference is not None
    assert status.reference.envelope.task == "atari100k_pong"


@pytest.mark.parametrize(
    ("scores", "reached", "says"),
    [
        ([1000, 2000], 49_999, "TOO EARLY: dmc_walker_walk, verdicts start at 50,000 frames"),
        ([1000, 2000], 50_000, "WATCH"),
        ([], 49_999, "TOO EARLY: dmc_walker_walk, verdicts start at 50,000 frames"),
        ([], 50_000, "NO SCORES: dmc_walker_walk, the log has no score up to 50,000 frames; verdicts start at 50,000"),
        ([], 400_000, "NO SCORES: dmc_walker_walk, the log has no score up to 400,000 frames; verdicts start at"),
        ([50_100], 50_200, "NO SCORES: dmc_walker_walk, the log has no score in the first 50,000 frames; verdicts"),
        ([600_000, 600_100], 600_200, "NO SCORES: dmc_walker_walk, the log has no score in the first 490,000 frames"),
    ],
)
def test_too_early_ends_where_verdicts_start(tmp_path: Path, scores: list[int], reached: int, says: str) -> None:
    run = native_run(tmp_path / "run", cells=1)
    rows: list[Row | str] = [{"frames": frames, "score": 0.0} for frames in scores]
    for name, found in (("scores.jsonl", rows), ("metrics.jsonl", [{"frames": 10, "updates": 1}])):
        (run / name).unlink()
        append(run / name, found)
    steps: list[Row | str] = [{"frames": frames, "updates": 9} for frames in range(5000, reached, 5000)]
    append(run / "metrics.jsonl", [*steps, {"frames": reached, "updates": 10}])
    status = Watcher(run).look()
    assert status_text(status).startswith(says if says != "WATCH" else ("WATCH", "REGRESSED", "OK"))
    assert watch_exit_code([status], False) == (3 if says.startswith("NO") else 0)


@pytest.mark.parametrize("suite", ["dmc_proprio", "dmc_vision", "atari", "atari100k", "minecraft", "dmlab", "procgen"])
def test_the_first_look_is_where_the_band_allows_an_alarm(suite: str) -> None:
    allowed = 0
    for release in releases(suite):
        for task in envelope_tasks(suite, release):
            envelope, stored = load_envelope(suite, task, release), load_calibration(suite, release)
            assert envelope is not None and stored is not None
            low = [-1e9] * len(envelope.grid)
            looks = judge_cells(low, envelope, stored[0], method=stored[1]).looks
            possible = [look.frames for look in looks if look.deficit > 0]
            assert possible == [] or min(possible) == first_look(envelope, stored[1])
            allowed += bool(possible)
    assert allowed


def test_links_between_runs_count_once(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    for seed in (0, 1):
        native_run(runs / f"seed{seed}", seed)
    (runs / "best").symlink_to(runs / "seed1")
    (runs / "all").symlink_to(runs)
    (runs / "loop").symlink_to("loop")
    assert find_runs([runs]) == [runs / "seed0", runs / "seed1"]
    assert find_runs([runs / "best", runs / "seed1", runs]) == [runs / "best", runs / "seed0"]
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "only").symlink_to(runs / "seed0")
    assert find_runs([tmp_path / "linked"]) == [tmp_path / "linked" / "only"]


def test_what_is_in_the_way_of_a_log(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "scores.jsonl")
    (tmp_path / "metrics.jsonl").write_text("")
    assert Watcher(tmp_path).look().waiting == (
        f"{tmp_path} holds no log that can be read: scores.jsonl cannot be read: a FIFO, not a file; metrics.jsonl is"
        " empty"
    )


def test_a_file_without_permission_is_told_and_the_others_count() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        run = native_run(folder / "run")
        Watcher(run).look()  # loads what it needs while it may
        (run / "metrics.jsonl").chmod(0)
        with _as_nobody():
            status = Watcher(run).look()
        assert _state(status) is State.OK
        assert "  log: metrics.jsonl: metrics.jsonl cannot be read: no permission (1)" in status_text(status)
        (run / "scores.jsonl").chmod(0)
        with _as_nobody():
            status = Watcher(run).look()
        assert status_text(status).startswith("NO SCORES: dmc_walker_walk, the log has no score: rows or files are unr")
        (run / "run.yaml").unlink()
        with _as_nobody(), pytest.raises(LogError, match=r"cannot read .*jsonl: no permission"):
            Watcher(run).look()


@contextmanager
def _as_nobody() -> Iterator[None]:
    """Drops the rights of root, which reads everything."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
