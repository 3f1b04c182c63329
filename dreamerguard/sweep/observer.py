"""What hears about a sweep: the terminal and the notification channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from .outcome import Settlement
from .states import SweptRow


class SweepObserver(Protocol):
    """Hears what a controller does. Its methods do not raise."""

    def round(self) -> None:
        """A round has ended; called often."""

    def settled(self, row: SweptRow, found: Settlement) -> None:
        """An attempt of a run has ended."""

    def hopeless(self, reasons: Mapping[str, str]) -> None:
        """Runs are hopeless: run -> why."""

    def pausing(self, count: int) -> None:
        """The controller was asked to stop, and asks this many runs to save and end."""


class Observers:
    """Passes everything on to each observer."""

    def __init__(self, *observers: SweepObserver) -> None:
        self._observers = observers

    def round(self) -> None:
        """Passes on that a round has ended."""
        for observer in self._observers:
            observer.round()

    def settled(self, row: SweptRow, found: Settlement) -> None:
        """Passes on that an attempt has ended."""
        for observer in self._observers:
            observer.settled(row, found)

    def hopeless(self, reasons: Mapping[str, str]) -> None:
        """Passes on which runs are hopeless."""
        for observer in self._observers:
            observer.hopeless(reasons)

    def pausing(self, count: int) -> None:
        """Passes on that the controller was asked to stop."""
        for observer in self._observers:
            observer.pausing(count)
