"""A TCP connection that carries messages. The end of the other process, or of its machine, ends the connection."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from .messages import ProcessMessage, Unreadable

#: Seconds without a packet after which a machine is asked whether it lives, between two questions, and their number.
_KEEPALIVE = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 4}
#: Bytes that are taken at once, and of the largest message: a sampler of billions of windows.
_PIECE, _LARGEST = 1 << 20, 1 << 38


class ConnectionEnded(Exception):
    """The other side has ended, or what it sends is no message."""


class Connection:
    """Sends and receives messages. One thread receives; any may send.

    Args:
      connected: the socket, which the connection closes.
    """

    def __init__(self, connected: socket.socket) -> None:
        self._socket, self._lock = connected, threading.Lock()
        if connected.family not in (socket.AF_INET, socket.AF_INET6):
            return
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for name, value in _KEEPALIVE.items():
            if (option := getattr(socket, name, None)) is not None:
                connected.setsockopt(socket.IPPROTO_TCP, option, value)

    def send(self, message: ProcessMessage) -> None:
        """Sends a message; waits while the other side takes nothing.

        Raises:
          ConnectionEnded: the other side has ended.
        """
        parts = message.encoded()
        try:
            with self._lock:
                self._socket.sendall(sum(map(len, parts)).to_bytes(8, "big"))
                for part in parts:
                    self._socket.sendall(part)
        except OSError as error:
            raise ConnectionEnded(error.strerror or "the connection ended") from error

    def receive(self, most: int = _LARGEST) -> ProcessMessage:
        """Waits for a message of at most so many bytes.

        Raises:
          ConnectionEnded: the other side has ended, or what came is no message.
          TimeoutError: the time of `wait_at_most` is over.
        """
        size = int.from_bytes(self._read(8), "big")
        if size > most:
            raise ConnectionEnded(f"a message of {size:,} bytes was announced")
        try:
            return ProcessMessage.decoded(self._read(size))
        except Unreadable as error:
            raise ConnectionEnded(str(error)) from error

    def wait_at_most(self, seconds: float | None) -> None:
        """Sets how long `receive` and `send` wait; None: without end."""
        self._socket.settimeout(seconds)

    def close(self) -> None:
        """Ends the connection; a thread that receives notices it."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _read(self, size: int) -> bytearray:
        read = bytearray()
        while len(read) < size:
            try:
                more = self._socket.recv(min(size - len(read), _PIECE))
            except TimeoutError:
                raise
            except OSError as error:
                raise ConnectionEnded(error.strerror or "the connection ended") from error
            if not more:
                raise ConnectionEnded("the connection ended")
            read += more
        return read
