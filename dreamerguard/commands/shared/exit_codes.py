"""Defines the exit codes of all commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dreamerguard.core.result import Result

CLEAN = 0
FINDINGS = 1
USAGE = 2
NOTHING_CHECKED = 3
#: The run directory cannot be continued as it is: logs without a checkpoint, damaged files, links.
DAMAGED = 65
#: `doctor` found an error: a run would fail on this machine. EX_UNAVAILABLE of sysexits.h.
UNFIT = 69
BUG = 70
#: Training stopped because of its environments: one raised an error, or worker processes failed too often.
ENVIRONMENT_FAILED = 71
#: Training stopped because losses, gradients or actions are not finite.
NOT_FINITE = 72
#: No checkpoint could be saved for too long, for example on a full disk. EX_CANTCREAT of sysexits.h.
NOT_SAVED = 73
#: The run directory was removed or replaced while the run trained.
RUN_LOST = 74
#: Another process uses the run directory.
IN_USE = 75
#: Another process of the run has ended. EX_PROTOCOL of sysexits.h.
PROCESS_LOST = 76
#: A run was not started because of lint findings.
REFUSED = 78
#: A signal ended the run after it was saved: 128 plus the number of the signal, as in shells.
SIGNALLED = 128


def exit_code(result: Result) -> int:
    """Returns 1 if an error or a warning counts, 3 if nothing could be judged, else 0."""
    from dreamerguard.core.finding import Severity

    if any(item.severity is not Severity.INFO for item in result.active):
        return FINDINGS
    return NOTHING_CHECKED if result.judged.nothing else CLEAN
