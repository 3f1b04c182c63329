"""Starts the guard around small programs, as a user would, and checks the state afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

GUARD = [sys.executable, "-m", "dreamerguard", "guard"]
#: Seconds that only a program that hangs reaches. What a program does is waited for, however long it takes.
SAFETY = 600.0
#: What the guard says: a file, so that it can be read while the guard runs.
SAID = "guard.said"
#: For programs: waits until a test makes a file.
WAIT = """
import os, time
def wait(name):
    for _ in range(60_000):
        if os.path.exists(name): return
        time.sleep(0.01)
"""


def start(folder: Path, *options: object, child: str, words: tuple[object, ...] = ()) -> subprocess.Popen[str]:
    """The guard around a Python program given as text; its words stand behind it."""
    script = folder / "child.py"
    script.write_text(child)
    command = [*GUARD, *map(str, options), "--", sys.executable, str(script), *map(str, words)]
    with (folder / SAID).open("w") as said:
        return subprocess.Popen(
            command,
            cwd=folder,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            process_group=0,  # the guard does not stop itself where it leads a session, as tests without a terminal may
        )


def finish(process: subprocess.Popen[str], folder: Path) -> tuple[int, str, str]:
    """Exit code, output and errors. No traceback may be among them."""
    with process:
        try:
            out, _ = process.communicate(timeout=SAFETY)
        finally:
            process.kill()
    err = (folder / SAID).read_text()
    assert "Traceback" not in err, err
    return process.returncode, out, err


def wait_for(what: Callable[[], object]) -> None:
    """Waits until something holds."""
    deadline = time.monotonic() + SAFETY
    while not what():
        assert time.monotonic() < deadline, f"did not happen in {SAFETY:g} s"
        time.sleep(0.02)


def wait_until_said(folder: Path, *texts: str) -> None:
    """Waits until the guard has said all of these."""
    wait_for(lambda: all(text in (folder / SAID).read_text() for text in texts))


def end(folder: Path, process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Lets a program end that waits for that, and the guard after it."""
    (folder / "end").touch()
    return finish(process, folder)


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
        return state(pid) != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def state(pid: int) -> str:
    """The letter of a process's state: S sleeps, T is stopped, Z has ended."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
