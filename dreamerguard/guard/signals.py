"""Queues signals, so that one loop in one thread handles the child."""

from __future__ import annotations

import os
import select
import signal
import socket
from types import FrameType, TracebackType
from typing import Any

#: Signals that the guard forwards. A signal that was ignored at the start, as ``nohup`` does, stays ignored.
FORWARDED = frozenset(
    {
        signal.SIGTERM,
        signal.SIGINT,
        signal.SIGHUP,
        signal.SIGQUIT,
        signal.SIGUSR1,
        signal.SIGUSR2,
        signal.SIGTSTP,
    }
)
_TAKEN = (*sorted(FORWARDED), signal.SIGCHLD, signal.SIGCONT)


class Signals:
    """Queues signals, while entered, instead of letting them act on this process. Main thread only."""

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._old_wakeup = -1

    def __enter__(self) -> Signals:
        self._old_wakeup = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in _TAKEN:
            if signal.getsignal(number) is not signal.SIG_IGN or number == signal.SIGCHLD:
                self._before[number] = signal.signal(number, _queue)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._old_wakeup)
        self._reader.close()
        self._writer.close()

    def wake(self) -> None:
        """Makes `wait` return. Callable from any thread."""
        try:
            os.write(self._writer.fileno(), b"\0")
        except OSError:
            return  # full: `wait` returns anyway; closed: there is no waiter

    def wait(self, seconds: float | None) -> list[signal.Signals]:
        """Waits at most ``seconds`` and returns the received signals, in order, each once."""
        ready, _, _ = select.select([self._reader], [], [], seconds)
        if not ready:
            return []
        return [signal.Signals(number) for number in dict.fromkeys(self._reader.recv(4096)) if number]


def _queue(number: int, frame: FrameType | None) -> None:
    """Does nothing: Python has already written the signal number into the socket."""
