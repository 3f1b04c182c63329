"""Says since when the workers of started runs run, from the files that they hold."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .jobs.worker_lock import holder
from .plan.run_commands import JOBS
from .states import SweptRow


def running_since(folder: Path, rows: Iterable[SweptRow]) -> dict[str, float]:
    """Returns started run -> start of its worker, in seconds since the epoch; not those in a queue.

    Args:
      folder: the sweep's folder.
      rows: runs, also others than started ones.
    """
    found = {}
    for row in rows:
        if row.state == "started":
            record = holder(folder / JOBS / row.name)
            since = record.get("since") if record is not None else None
            if isinstance(since, int | float):
                found[row.name] = float(since)
    return found
