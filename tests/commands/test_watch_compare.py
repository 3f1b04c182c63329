"""`watch`, `compare` and `reference build` as a user runs them: words in, text and exit codes out."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from dreamerguard.commands.app import app
from dreamerguard.commands.shared.watch_screen import Screen
from dreamerguard.regression.watch.ended import why_ended
from dreamerguard.regression.watch.watcher import Watcher

from ..regression.run_logs import append, native_run

pytestmark = pytest.mark.integration


def _run(*words: object) -> Result:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def _process(*words: object) -> subprocess.Popen[str]:
    """The same in a process of its own."""
    code = "from dreamerguard.commands.app import app; app()"
    command = [sys.executable, "-c", code, *map(str, words)]
    root = Path(__file__).resolve().parents[2]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _says_that_it_waits(process: subprocess.Popen[str]) -> bool:
    """Reads up to the line after which only Ctrl-C ends `watch`."""
    assert process.stdout is not None
    return any(
        line == "note: watch waits for more rows, Ctrl-C ends it\n" for line in iter(process.stdout.readline, "")
    )


def _code_after_ctrl_c(process: subprocess.Popen[str]) -> int:
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=6000)
    return process.returncode


@pytest.mark.parametrize(
    ("gain", "cells", "code", "strict", "word"),
    [(1.0, 49, 0, 0, "OK"), (0.27, 22, 0, 1, "WATCH"), (0.27, 49, 1, 1, "REGRESSED"), (1.0, 3, 0, 0, "TOO EARLY")],
)
def test_watch_once(tmp_path: Path, gain: float, cells: int, code: int, strict: int, word: str) -> None:
    run = native_run(tmp_path / "run", gain=gain, cells=cells)
    result = _run("watch", run, "--once")
    assert (result.exit_code, result.output.split(":")[0]) == (code, word)
    assert _run("watch", run, "--once", "--strict").exit_code == strict


def test_watch_once_as_json(tmp_path: Path) -> None:
    runs = [native_run(tmp_path / f"s{i}", i) for i in range(2)]
    lines = _run("watch", *runs, "--once", "--output-format", "json").output.splitlines()
    assert [json.loads(line)["verdict"]["state"] for line in lines] == ["OK", "OK"]


def test_watch_a_folder_of_seeds(tmp_path: Path) -> None:
    for seed in range(2):
        native_run(tmp_path / f"s{seed}", seed, gain=0.27, cells=22)
    result = _run("watch", tmp_path, "--once")
    assert result.exit_code == 1
    assert result.output.count("2 of 2 seeds of this task are too low") == 2


def test_watch_says_what_is_missing(tmp_path: Path) -> None:
    missing = _run("watch", tmp_path / "no", "--once")
    assert (missing.exit_code, missing.output) == (2, f"error: {tmp_path / 'no'} does not exist\n")
    assert "--wait waits for it" in _run("watch", tmp_path / "no").output
    assert _run("watch", tmp_path, "--once").exit_code == 3
    (tmp_path / "file").write_text("")
    assert "is a file" in _run("watch", tmp_path / "file", "--once").output
    append(tmp_path / "torch" / "metrics.jsonl", [{"step": 1000, "train_return": 1.0}])
    unknown = _run("watch", tmp_path / "torch", "--once")
    assert (unknown.exit_code, "set --task" in unknown.output) == (3, True)
    broken = _run("watch", tmp_path / "torch", "--once", "--reference", tmp_path / "file")
    assert (broken.exit_code, "is not a reference file" in broken.output) == (2, True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--task", "dmc_walker_wlak"), "error: --task dmc_walker_wlak: unknown task 'dmc_walker_wlak'"),
        (("--task", "dmc_walker_wlak"), "dmc_walker_walk"),
        (("--suite", "dmc_vison"), "dmc_vision"),
        (("--task", "dmc_walker_walk", "--suite", "crafter"), "--task dmc_walker_walk: "),
    ],
)
def test_a_mistyped_task_or_suite_is_named_with_the_nearest(tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    run = native_run(tmp_path / "run")
    for command in (("watch", run, "--once"), ("report", run)):
        result = _run(*command, *words)
        assert (result.exit_code, says in result.output, result.output.count("\n")) == (2, True, 1)


def test_a_file_of_curves_has_its_own_tasks(tmp_path: Path) -> None:
    path, run = tmp_path / "own.json", native_run(tmp_path / "run")
    assert _run("reference", "build", _seeds(tmp_path / "old"), "-o", path).exit_code == 0
    task = _run("watch", run, "--once", "--reference", path, "--task", "dmc_walker_wlak")
    assert (task.exit_code, "did you mean dmc_walker_walk?" in task.output) == (2, True)
    suite = _run("watch", run, "--once", "--reference", path, "--suite", "crafter")
    assert (suite.exit_code, "holds curves of suite" in suite.output) == (2, True)
    assert _run("watch", run, "--once", "--reference", path, "--task", "dmc_walker_walk").exit_code == 0


def test_a_run_that_is_sick_fails_too(tmp_path: Path) -> None:
    run = native_run(tmp_path / "run")
    append(run / "metrics.jsonl", [{"frames": 490_000 + i, "updates": 9, "loss/dyn": None} for i in (1, 2)])
    result = _run("watch", run, "--once")
    assert result.exit_code == 1
    assert "error[non-finite]" in result.output


@pytest.mark.parametrize(
    ("words", "reason"),
    [((), "needs --pid"), (("--pid", 1), "is not a training process"), (("--pid", 2**22 + 7), "no such process")],
)
def test_stopping_needs_a_process(tmp_path: Path, words: tuple[Any, ...], reason: str) -> None:
    result = _run("watch", native_run(tmp_path / "run"), "--on-regression", "stop", *words)
    assert (result.exit_code, reason in result.output) == (2, True)


def test_only_the_two_percent_threshold_stops_a_run(tmp_path: Path) -> None:
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(900)"])
    try:
        words = ("--on-regression", "stop", "--pid", sleeper.pid, "--grace", 0, "--interval", 0.2)
        run = native_run(tmp_path / "watching", gain=0.27, cells=22)
        watching = _process("watch", run, *words)
        assert watching.stdout is not None
        assert watching.stdout.readline().startswith("WATCH")
        append(run / "metrics.jsonl", [{"frames": 220_000 + i, "updates": 9, "loss/dyn": None} for i in (1, 2)])
        while "non-finite" not in watching.stdout.readline():  # a later look
            assert watching.poll() is None
        assert sleeper.poll() is None
        assert watching.poll() is None
        watching.send_signal(signal.SIGINT)
        watching.communicate(timeout=6000)
        stopping = _process("watch", native_run(tmp_path / "low", gain=0.05), *words)
        output, _ = stopping.communicate(timeout=600)
        assert sleeper.wait(timeout=600) == -signal.SIGTERM
        assert stopping.returncode == 1
        assert f"sent SIGTERM to process {sleeper.pid}" in output
    finally:
        sleeper.kill()


def test_watch_waits_and_follows_and_ends_with_the_last_verdict(tmp_path: Path) -> None:
    source, run = native_run(tmp_path / "source", cells=40), tmp_path / "late"
    process = _process("watch", run, "--wait", "--interval", 0.2)
    assert process.stdout is not None
    try:
        assert "does not exist yet" in process.stdout.readline()
        source.rename(run)
        assert process.stdout.readline().startswith("OK: dmc_walker_walk")
        assert _says_that_it_waits(process)
        assert _code_after_ctrl_c(process) == 0
    finally:
        process.kill()
        process.communicate()


def test_the_screen_draws_every_run_and_the_worst_curve(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [native_run(tmp_path / "fine"), native_run(tmp_path / "low", gain=0.05)]
    statuses = [Watcher(run).look() for run in runs]
    with Screen(live=True) as screen:
        assert screen.changed(statuses, "")
        screen.draw(statuses, "")
        assert not screen.changed(statuses, "")
    shown = capsys.readouterr().out
    assert "REGRESSED" in shown
    assert "fine" in shown
    assert "░" in shown


def _seeds(folder: Path, gain: float = 1.0, **known: Any) -> Path:
    for seed in range(3):
        native_run(folder / f"s{seed}", seed, gain=gain, **known)
    return folder


def test_compare_as_a_gate(tmp_path: Path) -> None:
    low, fine = _seeds(tmp_path / "low", 0.6), _seeds(tmp_path / "fine")
    worse = _run("compare", low, "--reference", "2024")
    assert (worse.exit_code, worse.output.split(":")[0]) == (1, "WORSE")
    unclear = _run("compare", low, "--baseline", fine)
    assert (unclear.exit_code, unclear.output.split(":")[0]) == (4, "INCONCLUSIVE")
    assert _run("compare", low, "-b", fine, "--allow-inconclusive").exit_code == 0
    same = _run("compare", fine, "--reference", "2024", "--margin", 0.2, "--output-format", "json")
    assert (same.exit_code, json.loads(same.output)["outcome"]) == (0, "NON-INFERIOR")
    again = _run("compare", fine, "--reference", "2024", "--margin", 0.2, "--output-format", "json")
    assert again.output == same.output


def test_compare_refuses_in_one_line(tmp_path: Path) -> None:
    run = native_run(tmp_path / "run", repeat=1)
    for words, reason in (
        ((run,), "compare needs what to compare with"),
        ((run, "--reference", "2024", "-b", run), "not both"),
        ((run, "-b", run), f"{run} is both candidate and baseline; give different runs"),
        ((tmp_path, "-b", run), f"{run} is both candidate and baseline; give different runs"),
        ((run, "--reference", "2024"), "not comparable; --allow action-repeat"),
        ((run, "--reference", "2024", "--allow", "speed"), "use one of x-unit, action-repeat, score-kind, edition"),
        ((tmp_path / "no", "--reference", "2024"), "does not exist"),
        ((run, "--reference", tmp_path / "no.json"), "cannot be read"),
        ((run, "--reference", "2025"), "2025 is neither a release (2024, 2023, tdmpc2) nor a file"),
    ):
        result = _run("compare", *words)
        assert result.exit_code == 2
        assert reason in result.output
        assert result.output.count("\n") == 1
    allowed = _run("compare", run, "--reference", "2024", "--allow", "action-repeat")
    assert (allowed.exit_code, "allowed: runs use 1 frame per action" in allowed.output) == (4, True)


def test_a_reference_from_own_runs_serves_watch_and_compare(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    built = _run("reference", "build", _seeds(tmp_path / "old"), "-o", path)
    assert built.exit_code == 0
    assert "dmc_walker_walk: 3 seeds" in built.output
    assert "borrowed" in built.output
    low = native_run(tmp_path / "low", gain=0.2)
    assert _run("watch", low, "--once", "--reference", path).exit_code == 1
    assert _run("compare", _seeds(tmp_path / "new"), "--reference", path).exit_code in (0, 4)
    assert "cannot write" in _run("reference", "build", tmp_path / "old", "-o", tmp_path / "no" / "own.json").output
    assert _run("reference", "build", tmp_path / "nothing", "-o", path).exit_code == 2


def test_watching_imports_nothing_heavy(tmp_path: Path) -> None:
    run = native_run(tmp_path / "run")
    code = (
        "import sys; from pathlib import Path; from dreamerguard.regression.watch.watcher import Watcher; "
        "import dreamerguard.regression.compare.compared_runs, dreamerguard.regression.reference.own; "
        "import dreamerguard.regression.charts.braille; "
        f"assert Watcher(Path({str(run)!r})).look().verdict; "
        "assert not {'numpy', 'jax', 'mujoco', 'matplotlib', 'tensorboard'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(("gain", "code"), [(1.0, 0), (0.05, 1)])
def test_watch_of_a_finished_run_ends_with_its_verdict(tmp_path: Path, gain: float, code: int) -> None:
    run = native_run(tmp_path / "run", gain=gain)
    result = _run("watch", run)
    assert result.exit_code == code
    assert "note: the run has reached its planned 490,000 frames: watch ends\n" in result.output
    native_run(tmp_path / "more", gain=gain)
    assert "all 2 runs have ended: watch ends" in _run("watch", run, tmp_path / "more").output


def test_watch_of_a_run_without_a_known_end_says_that_it_waits(tmp_path: Path) -> None:
    process = _process("watch", native_run(tmp_path / "run", cells=22), "--interval", 0.2)
    try:
        assert _says_that_it_waits(process)
        assert _code_after_ctrl_c(process) == 0
    finally:
        process.kill()
        process.communicate()


def test_a_log_near_its_end_has_ended_once_it_no_longer_grows(tmp_path: Path) -> None:
    status = Watcher(native_run(tmp_path / "run", cells=48)).look()
    assert status.log is not None
    assert status.log.modified is not None
    assert why_ended(status.log, status.log.modified + 10) == ""
    ended = why_ended(status.log, status.log.modified + 1200)
    assert ended == "the log ends at 480,000 of 490,000 planned frames and has not grown for 20 min"
    early = Watcher(native_run(tmp_path / "early", cells=40)).look()
    assert early.log is not None
    assert why_ended(early.log, status.log.modified + 10**6) == ""
