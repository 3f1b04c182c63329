"""The guard watches a log in all conditions, and stops a run only on request."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ..regression.run_logs import append, native_run
from .guarded import SAFETY, WAIT, alive, end, finish, read_pids, start, state, wait_for, wait_until_said

pytestmark = pytest.mark.integration

#: Copies a finished run into a directory of its own, as a trainer writes it; words: source, target.
TRAINER = """
import os, pathlib, sys, time
source, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
print(os.getpid(), file=open("pids", "w"), flush=True)
lines = (source / "scores.jsonl").read_text().splitlines(keepends=True)
target.mkdir(parents=True, exist_ok=True)
(target / "run.yaml").write_text((source / "run.yaml").read_text())
with (target / "scores.jsonl").open("a") as file:
    for begin in range(0, len(lines), 10):
        file.write("".join(lines[begin : begin + 10]))
        file.flush()
        time.sleep(0.01)
    file.write('{"frames": 49')
    file.flush()
{more}
wait("end")
sys.exit(5)
"""
WATCH = ("--interval", 0.1, "--report", "report.json")


def _trainer(more: str = "") -> str:
    return WAIT + TRAINER.replace("{more}", more)


def _report(folder: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return report


def test_a_healthy_run_that_grows_while_it_is_read(tmp_path: Path) -> None:
    source = native_run(tmp_path / "source")
    words = (source, "--logdir", "run")
    process = start(tmp_path, *WATCH, child=_trainer().replace("sys.argv[2]", "sys.argv[3]"), words=words)
    wait_until_said(tmp_path, "dreamerguard: OK: dmc_walker_walk")
    assert end(tmp_path, process)[0] == 5
    report = _report(tmp_path)
    assert (report["exit_code"], report["stopped_for_regression"]) == (5, False)
    assert report["runs"][0]["verdict"]["state"] == "OK"
    assert report["runs"][0]["episodes"] == 245
    assert not (tmp_path / "run" / "dreamerguard-lint.json").exists()  # the program is not known, so nothing was found


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ("import shutil; wait('seen'); shutil.rmtree(target)", "OK"),
        (
            "wait('seen'); (target / 'scores.jsonl').rename(target / 'scores.1'); (target / 'scores.jsonl').touch()",
            "OK",
        ),
        ("wait('seen'); (target / 'scores.jsonl').write_bytes(b'\\xff\\x00{]\\n' * 1000)", None),
        ("target.chmod(0o555)", "OK"),
        ("wait('seen'); os.kill(os.getpid(), 9)", "OK"),
    ],
    ids=["removed", "rotated", "overwritten", "read-only", "killed"],
)
def test_the_log_meets_with_an_accident(tmp_path: Path, more: str, state: str | None) -> None:
    source = native_run(tmp_path / "source")
    process = start(tmp_path, *WATCH, "--logdir", "run", child=_trainer(more), words=(source, "run"))
    wait_until_said(tmp_path, "dreamerguard: OK: dmc_walker_walk")
    (tmp_path / "seen").touch()
    code, _, _ = end(tmp_path, process)
    assert code == (137 if "os.kill" in more else 5)
    found = _report(tmp_path)["runs"][0]
    assert (found["verdict"] or {}).get("state") == state
    assert state or found["no_scores"].startswith("the log has no score: rows or files are unreadable")


def test_no_log_is_ever_written(tmp_path: Path) -> None:
    code, _, said = finish(start(tmp_path, *WATCH, "--logdir", "nowhere/run", child="raise SystemExit(4)"), tmp_path)
    assert code == 4
    assert "the run was not watched: there is no log in nowhere/run" in said
    assert not (tmp_path / "nowhere").exists()
    unknown, _, said = finish(start(tmp_path, *WATCH, child="raise SystemExit(4)"), tmp_path)
    assert unknown == 4
    assert "does not state its log directory, so the run is not watched: set --logdir" in said
    assert _report(tmp_path)["runs"] == []


def test_a_watcher_that_fails_says_so_once_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    process = start(tmp_path, *WATCH, "--logdir", "run", child=f"{WAIT}\nwait('end'); raise SystemExit(6)")
    wait_until_said(tmp_path, "run is a file")
    code, _, said = end(tmp_path, process)  # with at least one look more, the last
    assert code == 6
    assert said.count("run is a file") == 1
    assert "the training continues" in said


def test_a_report_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    child = "import pathlib; pathlib.Path('gone').rmdir(); raise SystemExit(7)"
    code, _, said = finish(start(tmp_path, "--report", "gone/report.json", child=child), tmp_path)
    assert (code, "the report is not written" in said) == (7, True)


def test_only_a_run_below_the_stop_threshold_is_stopped_and_only_when_asked(tmp_path: Path) -> None:
    low = native_run(tmp_path / "low", gain=0.05)
    options = (*WATCH, "--logdir", "run", "--grace", 0.5)
    process = start(tmp_path, *options, child=_trainer(), words=(low, "run"))
    wait_until_said(tmp_path, "dreamerguard: REGRESSED: dmc_walker_walk")
    code, _, said = end(tmp_path, process)
    assert code == 5
    assert "SIGTERM" not in said
    (tmp_path / "end").unlink()
    stop = ("--on-regression", "stop")
    process = start(tmp_path, *options, *stop, child=_trainer(), words=(low, "again"))
    code, _, said = finish(process, tmp_path)  # logs to another directory, which is not watched, but run has all of it
    assert code == 143
    assert "below the 2 % threshold: SIGTERM in 0.5 s" in said
    report = _report(tmp_path)
    assert (report["stopped_for_regression"], report["signal"]) == (True, "SIGTERM")


def test_a_run_that_ignores_its_stop_is_killed_only_with_kill_after(tmp_path: Path) -> None:
    low = native_run(tmp_path / "low", gain=0.05)
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + _trainer()
    options = (*WATCH, "--grace", 0, "--on-regression", "stop", "--logdir")
    process = start(tmp_path, *options, "run", child=stubborn, words=(low, "run"))
    wait_until_said(tmp_path, "sent SIGTERM")
    assert end(tmp_path, process)[0] == 5
    assert _report(tmp_path)["stopped_for_regression"]
    (tmp_path / "end").unlink()
    process = start(tmp_path, *options, "again", "--kill-after", 0.5, child=stubborn, words=(low, "again"))
    code, _, said = finish(process, tmp_path)
    assert (code, "the program did not end after SIGTERM: sent SIGKILL" in said) == (137, True)


def test_a_directory_that_the_program_names_itself_is_found(tmp_path: Path) -> None:
    source = native_run(tmp_path / "source")
    for old in ("old", "older"):
        (tmp_path / "runs" / old).mkdir(parents=True)
    child = _trainer().replace("pathlib.Path(sys.argv[2])", "pathlib.Path(sys.argv[2].format(timestamp='2026'))")
    process = start(tmp_path, *WATCH, "--logdir", "runs/{timestamp}", child=child, words=(source, "runs/{timestamp}"))
    wait_until_said(tmp_path, "dreamerguard: OK: dmc_walker_walk")
    assert end(tmp_path, process)[0] == 5
    assert _report(tmp_path)["runs"][0]["directory"].endswith("runs/2026")


def test_agents_that_are_trained_together_are_stopped_only_when_all_are_low(tmp_path: Path) -> None:
    for name, gains in (("mixed", (0.05, 1.0)), ("low", (0.05, 0.05))):
        for seed, gain in enumerate(gains):
            native_run(tmp_path / name / f"seed{seed}", seed, gain=gain)
        (tmp_path / name / "run.yaml").write_text("seeds: 2\n")
    stop = ("--on-regression", "stop", "--grace", 0)
    child = f"{WAIT}\nwait('end')"
    process = start(tmp_path, *WATCH, *stop, "--logdir", "mixed", child=child)
    regressed, fine = (f"dreamerguard: seed{seed}" for seed in (0, 1))
    wait_until_said(tmp_path, f"{regressed}: REGRESSED: dmc_walker_walk", f"{fine}: OK: dmc_walker_walk")
    broken: list[Any] = [{"frames": 490_000 + i, "updates": 9, "loss/dyn": None} for i in (1, 2)]
    append(tmp_path / "mixed" / "seed1" / "metrics.jsonl", broken)
    wait_until_said(tmp_path, "error[non-finite]")  # a later look, so the first one has decided not to stop
    assert process.poll() is None
    assert end(tmp_path, process)[0] == 0
    states = [run["verdict"]["state"] for run in _report(tmp_path)["runs"]]
    assert states == ["REGRESSED", "OK"]
    (tmp_path / "end").unlink()
    assert finish(start(tmp_path, *WATCH, *stop, "--logdir", "low", child=child), tmp_path)[0] == 143


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs pseudo terminals")
class TestTerminal:
    """The guard on a terminal of its own, as the leader of its session and under a shell."""

    def _spawn(self, folder: Path, *command: str) -> tuple[subprocess.Popen[bytes], int]:
        # Not forkpty: JAX, which other tests have started in this process, does not survive a plain fork.
        terminal, other = os.openpty()
        command = ("setsid", "--ctty", *command)
        process = subprocess.Popen(command, cwd=folder, stdin=other, stdout=other, stderr=other)
        os.close(other)
        return process, terminal

    def _guard(self, folder: Path, child: str) -> tuple[str, ...]:
        (folder / "child.py").write_text(child)
        (folder / "pids").unlink(missing_ok=True)
        # What it says goes to a file, since the terminal is closed under it.
        line = f"exec 2>{folder}/said; exec {sys.executable} -m dreamerguard guard -- {sys.executable} child.py"
        return ("/bin/sh", "-c", line)

    def test_the_terminal_is_closed(self, tmp_path: Path) -> None:
        child = (
            "import os, subprocess, sys, time\n"
            "worker = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(900)'])\n"
            "open('pids', 'w').write(f'{os.getpid()}\\n{worker.pid}\\n')\n"
            "time.sleep(900)\n"
        )
        process, terminal = self._spawn(tmp_path, *self._guard(tmp_path, child))
        pids = read_pids(tmp_path / "pids", 2)
        os.close(terminal)
        assert process.wait(SAFETY) == 128 + signal.SIGHUP
        wait_for(lambda: not any(map(alive, pids)))
        assert "Traceback" not in (tmp_path / "said").read_text()

    def test_ctrl_c_reaches_the_program_once(self, tmp_path: Path) -> None:
        child = (
            f"{WAIT}\nimport os, signal, sys\n"
            "def count(number, frame): open('caught', 'a').write('x')\n"
            "signal.signal(signal.SIGINT, count)\n"
            "signal.signal(signal.SIGUSR1, lambda *_: sys.exit(9))\n"
            "open('pids', 'w').write(f'{os.getpid()}\\n')\n"
            "wait('never')\n"
        )
        process, terminal = self._spawn(tmp_path, *self._guard(tmp_path, child))
        read_pids(tmp_path / "pids", 1)
        os.write(terminal, b"\x03")
        wait_for((tmp_path / "caught").exists)
        process.send_signal(signal.SIGUSR1)  # handed on behind any Ctrl-C that the guard would hand on too
        assert process.wait(SAFETY) == 9
        assert (tmp_path / "caught").read_text() == "x"
        os.close(terminal)

    def test_ctrl_c_ends_a_loop_of_runs(self, tmp_path: Path) -> None:
        child = (
            "import os, signal, time\nsignal.signal(signal.SIGINT, signal.SIG_DFL)\n"
            "open('pids', 'a').write(f'{os.getpid()}\\n')\ntime.sleep(900)\n"
        )
        line = self._guard(tmp_path, child)[2].replace("; exec ", "; for seed in 0 1 2; do ", 1) + "; done; touch after"
        process, terminal = self._spawn(tmp_path, "/bin/bash", "-c", line)
        read_pids(tmp_path / "pids", 1)
        os.write(terminal, b"\x03")
        assert process.wait(SAFETY) == -signal.SIGINT
        assert (tmp_path / "pids").read_text().count("\n") == 1
        assert not (tmp_path / "after").exists()
        os.close(terminal)

    def test_ctrl_z_and_fg_under_a_shell(self, tmp_path: Path) -> None:
        child = (
            "import os, sys\nopen('pids', 'w').write(f'{os.getpid()}\\n')\n"
            "print('got ' + input(), flush=True)\nsys.exit(11)\n"
        )
        self._guard(tmp_path, child)
        process, terminal = self._spawn(tmp_path, "/bin/bash", "--norc", "--noprofile", "-i")
        os.write(terminal, f"{sys.executable} -m dreamerguard guard -- {sys.executable} child.py\n".encode())
        (pid,) = read_pids(tmp_path / "pids", 1)
        os.write(terminal, b"\x1a")
        self._read_until(terminal, b"Stopped")
        assert state(pid) == "T"
        os.write(terminal, b"fg\n")
        wait_for(lambda: state(pid) != "T")  # it has the terminal again
        os.write(terminal, b"words\n")
        self._read_until(terminal, b"got words")
        os.write(terminal, b"echo ended with $?; exit\n")
        self._read_until(terminal, b"ended with 11")
        process.wait(SAFETY)
        os.close(terminal)

    def _read_until(self, terminal: int, words: bytes) -> None:
        shown, deadline = b"", time.monotonic() + SAFETY
        while words not in shown:
            assert time.monotonic() < deadline, shown
            if select.select([terminal], [], [], 0.2)[0]:
                shown += os.read(terminal, 4096)
