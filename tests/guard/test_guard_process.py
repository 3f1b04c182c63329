"""The guarded program keeps its output, exit code and signals, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .guarded import GUARD, SAID, WAIT, alive, finish, read_pids, start, state, wait_for

pytestmark = pytest.mark.integration

SLEEPER = "import os, sys, time; print('on', flush=True); time.sleep(900)"
SAVES = """
import signal, sys, time
def save(number, frame):
    print("saved", number, flush=True)
    sys.exit(3)
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
    signal.signal(number, save)
print("on", flush=True)
time.sleep(900)
"""
FORKS = """
import os, subprocess, sys, time
pids = open("pids", "a")
worker = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(900)"
workers = [subprocess.Popen([sys.executable, "-c", worker]) for _ in range(2)]
for pid in (os.getpid(), *(worker.pid for worker in workers)):
    print(pid, file=pids, flush=True)
print("on", flush=True)
time.sleep(900)
"""
STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, lambda *_: print("not yet", flush=True))
print(os.getpid(), file=open("pids", "w"), flush=True)
print("on", flush=True)
time.sleep(900)
"""


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize(
    ("child", "code"),
    [
        ("raise SystemExit(0)", 0),
        ("raise SystemExit(1)", 1),
        ("raise SystemExit(78)", 78),
        ("raise SystemExit(255)", 255),
        ("import os; os.kill(os.getpid(), 9)", 137),
        ("import os; os.abort()", 134),
        ("import os; os.kill(os.getpid(), 11)", 139),
    ],
)
def test_the_exit_code_is_the_programs(tmp_path: Path, child: str, code: int) -> None:
    assert finish(start(tmp_path, child=child), tmp_path)[0] == code


def test_input_and_output_pass_through_untouched(tmp_path: Path) -> None:
    child = (
        "import sys; sys.stdout.write(sys.stdin.read().upper()); sys.stderr.write('quiet'); print(sys.argv[1:]);"
        " print(open('/dev/fd/' + sys.argv[1]).read())"
    )
    reader, writer = os.pipe()
    os.write(writer, b"from a pipe")
    os.close(writer)
    (tmp_path / "child.py").write_text(child)
    command = [*GUARD, "--", sys.executable, str(tmp_path / "child.py"), str(reader), "--", "a b", ""]
    done = subprocess.run(command, input="some text\n", capture_output=True, text=True, pass_fds=(reader,), check=True)
    os.close(reader)
    assert done.stdout == f"SOME TEXT\n['{reader}', '--', 'a b', '']\nfrom a pipe\n"
    assert "quiet" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_reaches_a_program_that_saves_itself(tmp_path: Path, number: signal.Signals) -> None:
    process = start(tmp_path, child=SAVES)
    assert _line(process) == "on"
    process.send_signal(number)
    code, out, _ = finish(process, tmp_path)
    assert (code, out) == (3, f"saved {int(number)}\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR2])
def test_a_signal_that_ends_the_program_is_told(tmp_path: Path, number: signal.Signals) -> None:
    process = start(tmp_path, child="import signal; signal.signal(2, signal.SIG_DFL)\n" + SLEEPER)
    assert _line(process) == "on"
    process.send_signal(number)
    assert finish(process, tmp_path)[0] == 128 + number


def test_what_nohup_ignores_stays_ignored(tmp_path: Path) -> None:
    (tmp_path / "child.py").write_text(SLEEPER)
    guard = [*GUARD, "--", sys.executable, "child.py"]
    with (tmp_path / SAID).open("w") as said:
        process = subprocess.Popen(["nohup", *guard], cwd=tmp_path, text=True, stdout=-1, stderr=said)
    assert _line(process) == "on"
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGTERM)
    assert finish(process, tmp_path)[0] == 128 + signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_program_that_forks_leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    process = start(tmp_path, child="import signal; signal.signal(2, signal.SIG_DFL)\n" + FORKS)
    pids = read_pids(tmp_path / "pids", 3)
    assert all(map(alive, pids))
    process.send_signal(number)
    assert finish(process, tmp_path)[0] == 128 + number
    wait_for(lambda: not any(map(alive, pids)))


def test_workers_of_a_killed_program_are_ended_too(tmp_path: Path) -> None:
    process = start(tmp_path, child=FORKS)
    pids = read_pids(tmp_path / "pids", 3)
    os.kill(pids[0], signal.SIGKILL)
    assert finish(process, tmp_path)[0] == 137
    wait_for(lambda: not any(map(alive, pids)))


def test_a_program_that_ends_by_itself_may_leave_a_server_running(tmp_path: Path) -> None:
    child = (
        "import subprocess, sys\n"
        "server = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(900)'], stdout=-3, stderr=-3)\n"
        "print(server.pid, file=open('pids', 'w'))\n"
    )
    assert finish(start(tmp_path, child=child), tmp_path)[0] == 0
    (pid,) = read_pids(tmp_path / "pids", 1)
    assert alive(pid)
    os.kill(pid, signal.SIGKILL)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child that its parent died")
