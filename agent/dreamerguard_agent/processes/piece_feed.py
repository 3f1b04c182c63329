"""Pieces of the replay on their way from the other processes to process 0, which writes the checkpoint."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from ..checkpoints.chunks import ChunkCopy
from .connection import Connection, ConnectionEnded
from .messages import ProcessMessage

#: Seconds between two looks at whether there is room for more pieces.
_LOOK = 0.005


def send_pieces(connection: Connection, save: int, pieces: Iterable[ChunkCopy]) -> None:
    """Sends the pieces of one save, and that these are all.

    Args:
      connection: to process 0.
      save: number of the save.
      pieces: with the numbers that their streams have among those of all processes.

    Raises:
      ConnectionEnded: process 0 has ended.
    """
    for piece in pieces:
        place = {"save": save, "group": piece.group, "stream": piece.stream, "number": piece.number}
        connection.send(ProcessMessage(place, piece.arrays))
    connection.send(ProcessMessage({"save": save}))


class PieceFeed:
    """Receives pieces from all other processes, for one save at a time. Pieces of an earlier save are dropped.

    Args:
      data: connections by number of the process.
      streams: by number of the process, its streams among those of all.
    """

    def __init__(self, data: Mapping[int, Connection], streams: Mapping[int, slice]) -> None:
        self._streams, self._save = streams, 0
        self._lock = threading.Lock()
        self._missing: set[int] = set()
        self._put: Callable[[ChunkCopy], None] | None = None
        self._full: Callable[[], bool] = lambda: False
        for number, connection in data.items():
            receive = threading.Thread(
                target=self._receive, args=(number, connection), name=f"pieces of {number}", daemon=True
            )
            receive.start()

    @property
    def ended(self) -> bool:
        """Whether all pieces of the save have come."""
        return not self._missing

    def begin(self, save: int) -> None:
        """Expects the pieces of a save from every process; they wait until `start`."""
        with self._lock:
            self._save, self._missing = save, set(self._streams)

    def start(self, put: Callable[[ChunkCopy], None], full: Callable[[], bool]) -> None:
        """Sets where the pieces go; a thread waits while it is ``full``."""
        self._full, self._put = full, put

    def stop(self) -> None:
        """Drops the pieces that still come."""
        with self._lock:
            self._save, self._put = 0, None

    def _receive(self, number: int, connection: Connection) -> None:
        with suppress(ConnectionEnded):  # that the process was lost is noticed elsewhere
            while True:
                self._take(number, connection.receive())

    def _take(self, number: int, message: ProcessMessage) -> None:
        save = message.numbers.get("save")
        while save == self._save and (self._put is None or self._full()):
            time.sleep(_LOOK)
        with self._lock:
            if save != self._save or self._put is None:
                return
            if "group" not in message.numbers:
                self._missing.discard(number)
                return
            put = self._put
        place = message.numbers
        own = self._streams[number]
        if own.start <= place["stream"] < own.stop:
            put(_piece(place, message.arrays))


def _piece(place: Mapping[str, Any], arrays: Mapping[str, Any]) -> ChunkCopy:
    return ChunkCopy(str(place["group"]), int(place["stream"]), int(place["number"]), arrays)
