"""Decides whether a run has ended by its log alone: at its planned frames, or near them without new rows."""

from __future__ import annotations

from dreamerguard.logs import RunLog

from .health_running import duration, log_interval

#: Share of the planned frames from which a log that no longer grows has ended: the last rows may be missing.
ALMOST = 0.97

#: Seconds without a new row, and usual intervals between two rows, after which a log no longer grows.
_SILENT, _INTERVALS = 300.0, 30


def why_ended(log: RunLog, now: float) -> str:
    """Returns why the run of a log has ended; empty if it may go on, or if its length is unknown.

    Args:
      log: the run.
      now: seconds since the epoch.
    """
    planned, frames = log.facts.frames, log.frames
    if not planned or frames < ALMOST * planned:
        return ""
    if frames >= planned:
        return f"the run has reached its planned {planned:,.0f} frames"
    silent = silence(log, now)
    return f"the log ends at {frames:,.0f} of {planned:,.0f} planned frames and {silent}" if silent else ""


def silence(log: RunLog, now: float) -> str:
    """Returns for how long the log has not grown, in words; empty if that is not long."""
    age = now - log.modified if log.modified is not None else 0.0
    if age < max(_SILENT, _INTERVALS * log_interval(log)):
        return ""
    return f"has not grown for {duration(age)}"
