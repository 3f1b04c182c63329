"""Runs a hostile case as the command line would, and holds it to what every case must keep."""

from __future__ import annotations

import io
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from dreamerguard.cli import main
from dreamerguard.programs.hydra import exact

from ..counting import counted
from .cases import Case

CALLS, MEGABYTES = 20_000_000, 300
CODES = (0, 1, 2, 3)
#: What a program does that runs another one, or talks to one.
_DEEDS = (
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.fork",
    "os.forkpty",
    "subprocess.Popen",
    "socket.connect",
    "socket.bind",
    "ctypes.dlopen",
    "webbrowser.open",
)
#: Hydra is asked for the few configurations that only it can compose: apart, without resolving anything, in bounds.
_HYDRA = [sys.executable, "-I", "-c", exact._PROGRAM]
_watching: list[str] | None = None


@dataclass
class Outcome:
    """What a case did.

    Attributes:
      code: exit code.
      text: all that it printed.
      seconds: processor time, to be reported.
      calls: functions that were entered.
      grown: megabytes that the peak of the process rose by.
      deeds: programs that it ran, addresses that it reached, and files that it wrote.
    """

    code: object = None
    text: str = ""
    seconds: float = 0.0
    calls: int = 0
    grown: float = 0.0
    deeds: list[str] = field(default_factory=list)


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if _watching is None or (event == "subprocess.Popen" and arguments[1] == _HYDRA):
        return
    to_file = event == "open" and isinstance(arguments[1], str) and not isinstance(arguments[0], int)
    writes = to_file and set(str(arguments[1])) & set("wax+")
    if event in _DEEDS or (writes and "__pycache__" not in str(arguments[0])):
        _watching.append(f"{event} {arguments!r}"[:200])


sys.addaudithook(_hook)


@contextmanager
def _watched(deeds: list[str]) -> Iterator[None]:
    global _watching
    _watching = deeds
    try:
        yield
    finally:
        _watching = None


def _memory(name: str) -> float:
    """``VmHWM``, the peak, or ``VmRSS``, the present, in megabytes; nothing where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(name)), 0.0)


def _forget_peak() -> None:
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def run(case: Case) -> Outcome:
    """Runs it in a folder of its own."""
    outcome, out, err = Outcome(), io.StringIO(), io.StringIO()
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        for name, data in case.files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        os.chdir(folder)
        _forget_peak()
        before, start = _memory("VmRSS"), time.process_time()
        environment = mock.patch.dict(os.environ, {"NO_COLOR": "1", "COLUMNS": "100", "DREAMERGUARD_TRACEBACK": "1"})
        words = mock.patch.object(sys, "argv", ["dreamerguard", *case.words])
        try:
            with (
                environment,
                words,
                redirect_stdout(out),
                redirect_stderr(err),
                _watched(outcome.deeds),
                counted() as work,
            ):
                main()
        except SystemExit as end:
            outcome.code = end.code or 0
        finally:
            os.chdir(here)
        outcome.seconds, outcome.calls = time.process_time() - start, work.calls
        outcome.grown = _memory("VmHWM") - before
        outcome.text = out.getvalue() + err.getvalue()
        left = {str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file()}
        outcome.deeds += sorted(left - set(case.files))
    return outcome


def clean(text: str) -> bool:
    """Whether a terminal shows the text as it is."""
    return all(char == "\n" or char.isprintable() for char in text)


def wrong(case: Case, outcome: Outcome) -> str:
    """What a case did that none may do; nothing when all is well."""
    for_people = not {"json", "jsonl", "sarif", "gitlab", "junit", "markdown"} & set(case.words)
    if outcome.code not in CODES or "internal error" in outcome.text or "Traceback" in outcome.text:
        return f"failed with {outcome.code}: {outcome.text[-1500:]}"
    if outcome.deeds:
        return f"did {outcome.deeds[:5]}"
    if outcome.code != 0 and not outcome.text.strip():
        return f"says nothing with exit code {outcome.code}"
    if for_people and not clean(outcome.text):
        return f"prints {next(char for char in outcome.text if not clean(char))!r}"
    if outcome.calls > CALLS:
        return f"took {outcome.calls} calls"
    return f"took {outcome.grown:.0f} MB" if outcome.grown > MEGABYTES else ""
