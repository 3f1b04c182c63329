"""Runs a probe in a child process with a time limit and reads its answer."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .grade import one_line

PROBES = Path(__file__).with_name("probes")
#: Begins the line of a probe's answer; libraries may print other lines.
MARK = "dreamerguard-probe:"


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """The answer of a probe.

    Attributes:
      values: the values it found; empty if it failed.
      problem: why there are no values: the library's error, a signal or the time limit; empty if it succeeded.
      late: whether the time limit ended it.
    """

    values: Mapping[str, Any]
    problem: str = ""
    late: bool = False


def run_probe(
    name: str,
    seconds: float,
    arguments: Sequence[str] = (),
    given: str = "",
    variables: Mapping[str, str] | None = None,
) -> ProbeAnswer:
    """Runs a probe.

    Args:
      name: file in `probes`, without suffix.
      seconds: time limit.
      arguments: its arguments.
      given: its standard input.
      variables: environment variables to add.
    """
    # -P: a file of the current folder, for example jax.py, must not be imported in place of the library.
    command = [sys.executable, "-P", str(PROBES / f"{name}.py"), *arguments]
    environment = {**os.environ, **(variables or {}), "DREAMERGUARD_ROOTS": os.pathsep.join(_roots())}
    try:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, errors="replace", start_new_session=os.name == "posix",
        )  # fmt: skip
    except OSError as error:
        return ProbeAnswer({}, f"the probe cannot be started: {error.strerror or error}")
    try:
        out, err = process.communicate(given, timeout=seconds)
    except subprocess.TimeoutExpired:
        _kill(process)
        return ProbeAnswer({}, f"no answer within {seconds:g} s", late=True)
    return _answer(process.returncode, out, err)


def _answer(code: int, out: str, err: str) -> ProbeAnswer:
    for line in reversed(out.splitlines()):
        if line.startswith(MARK):
            values = json.loads(line.removeprefix(MARK))
            return ProbeAnswer({}, one_line(values["error"])) if "error" in values else ProbeAnswer(values)
    if code < 0:
        return ProbeAnswer({}, f"the process was ended by {_signal(-code)}")
    last = err.strip().splitlines()
    return ProbeAnswer({}, one_line(last[-1]) if last else f"the process ended with exit code {code}")


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _kill(process: subprocess.Popen[str]) -> None:
    """Ends a probe and the processes that it started."""
    try:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except ProcessLookupError:
        pass
    process.communicate()


def _roots() -> list[str]:
    """Returns the folders that hold this package and the trainer; both may lie outside the child's search path."""
    roots = [str(Path(__file__).parents[2])]
    agent = importlib.util.find_spec("dreamerguard_agent")
    if agent is not None and agent.origin is not None:
        roots.append(str(Path(agent.origin).parents[1]))
    return roots
