"""The guarded program: started in a process group of its own, signalled, stopped, continued and waited for.

A signal to the guard is handed to the program alone, not to its whole group, because that is what it would have met
without the guard: a trainer that saves itself on SIGTERM still needs its environment processes. Only what a program
leaves behind when it was ended by a signal is ended group-wide, so that no process stays.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from .linux import death_signal
from .signals import FORWARDED, Signals
from .terminal import Terminal

#: Seconds that processes left behind have after SIGTERM.
_SWEEP = 3.0
_ENDS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT})
#: Stops that a terminal or a scheduler means for the whole job.
_JOB_STOPS = frozenset({signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU})


@dataclass(frozen=True, slots=True)
class Ending:
    """How a program ended.

    Attributes:
      code: its exit code, or 128 plus the number of the signal that ended it.
      signal: that signal; None when it ended by itself.
      interrupted: it died of a Ctrl-C in a terminal that the guard had handed to it.
    """

    code: int
    signal: signal.Signals | None
    interrupted: bool


class Child:
    """A running program.

    Args:
      command: program and arguments.
      signals: entered queue of this process's signals.
      say: tells people one line; must not fail.

    Raises:
      OSError: the program cannot be started.
    """

    def __init__(self, command: Sequence[str], signals: Signals, say: Callable[[str], None]) -> None:
        self._signals, self._say = signals, say
        self._terminal = Terminal()
        self._own = os.getpgrp()
        self._stop_asked: float | None = None
        self._kill_at: float | None = None
        self._told_to_end = False
        die_with_parent = death_signal()

        def prepare() -> None:
            die_with_parent()
            self._terminal.pass_on(self._own, os.getpgrp())

        try:
            self._process = subprocess.Popen(command, process_group=0, preexec_fn=prepare, close_fds=False)
        except BaseException:
            self._terminal.close()
            raise
        self.pid = self._process.pid

    def ask_to_stop(self, kill_after: float | None) -> None:
        """Sends SIGTERM, and SIGKILL to the whole group after so many seconds, if given. From any thread."""
        self._stop_asked = float("inf") if kill_after is None else kill_after
        self._signals.wake()

    def wait(self) -> Ending:
        """Waits for the end, handing on signals meanwhile."""
        while True:
            status = self._reap()
            if status is not None:
                return self._end(status)
            self._stop_when_asked()
            left = None if self._kill_at is None else max(self._kill_at - time.monotonic(), 0.01)
            for number in self._signals.wait(left):
                self._meet(number)

    def _reap(self) -> int | None:
        """The wait status of the ended program; None while it lives. Follows it when it is stopped."""
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
            if pid == 0:
                return None
            if not os.WIFSTOPPED(status):
                self._process.returncode = os.waitstatus_to_exitcode(status)
                return status
            self._stop_too(signal.Signals(os.WSTOPSIG(status)))

    def _meet(self, number: signal.Signals) -> None:
        if number == signal.SIGCONT:
            self._continue()
        elif number == signal.SIGTSTP:
            self._send_all(number)
        elif number in FORWARDED:
            self._told_to_end |= number in _ENDS
            self._send(number)

    def _stop_when_asked(self) -> None:
        if self._stop_asked is not None:
            asked, self._stop_asked = self._stop_asked, None
            self._told_to_end = True
            self._send(signal.SIGTERM)
            self._kill_at = time.monotonic() + asked if asked != float("inf") else None
        if self._kill_at is not None and time.monotonic() >= self._kill_at:
            self._kill_at = None
            self._say("it did not end after SIGTERM: sent SIGKILL")
            self._send_all(signal.SIGKILL)

    def _stop_too(self, number: signal.Signals) -> None:
        """The program was stopped: this process stops like it, so that the shell sees its job stopped."""
        interactive = self._terminal.pass_on(self.pid, self._own)
        if not interactive and number not in _JOB_STOPS:
            return  # somebody stopped that one process and will continue it
        if os.getpgrp() == os.getsid(0):
            self._continue()  # no shell is there that could continue this process; the kernel would not stop it either
            return
        if interactive:
            os.killpg(self._own, signal.SIGSTOP)
        else:
            os.kill(os.getpid(), signal.SIGSTOP)

    def _continue(self) -> None:
        self._terminal.pass_on(self._own, self.pid)
        self._send_all(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        # The program is not reaped yet, so that its number cannot be another process's by now.
        with suppress(ProcessLookupError, PermissionError):
            os.kill(self.pid, number)

    def _send_all(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def _end(self, status: int) -> Ending:
        died = signal.Signals(os.WTERMSIG(status)) if os.WIFSIGNALED(status) else None
        had_terminal = self._terminal.pass_on(self.pid, self._own)
        self._terminal.close()
        if died is not None or self._told_to_end:
            self._sweep()
        if died is None:
            return Ending(os.WEXITSTATUS(status), None, False)
        return Ending(128 + died, died, died == signal.SIGINT and had_terminal)

    def _sweep(self) -> None:
        """Ends what the program left behind in its group."""
        deadline = time.monotonic() + _SWEEP
        self._send_all(signal.SIGTERM)
        self._send_all(signal.SIGCONT)  # a stopped process only meets SIGTERM once it runs
        while self._left() and time.monotonic() < deadline:
            time.sleep(0.02)
        if self._left():
            self._send_all(signal.SIGKILL)

    def _left(self) -> bool:
        try:
            os.killpg(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True
