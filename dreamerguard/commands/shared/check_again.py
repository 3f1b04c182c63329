"""``dreamerguard check --watch``: checks again when files have changed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping

from dreamerguard.util.text import number_of

from .errors import CommandFailed, note, report_failure

#: Seconds between two looks at the files. Times and sizes are compared, which also works on network drives.
INTERVAL = 0.5
_CLEAR = "\x1b[2J\x1b[3J\x1b[H"
#: Changed files that are named.
_NAMED = 3

State = Mapping[str, tuple[int, int]]


def check_again(check: Callable[[], int], state: Callable[[], State]) -> int:
    """Checks now, and again after every change, until Ctrl-C. On a terminal, each report is alone on the screen.

    Args:
      check: checks and reports, and returns its exit code.
      state: returns the files with their times and sizes.

    Returns:
      The exit code of the last check.
    """
    seen, code = state(), _check(check)
    try:
        while True:
            note("watching for changes; Ctrl-C ends")
            changed, seen = _wait(seen, state)
            if sys.stdout.isatty():
                sys.stdout.write(_CLEAR)
            note(f"checked again: {changed}")
            code = _check(check)
    except KeyboardInterrupt:
        note("stopped watching")
        return code


def _wait(seen: State, state: Callable[[], State]) -> tuple[str, State]:
    """Waits for a change. Returns what changed, and the state after it."""
    while (now := state()) == seen:
        time.sleep(INTERVAL)
    return _changed(seen, now), now


def _check(check: Callable[[], int]) -> int:
    """Checks once. A failure is reported, and its cause may be corrected while the command goes on."""
    try:
        return check()
    except CommandFailed as failed:
        return report_failure(failed)
    finally:
        sys.stdout.flush()


def _changed(before: State, now: State) -> str:
    names = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    more = f" and {number_of(len(names) - _NAMED, 'more file')}" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more} changed"
