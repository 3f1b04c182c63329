"""Tells the notification channels about a sweep: runs that failed or were stopped, and its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from dreamerguard.notify.listeners import Listeners
from dreamerguard.util.text import number_of

from .outcome import Settlement
from .states import SweptRow

#: Reasons that one message names.
_NAMED = 5


class SweepNews:
    """An observer that sends messages. Single verdicts are not sent: with many runs, some are wrong by chance.

    Args:
      listeners: channels of ``--notify``.
      folder: the sweep's folder.
      name: the sweep's name.
    """

    def __init__(self, listeners: Listeners, folder: Path, name: str) -> None:
        self._listeners, self._folder, self._name = listeners, folder, name

    def round(self) -> None:
        """Sends nothing."""

    def settled(self, row: SweptRow, found: Settlement) -> None:
        """Tells that a run has failed for good."""
        if found.state == "failed":
            self._send(f"FAILED in sweep {self._name}: {row.name}", [found.why])

    def hopeless(self, reasons: Mapping[str, str]) -> None:
        """Tells how many runs are hopeless, and why."""
        counts = Counter(reasons.values())
        lines = [f"{number_of(count, 'run')} {why}" for why, count in counts.most_common(_NAMED)]
        more = [f"and {len(counts) - _NAMED} more reasons"] if len(counts) > _NAMED else []
        first = next(iter(reasons))
        self._send(f"hopeless in sweep {self._name}: {number_of(len(reasons), 'run')}, {first} first", [*lines, *more])

    def pausing(self, count: int) -> None:
        """Sends nothing: somebody stopped the sweep."""

    def ended(self, text: str, *, failed: bool) -> None:
        """Tells that the sweep has ended."""
        self._listeners.ended(f"sweep {self._name} has ended", self._folder, [text], failed=failed)

    def _send(self, what: str, lines: list[str]) -> None:
        self._listeners.ended(what, self._folder, lines, failed=True)
