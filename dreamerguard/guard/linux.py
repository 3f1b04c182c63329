"""What only Linux offers to a process that starts another."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def death_signal(number: signal.Signals = signal.SIGTERM) -> Callable[[], None]:
    """What a child calls between fork and exec, so that the kernel signals it when its parent dies, however it dies.

    The kernel forgets it when the child runs a program with set-user-ID or capabilities, and it covers the child alone,
    not what the child starts (prctl(2), PR_SET_PDEATHSIG). Elsewhere than on Linux nothing happens.
    """
    call = _prctl()
    parent = os.getpid()

    def ask() -> None:
        if call is None:
            return
        call(_PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:  # the parent died before the call
            os.kill(os.getpid(), number)

    return ask


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
