"""What a sweep has cost, what stopping runs has saved, and when it will end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .states import State, SweptRow

_OPEN: tuple[State, ...] = ("waiting", "started")


@dataclass(frozen=True, slots=True)
class Accounts:
    """Hours of a sweep; None: not known yet.

    Attributes:
      counts: state -> number of runs.
      hours: hours that the runs ran, one after the other.
      saved_hours: hours that stopped runs did not run.
      eta: hours until the last run ends.
      gpus: GPUs of each run.
    """

    counts: Mapping[State, int]
    hours: float
    saved_hours: float | None
    eta: float | None
    gpus: float


def frames_per_second(rows: Sequence[SweptRow]) -> dict[str, float]:
    """Returns the speed of the runs of each task; under ``""`` that of all runs. Without the part that is not known."""
    sums: dict[str, tuple[float, float]] = {}
    for row in rows:
        if row.seconds > 0 and row.done > 0:
            for key in ("", row.task):
                frames, seconds = sums.get(key, (0.0, 0.0))
                sums[key] = (frames + row.done, seconds + row.seconds)
    return {key: frames / seconds for key, (frames, seconds) in sums.items()}


def missed_hours(row: SweptRow, speeds: Mapping[str, float]) -> float | None:
    """Returns the hours that a run lacks to its planned end; None if its length or speed is not known."""
    own = row.done / row.seconds if row.seconds > 0 and row.done > 0 else None
    speed = own or speeds.get(row.task) or speeds.get("")
    if row.frames is None or not speed:
        return None
    return max(row.frames - row.done, 0.0) / speed / 3600


def account(rows: Sequence[SweptRow], now: float, gpus: float, running: Mapping[str, float]) -> Accounts:
    """Returns the accounts of a sweep.

    Args:
      rows: all runs.
      now: seconds since the epoch.
      gpus: GPUs of each run.
      running: started run -> time since which its current attempt runs.
    """
    counts: dict[State, int] = {}
    seen = [_with_running(row, running.get(row.name), now) for row in rows]
    for row in rows:
        counts[row.state] = counts.get(row.state, 0) + 1
    speeds = frames_per_second(seen)
    left = [missed_hours(row, speeds) for row in seen if row.state in _OPEN]
    saved = [missed_hours(row, speeds) for row in seen if row.state == "stopped"]
    parallel = max(counts.get("started", 0), 1)
    return Accounts(
        counts,
        sum(row.seconds for row in seen) / 3600,
        _sum(saved),
        None if (total := _sum(left)) is None else max([total / parallel, *(item for item in left if item)]),
        gpus,
    )


def _with_running(row: SweptRow, since: float | None, now: float) -> SweptRow:
    if since is None or row.state != "started":
        return row
    from dataclasses import replace

    return replace(row, seconds=row.seconds + max(now - since, 0.0))


def _sum(hours: Sequence[float | None]) -> float | None:
    known = [item for item in hours if item is not None]
    return None if len(known) < len(hours) else sum(known)
