"""Where faults are injected: temporary folders, one cache of compiled programs, real processes of the product."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from .row import Finding, NotRun

ROOT = Path(__file__).parents[2]
#: Seconds after which a process counts as hanging, on an idle machine.
HANG = 240.0
ALLOW = ("--allow", "changed-action-repeat=trust", "--allow", "changed-batch-shape=trust")
#: A run of seconds: 2,400 frames, 135 updates, 2 checkpoints.
SHORT: dict[str, Any] = {
    "task": "dmc_cartpole_balance",
    "size": "size200k",
    "purpose": "short",
    "run": {"frames": 2400, "train_ratio": 8, "envs": 2},
    "replay": {"batch_size": 2, "batch_length": 8},
    "model": {"deter": 16, "hidden": 8, "stoch": 2, "blocks": 4, "units": 8, "bins": 15, "encoder_layers": 1,
              "decoder_layers": 1},
    "loss": {"imag_length": 3},
    "env": {"action_repeat": 8},
    "logging": {"every": 0.2},
    "checkpoint": {"every": 0.5},
    "runtime": {"platform": "cpu"},
}  # fmt: skip
#: A run that is long enough to be interrupted.
LONG: dict[str, Any] = {
    "run": {"frames": 16000, "train_ratio": 8, "envs": 2},
    "logging": {"every": 0.5},
    "checkpoint": {"every": 1.5},
}


def patience() -> float:
    """Returns the factor for waiting times that follows from the load: 1 on an idle machine, at most 4."""
    return min(max(os.getloadavg()[0] / (os.cpu_count() or 1), 1.0), 4.0)


class Process:
    """A running command of the product. Its output goes to a file, so that it never blocks."""

    def __init__(self, words: Sequence[str], cwd: Path, variables: Mapping[str, str], **options: Any) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process is of interest
        self.started = time.monotonic()
        environment = {**os.environ, **variables}
        self.inner = subprocess.Popen(
            list(words), cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=self._file, stderr=self._file,
            start_new_session=True, **options,
        )  # fmt: skip

    @property
    def output(self) -> str:
        """Everything that was printed so far."""
        size = os.fstat(self._file.fileno()).st_size
        return os.pread(self._file.fileno(), size, 0).decode(errors="replace")

    def end(self, seconds: float = HANG) -> int | str:
        """Waits for the end and returns the exit code as a shell does; kills a process that hangs."""
        try:
            code = self.inner.wait(seconds * patience())
            return code if code >= 0 else 128 - code
        except subprocess.TimeoutExpired:
            self.kill()
            return "hang"

    def close(self) -> None:
        """Ends the process and forgets its output."""
        if self.inner.poll() is None:
            self.kill()
        self._file.close()

    def kill(self) -> None:
        """Ends the process and all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.inner.pid, signal.SIGKILL)
        self.inner.wait()

    def until(self, holds: Callable[[], object], seconds: float = HANG) -> bool:
        """Waits until something holds; returns False if the process ends before, or after the time."""
        deadline = time.monotonic() + seconds * patience()
        while time.monotonic() < deadline:
            if holds():
                return True
            if self.inner.poll() is not None:
                return bool(holds())
            time.sleep(0.01)
        return False


class Bench:
    """Folders and runs for the rows. Rows may run in several threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock, self._making = threading.Lock(), threading.Lock()
        self._count = 0
        self._made: dict[str, Path] = {}
        self._processes: list[Process] = []
        self._closed = False

    def new(self, name: str) -> Path:
        """Makes a new folder."""
        with self._lock:
            self._count += 1
            made = self.folder / f"{self._count:03d}-{name}"
        made.mkdir(parents=True)
        return made

    def write_config(self, folder: Path, **changes: Any) -> Path:
        """Writes ``t.yaml``: the short run with changes."""
        import yaml

        path = folder / "t.yaml"
        path.write_text(yaml.safe_dump(SHORT | changes))
        return path

    def start(self, folder: Path, *words: str, variables: Mapping[str, str] | None = None, **options: Any) -> Process:
        """Starts a command of the product in a folder."""
        if self._closed:
            raise NotRun("interrupted")
        command = [sys.executable, "-m", "dreamerguard", *words]
        process = Process(command, folder, self.variables() | dict(variables or {}), **options)
        with self._lock:
            self._processes.append(process)
        return process

    def variables(self) -> dict[str, str]:
        """Returns the environment of the commands."""
        return {
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "agent")]),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",  # compiles in half the time
            "NO_COLOR": "1",
            "COLUMNS": "200",
        }

    def train(self, folder: Path, *words: str, logdir: str = "run", **options: Any) -> Process:
        """Starts training with the ``t.yaml`` of a folder."""
        return self.start(folder, "train", "--config", "t.yaml", "--logdir", logdir, *ALLOW, *words, **options)

    def finished(self, name: str) -> Path:
        """Returns a new folder with ``t.yaml`` and a finished short run in ``run``."""
        return self._copy(name, "finished", self._train_short)

    def interrupted(self, name: str) -> Path:
        """Returns a new folder with a longer run in ``run`` that SIGTERM stopped; two checkpoints are kept."""
        return self._copy(name, "interrupted", self._train_half)

    def _copy(self, name: str, kind: str, make: Callable[[Path], None]) -> Path:
        with self._making:
            if kind not in self._made:
                made = self.new(f"base-{kind}")
                make(made)
                self._made[kind] = made
        target = self.new(name)
        shutil.copytree(self._made[kind], target, dirs_exist_ok=True, symlinks=True)
        return target

    def _train_short(self, folder: Path) -> None:
        self.write_config(folder)
        process = self.train(folder)
        code = process.end(900)
        if code != 0:
            raise NotRun(f"the base run ended with {code}: {last_line(process.output)}")

    def _train_half(self, folder: Path) -> None:
        self.write_config(folder, **LONG | {"checkpoint": {"every": 0.5}})  # two saves long before its end
        process = self.train(folder)
        if not process.until(lambda: len(steps(folder / "run")) == 2, 900):
            raise NotRun(f"the base run saved nothing: {last_line(process.output)}")
        process.inner.send_signal(signal.SIGTERM)
        code = process.end()
        if code != 143:
            raise NotRun(f"the base run ended with {code} after SIGTERM: {last_line(process.output)}")

    def close(self) -> None:
        """Ends whatever still runs; nothing can be started afterwards."""
        self._closed = True
        for process in self._processes:
            process.close()


def steps(run: Path) -> list[int]:
    """Returns the numbers of the checkpoints of a run, sorted."""
    return sorted(int(path.name) for path in run.glob("checkpoints/*") if path.name.isdigit())


def last_line(text: str) -> str:
    """Returns the last line that is not empty."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def line_with(text: str, *words: str) -> str:
    """Returns the first line with one of the words, else the last line."""
    for line in text.splitlines():
        if any(word in line for word in words):
            return line.strip()
    return last_line(text)


def designed(finding: Finding, text: str) -> None:
    """Notes a traceback and an internal error as wrong: every error must be designed."""
    finding.expect("Traceback" not in text, "a traceback is shown")
    finding.expect("internal error" not in text, f"internal error: {line_with(text, 'internal error')[:100]}")