def test_the_program_ends_when_the_guard_is_killed(tmp_path: Path) -> None:
    process = start(tmp_path, child=SAVES.replace("print(", "open('said', 'a').write('on\\n'); print("))
    assert _line(process) == "on"
    process.kill()
    process.communicate()
    wait_for(lambda: (tmp_path / "said").read_text().count("on") == 2)


def test_a_program_that_ignores_sigterm_is_waited_for(tmp_path: Path) -> None:
    process = start(tmp_path, child=STUBBORN)
    assert _line(process) == "on"
    (pid,) = read_pids(tmp_path / "pids", 1)
    for _ in range(3):
        process.send_signal(signal.SIGTERM)
        assert _line(process) == "not yet"
    assert alive(pid) and process.poll() is None
    os.kill(pid, signal.SIGKILL)
    assert finish(process, tmp_path)[0] == 137


def test_stopping_and_continuing_stops_and_continues_both(tmp_path: Path) -> None:
    child = "import os; print(os.getpid(), file=open('pids', 'w'), flush=True)\n" + SAVES
    process = start(tmp_path, child=child)
    assert _line(process) == "on"
    (pid,) = read_pids(tmp_path / "pids", 1)
    process.send_signal(signal.SIGTSTP)
    wait_for(lambda: state(pid) == "T" and state(process.pid) == "T")
    process.send_signal(signal.SIGCONT)
    wait_for(lambda: state(pid) == "S" and state(process.pid) == "S")
    process.send_signal(signal.SIGTERM)
    assert finish(process, tmp_path)[:2] == (3, "saved 15\n")


def test_what_cannot_be_started(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("no program")
    for words, code in ((["no-such-program"], 127), (["./plain"], 126)):
        done = subprocess.run([*GUARD, "--", *words], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == code
        assert f"dreamerguard: cannot start {words[0]}: " in done.stderr


def _refusal(tmp_path: Path, *words: str) -> tuple[int, str]:
    done = subprocess.run([*GUARD, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


DANIJAR = ("python", "dreamerv3/main.py", "--configs", "dmc_proprio", "--task", "dmc_walker_walk")


def test_what_lint_refuses_is_not_started(tmp_path: Path) -> None:
    low = ("--run.train_ratio", "32", "--jax.platform", "cpu")
    code, said = _refusal(tmp_path, "--", *DANIJAR, *low)
    assert code == 78
    assert "low-train-ratio" in said
    assert 'accept them with --allow low-train-ratio="reason"' in said
    code, said = _refusal(tmp_path, "--strict", "--", "true")
    assert (code, "not started because of --strict" in said) == (78, True)
    code, said = _refusal(tmp_path, "--", "true")
    assert (code, "unrecognised training program: true, so the command is not checked" in said) == (0, True)


def test_an_allowance_starts_the_run_and_is_kept_beside_the_log(tmp_path: Path) -> None:
    script = tmp_path / "dreamerv3" / "main.py"
    script.parent.mkdir()
    script.write_text(
        f"{WAIT}\nimport pathlib\nfolder = pathlib.Path('logs/run')\nfolder.mkdir(parents=True)\n"
        "wait(folder / 'dreamerguard-lint.json')\nprint('trained')\n"
    )
    words = (sys.executable, *DANIJAR[1:], "--run.train_ratio", "32", "--jax.platform", "cpu", "--logdir", "logs/run")
    allow = ("--allow", "low-train-ratio=to see it fail", "--interval", "0.1", "--report", "report.json")
    code, said = _refusal(tmp_path, *allow, "--", *words)
    assert code == 0, said
    lint = json.loads((tmp_path / "logs/run/dreamerguard-lint.json").read_text())
    assert lint["allow"] == {"low-train-ratio": "to see it fail"}
    assert [item["allowed"] for item in lint["findings"] if item["name"] == "low-train-ratio"] == ["to see it fail"]
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["exit_code"], report["signal"], report["command"]) == (0, None, list(words))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "write the training command after --"),
        (("--",), "there is no command after --"),
        (("--stirct", "--", "true"), "there is no option --stirct of guard; did you mean --strict?"),
        (("--allow", "low-train-ratio", "--", "true"), "the reason is missing"),
        (("--allow", "low-ratio=x", "--", "true"), "there is no rule"),
        (("--report", "no/where.json", "--", "true"), "the folder does not exist"),
        (("--reference", "no.json", "--", "true"), "--reference"),
    ],
)
def test_wrong_usage_is_answered_in_words(tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    code, said = _refusal(tmp_path, *words)
    assert (code, says in said) == (2, True), said
