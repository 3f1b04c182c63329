"""Handles signals that stop a training run: Ctrl-C (SIGINT), SIGTERM, SIGHUP of a closed terminal, and warnings of
batch systems before a limit: SIGUSR1, SIGUSR2 and SIGXCPU.

A thread reads the signals, so that one is acknowledged at once, whatever the main thread does: a compilation takes
minutes in which Python's own handlers do not run. Until the run takes its first step there is nothing to save, and the
process ends at once. Afterwards the run saves itself at its next step. A second signal ends the process at once.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from .exit_codes import SIGNALLED

#: Signals that stop a run.
STOPPING = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGXCPU")
    if hasattr(signal, name)
)
#: Those that are handled also if the process ignored them before.
_ALWAYS = (signal.SIGINT, signal.SIGTERM)
#: Those that batch systems repeat: after another signal they end nothing.
_REPEATED = frozenset(getattr(signal, name, None) for name in ("SIGUSR1", "SIGUSR2", "SIGXCPU"))
#: Seconds for a line on a terminal that takes nothing, and for a file of the compilation cache that is being written.
PATIENCE = 1.0
#: Module of jax that writes the compilation cache, in place: a process must not end within it.
_CACHE_WRITER = "lru_cache.py"


class StopSignals:
    """Context manager that turns signals into a request to stop. Call it between two steps of the run.

    Use it in the main thread. A signal that the process ignored before, as SIGHUP under nohup, stays ignored.

    Attributes:
      received: the first signal; None if there was none.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._stepping = False
        self._lock = threading.Lock()
        self._before_end: list[Callable[[], object]] = []
        self._handlers: dict[signal.Signals, Any] = {}

    def __call__(self) -> bool:
        """Returns whether the run must stop. The first call says that the run takes its first step now."""
        with self._lock:
            self._stepping = True
            return self.received is not None

    def before_end(self, action: Callable[[], object]) -> None:
        """Adds an action for the case that the process ends at once, for example the release of a lock.

        It runs in another thread while the main thread may do anything, so it must be short and may not wait.
        """
        self._before_end.append(action)

    def __enter__(self) -> StopSignals:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        self._wakeup = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for number in STOPPING:
            if number in _ALWAYS or signal.getsignal(number) is signal.SIG_DFL:
                self._handlers[number] = signal.signal(number, _nothing)
        self._thread = threading.Thread(target=self._listen, name="signals", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        os.close(self._writer)
        self._thread.join()
        os.close(self._reader)

    def _listen(self) -> None:
        while data := os.read(self._reader, 64):
            for number in data:
                if number in self._handlers:
                    self._receive(signal.Signals(number))

    def _receive(self, number: signal.Signals) -> None:
        with self._lock:
            again, self.received = self.received is not None, self.received or number
            stepping = self._stepping
        if again and number in _REPEATED:
            return
        if again:
            _say(f"stopping now: second signal, {number.name}; the last checkpoint stays")
        elif stepping:
            _say(f"stopping: {number.name}; the run is saved after this step. A second signal ends it at once")
            return
        else:
            _say(f"stopping: {number.name}; no step was taken since the start, so there is nothing to save")
        self._end(SIGNALLED + number)

    def _end(self, code: int) -> None:
        for action in self._before_end:
            with suppress(Exception):
                action()
        _wait_for_cache()
        os._exit(code)


def _nothing(number: int, frame: FrameType | None) -> None:
    """Takes the place of the default handler, which would end the process."""


def _say(line: str) -> None:
    """Writes a line on the error stream, and shows the cursor that a progress line hides. Never waits for long."""
    try:
        file = sys.stderr.fileno()
        shown = f"\r\x1b[2K\x1b[?25h{line}\n" if os.isatty(file) else f"{line}\n"
        if select.select([], [file], [], PATIENCE)[1]:
            os.write(file, shown.encode())
    except (OSError, ValueError, AttributeError):
        pass  # there is no error stream


def _wait_for_cache() -> None:
    """Waits while a thread writes a compiled function to disk: jax would keep and never replace half a file."""
    deadline = time.monotonic() + PATIENCE
    while _writes_cache() and time.monotonic() < deadline:
        time.sleep(0.005)


def _writes_cache() -> bool:
    for top in sys._current_frames().values():
        frame: FrameType | None = top
        while frame is not None:
            code = frame.f_code
            if code.co_name == "put" and Path(code.co_filename).name == _CACHE_WRITER:
                return True
            frame = frame.f_back
    return False
