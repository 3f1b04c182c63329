"""What the exit codes of all commands mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dreamerguard.core.result import Result

CLEAN = 0
FINDINGS = 1
USAGE = 2
NOTHING_CHECKED = 3
BUG = 70
#: A run was not started because of what lint found.
REFUSED = 78
#: A signal ended the run after it had saved itself: 128 plus the signal's number, as shells count.
SIGNALLED = 128


def exit_code(result: Result) -> int:
    """0 without errors and warnings that count, else 1. Information alone is clean. 3 if nothing could be judged."""
    from dreamerguard.core.model import Severity

    if any(item.severity is not Severity.INFO for item in result.active):
        return FINDINGS
    return NOTHING_CHECKED if result.judged.nothing else CLEAN
