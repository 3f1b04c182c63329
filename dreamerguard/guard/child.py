"""Runs the guarded program in a separate process group: starts, signals, stops, continues and waits for it.

The guard forwards a signal to the program alone, not to its whole group, as if there were no guard: a trainer that
saves a checkpoint on SIGTERM still needs its environment processes. After a signal ended the program, the guard ends
the rest of the group, so that no process remains.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from .linux import death_signal
from .signals import FORWARDED, Signals
from .terminal_modes import Terminal

#: Seconds between SIGTERM and SIGKILL for the remaining processes of the group.
_SWEEP_SECONDS = 3.0
_ENDS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT})
#: Stop signals that a terminal or a scheduler sends to the whole job.
_JOB_STOPS = frozenset({signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU})


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a program.

    Attributes:
      code: exit code, or 128 plus the number of the signal that ended the program.
      signal: that signal; None if the program ended by itself.
      interrupted: whether Ctrl-C ended the program while it had the terminal.
    """

    code: int
    signal: signal.Signals | None
    interrupted: bool


class Child:
    """A running program.

    Args:
      command: program and arguments.
      signals: the entered signal queue of this process.
      say: prints one line for the user; must not fail.
      translated: signals that the program ignores -> what it gets instead when this process receives one. For a batch
        system that signals all processes of a job: the program would get the signal twice, or die of it.
      once: whether only the first signal that asks to end is passed on. Without a person at a terminal, a second one
        is a repetition, and programs end at once at it, without saving.

    Raises:
      OSError: the program cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        signals: Signals,
        say: Callable[[str], None],
        translated: Mapping[signal.Signals, signal.Signals] | None = None,
        once: bool = False,
    ) -> None:
        self._signals, self._say = signals, say
        self._translated, self._once = dict(translated or {}), once
        ignored = tuple(self._translated)
        self._terminal = Terminal()
        self._own_group = os.getpgrp()
        self._stop_request: float | None = None
        self._kill_at: float | None = None
        self._end_requested = False
        die_with_parent = death_signal()

        def prepare() -> None:
            die_with_parent()
            for number in ignored:
                signal.signal(number, signal.SIG_IGN)
            self._terminal.pass_on(self._own_group, os.getpgrp())

        try:
            self._process = subprocess.Popen(command, process_group=0, preexec_fn=prepare, close_fds=False)
        except BaseException:
            self._terminal.close()
            raise
        self.pid = self._process.pid

    def ask_to_stop(self, kill_after: float | None) -> None:
        """Requests SIGTERM and, if ``kill_after`` is set, SIGKILL for the group that many seconds later."""
        self._stop_request = float("inf") if kill_after is None else kill_after
        self._signals.wake()

    def wait(self) -> Ending:
        """Waits for the end of the program and forwards signals meanwhile."""
        while True:
            status = self._reap()
            if status is not None:
                return self._end(status)
            self._apply_stop_request()
            left = None if self._kill_at is None else max(self._kill_at - time.monotonic(), 0.01)
            for number in self._signals.wait(left):
                self._handle(number)

    def _reap(self) -> int | None:
        """Returns the wait status of the ended program; None while it lives. Stops this process with the program."""
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
            if pid == 0:
                return None
            if not os.WIFSTOPPED(status):
                self._process.returncode = os.waitstatus_to_exitcode(status)
                return status
            self._stop_with_program(signal.Signals(os.WSTOPSIG(status)))

    def _handle(self, number: signal.Signals) -> None:
        number = self._translated.get(number, number)
        if self._once and self._end_requested and number in _ENDS:
            return
        if number == signal.SIGCONT:
            self._continue()
        elif number == signal.SIGTSTP:
            self._send_all(number)
        elif number in FORWARDED:
            self._end_requested |= number in _ENDS
            self._send(number)

    def _apply_stop_request(self) -> None:
        if self._stop_request is not None:
            kill_after, self._stop_request = self._stop_request, None
            self._end_requested = True
            self._send(signal.SIGTERM)
            self._kill_at = time.monotonic() + kill_after if kill_after != float("inf") else None
        if self._kill_at is not None and time.monotonic() >= self._kill_at:
            self._kill_at = None
            self._say("the program did not end after SIGTERM: sent SIGKILL")
            self._send_all(signal.SIGKILL)

    def _stop_with_program(self, number: signal.Signals) -> None:
        """Stops this process like the stopped program, so that the shell sees its job stopped."""
        interactive = self._terminal.pass_on(self.pid, self._own_group)
        if not interactive and number not in _JOB_STOPS:
            return  # a user stopped only the program and will continue it
        if os.getpgrp() == os.getsid(0):
            self._continue()  # no shell could continue this process, and the kernel would not stop it either
            return
        if interactive:
            os.killpg(self._own_group, signal.SIGSTOP)
        else:
            os.kill(os.getpid(), signal.SIGSTOP)

    def _continue(self) -> None:
        self._terminal.pass_on(self._own_group, self.pid)
        self._send_all(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        # The program is not reaped yet, so its process number cannot belong to another process.
        with suppress(ProcessLookupError, PermissionError):
            os.kill(self.pid, number)

    def _send_all(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def _end(self, status: int) -> Ending:
        died = signal.Signals(os.WTERMSIG(status)) if os.WIFSIGNALED(status) else None
        had_terminal = self._terminal.pass_on(self.pid, self._own_group)
        self._terminal.close()
        if died is not None or self._end_requested:
            self._end_group()
        if died is None:
            return Ending(os.WEXITSTATUS(status), None, False)
        return Ending(128 + died, died, died == signal.SIGINT and had_terminal)

    def _end_group(self) -> None:
        """Ends the remaining processes of the program's group."""
        deadline = time.monotonic() + _SWEEP_SECONDS
        self._send_all(signal.SIGTERM)
        self._send_all(signal.SIGCONT)  # a stopped process only receives SIGTERM once it runs
        while self._group_alive() and time.monotonic() < deadline:
            time.sleep(0.02)
        if self._group_alive():
            self._send_all(signal.SIGKILL)

    def _group_alive(self) -> bool:
        try:
            os.killpg(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True
