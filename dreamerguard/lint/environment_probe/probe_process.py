"""Probes a run's environment with the training program's Python, in a separate process with a time limit.

This is the only check that runs code of the checkout. It runs only with ``--probe``.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Any

from dreamerguard.core.environment import Probe, read_probe
from dreamerguard.core.run import ResolvedRun
from dreamerguard.programs.registry import environment_maker
from dreamerguard.programs.shared.python_call import read_call
from dreamerguard.sources.argv import Command

SCRIPT = Path(__file__).with_name("script.py")
#: Agent steps of one episode, and seconds for both episodes together.
STEPS, SECONDS = 10_000, 60.0
#: Additional seconds for imports and the first reset.
PATIENCE = 60.0


def prober(command: Command, folder: Path, factory: str | None = None) -> Callable[[ResolvedRun], Probe]:
    """Returns the function that `engine.check_command` calls with the resolved run.

    Args:
      command: the training command; the probe runs with its Python, or with this one if the command names no Python.
      folder: folder in which the command starts.
      factory: ``module:function`` that makes the environment, given the task; by default the program's function.
    """

    def run_probe(run: ResolvedRun) -> Probe:
        question = _question(run, command, folder, factory)
        try:
            return read_probe(_run_script(_python(command), question))
        except (OSError, ValueError, KeyError, TypeError) as error:
            return Probe(error=f"the environment probe gave no valid answer: {error}")

    return run_probe


def _question(run: ResolvedRun, command: Command, folder: Path, factory: str | None) -> dict[str, Any]:
    call, task = read_call(command), run.setting("task")
    values = {key: list(x) if isinstance(x := item.value, tuple) else x for key, item in run.settings.items()}
    script = call.script if call is not None else ""
    native = run.dialect == "native"  # installed, so it needs no script in a checkout
    known = native or (bool(script) and (folder / script).is_file())
    return {
        "folder": str(folder.resolve()),
        "factory": factory or "",
        "maker": str(environment_maker(run.dialect) or "") if known else "",
        "only_maker": native,
        "script": script,
        "task": str(task.value) if task is not None else "",
        "values": values,
        "steps": STEPS,
        "seconds": SECONDS,
    }


def _python(command: Command) -> str:
    """Returns the interpreter that the command names, or this one if it names none that exists."""
    named = (word.text for word in command.words if PurePath(word.text).name.startswith("python"))
    return shutil.which(next(named, "")) or sys.executable


def _run_script(python: str, question: dict[str, Any]) -> dict[str, Any]:
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [python, str(SCRIPT)], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    ) as child:
        try:
            answer, _ = child.communicate(json.dumps(question), timeout=SECONDS + PATIENCE)
        except subprocess.TimeoutExpired:
            answer = json.dumps({"error": f"TimeoutError: no answer after {SECONDS + PATIENCE:.0f} s"})
        finally:  # also ends its child processes
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
    if not answer.strip():
        return {"error": f"the process ended with code {child.returncode} before it answered"}
    found: dict[str, Any] = json.loads(answer)
    return found
