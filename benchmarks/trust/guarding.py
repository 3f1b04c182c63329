"""Rows 35 to 37: `guard` is invisible to the command that it runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from .bench import Bench, designed
from .row import Finding, row

#: Shell command -> exit code under guard.
ENDS = {
    "exit 0": 0, "exit 1": 1, "exit 3": 3, "exit 77": 77, "exit 78": 78, "exit 125": 125, "exit 255": 255,
    "kill -9 $$": 137, "kill -SEGV $$": 139, "kill -TERM $$": 143,
}  # fmt: skip


@row(
    35,
    "guard: how the command ends",
    "exit codes, signals, not found, not executable",
    times=len(ENDS) + 2,
    quick=6,
    test="tests/guard/test_guard_process.py",
)
def ends(bench: Bench, times: int) -> Finding:
    """The exit code is the command's."""
    finding, folder = Finding(), bench.new("ends")
    cases = [(("sh", "-c", text), code) for text, code in ENDS.items()]
    cases += [(("/no/such/program",), 127), ((str(folder),), 126)]
    for words, code in cases[-times:]:
        process = bench.start(folder, "guard", "--", *words)
        found = process.end(60)
        finding.count(found)
        designed(finding, process.output)
        finding.expect(found == code, f"{' '.join(words)}: {found} instead of {code}")
    return finding


@row(
    36,
    "guard: output, input, signals, grandchildren",
    "50 MB of output, stdin, SIGTERM ignored, guard killed -9",
    times=4,
    quick=4,
    test="tests/guard/test_guard_process.py",
)
def transparent(bench: Bench, times: int) -> Finding:
    """Nothing is lost, and no process stays."""
    finding, folder = Finding(), bench.new("transparent")
    environment = os.environ | bench.variables()
    guard = [sys.executable, "-m", "dreamerguard", "guard", "--"]
    done = subprocess.run(
        [*guard, "head", "-c", "50000000", "/dev/zero"], cwd=folder, env=environment, capture_output=True
    )
    finding.count(done.returncode)
    finding.expect(len(done.stdout) == 50_000_000, f"{len(done.stdout)} of 50,000,000 bytes of output")
    done = subprocess.run([*guard, "cat"], cwd=folder, env=environment, input=b"text" * 1000, capture_output=True)
    finding.count(done.returncode)
    finding.expect(done.stdout == b"text" * 1000, "input is lost")
    for number, script in (
        (signal.SIGTERM, "trap '' TERM; echo $$ > pid; sleep 2; exit 5"),
        (signal.SIGKILL, "echo $$ > pid; sleep 600"),
    ):
        (folder / "pid").unlink(missing_ok=True)
        process = bench.start(folder, "guard", "--", "sh", "-c", script)
        process.until(lambda: _pid(folder) > 0)
        os.kill(process.inner.pid, number)
        code = process.end(60)
        finding.count(code)
        finding.expect(code == (5 if number == signal.SIGTERM else 137), f"{number.name}: {code}")
        deadline = time.monotonic() + 20
        while _alive(_pid(folder)) and time.monotonic() < deadline:
            time.sleep(0.05)
        finding.expect(not _alive(_pid(folder)), f"{number.name}: the command stays")
    return finding


def _pid(folder: Path) -> int:
    try:
        return int((folder / "pid").read_text())
    except (OSError, ValueError):
        return 0


def _alive(pid: int) -> bool:
    try:
        return pid > 0 and Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@row(
    37,
    "closed and full standard streams",
    "<&-, >&-, 2>&-, >/dev/full, 2>/dev/full; guard, lint, check, watch, train",
    times=15,
    quick=6,
    test="tests/commands/test_standard_streams.py",
)
def streams(bench: Bench, times: int) -> Finding:
    """The command is started, and exit codes stay true."""
    finding, folder = Finding(), bench.new("streams")
    (folder / "start.sh").write_text("dreamerguard train dmc_walker_walk run.train_ratio=32\n")
    cases = [
        (words, streams, code)
        for streams in ("2>&-", "<&- >&- 2>&-", "2> /dev/full")
        for words, code in (
            ("guard -- sh -c 'exit 3'", 3),
            ("lint -- dreamerguard train dmc_walker_walk run.train_ratio=32", 1),
            ("check start.sh", 1),
            ("train dmc_walker_walk run.train_ratio=32", 78),
            ("watch missing --once", 2),
        )
    ]
    for words, where, code in cases[:times]:
        script = f'"{sys.executable}" -m dreamerguard {words} {where}'
        done = subprocess.run(
            ["sh", "-c", script], cwd=folder, env=os.environ | bench.variables(), capture_output=True, text=True
        )
        finding.count(done.returncode)
        designed(finding, done.stderr)
        finding.expect(done.returncode == code, f"{words} {where}: {done.returncode} instead of {code}")
    return finding
