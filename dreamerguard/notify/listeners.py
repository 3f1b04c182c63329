"""Everything that hears about the watched runs beside the terminal: notification channels and a metrics file."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from dreamerguard.regression.watch.watcher import Status


class Listener(Protocol):
    """Hears about runs. Its methods do not raise."""

    def look(self, statuses: Iterable[Status]) -> None:
        """Takes the statuses of one look; must return at once."""

    def ended(self, what: str, directory: Path | str, lines: Collection[str] = (), *, failed: bool) -> None:
        """A run has ended; see `news.ending`."""

    def close(self) -> None:
        """Nothing more happens; may wait for some seconds."""


class Listeners:
    """Passes everything on to each listener, and closes them at the end of its block."""

    def __init__(self, listeners: Sequence[Listener] = ()) -> None:
        self._listeners = tuple(listeners)

    def __enter__(self) -> Listeners:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for listener in self._listeners:
            listener.close()

    def look(self, statuses: Sequence[Status]) -> None:
        """Passes on the statuses of one look."""
        for listener in self._listeners:
            listener.look(statuses)

    def ended(self, what: str, directory: Path | str, lines: Collection[str] = (), *, failed: bool) -> None:
        """Passes on that a run has ended; see `news.ending`."""
        for listener in self._listeners:
            listener.ended(what, directory, lines, failed=failed)
