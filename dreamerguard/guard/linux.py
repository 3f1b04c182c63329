"""Asks the Linux kernel to signal a child when its parent dies."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def death_signal(number: signal.Signals = signal.SIGTERM) -> Callable[[], None]:
    """Returns a function to call between fork and exec; then the kernel signals the child when its parent dies.

    The kernel drops this request when the child runs a program with set-user-ID or capabilities. The request covers the
    child alone, not the processes that it starts (prctl(2), PR_SET_PDEATHSIG). On other systems nothing happens.
    """
    call = _prctl()
    parent = os.getpid()

    def request() -> None:
        if call is None:
            return
        call(_PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:  # the parent died before the call
            os.kill(os.getpid(), number)

    return request


def _prctl() -> Callable[[int, int], int] | None:
    if not sys.platform.startswith("linux"):
        return None
    import ctypes  # before the fork: a child of a process with threads must not import

    try:
        library = ctypes.CDLL(None)
        call = library.prctl
    except (OSError, AttributeError):
        return None

    def prctl(option: int, argument: int) -> int:
        zero = ctypes.c_ulong(0)
        return int(call(ctypes.c_int(option), ctypes.c_ulong(argument), zero, zero, zero))

    return prctl
