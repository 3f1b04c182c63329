"""Starts the guard around small programs, as a user would, and checks the state afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

GUARD = [sys.executable, "-m", "dreamerguard", "guard"]


def start(folder: Path, *options: object, child: str, words: tuple[object, ...] = ()) -> subprocess.Popen[str]:
    """The guard around a Python program given as text; its words stand behind it."""
    script = folder / "child.py"
    script.write_text(child)
    command = [*GUARD, *map(str, options), "--", sys.executable, str(script), *map(str, words)]
    return subprocess.Popen(
        command, cwd=folder, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, output and errors. No traceback may be among them."""
    try:
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert "Traceback" not in err, err
    return process.returncode, out, err


def wait_for(what: Callable[[], object], seconds: float = 40) -> None:
    """Waits until a condition holds."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, f"did not happen in {seconds:g} s"
        time.sleep(0.02)


def read_pids(path: Path, count: int) -> list[int]:
    """Process numbers that programs wrote, one on a line, once so many are there."""
    wait_for(lambda: path.exists() and path.read_text().count("\n") >= count)
    return [int(line) for line in path.read_text().split()]


def alive(pid: int) -> bool:
    """Returns whether a process runs; an ended process that was not collected does not run."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
