"""The processes that train a run together: who they are, what they tell each other, and that none is missed in silence.

Process 0 leads. Every other process has two connections to it: one for messages, in the order of the run, and one for
pieces of the replay, which flow beside it while a checkpoint is written. A process that ends, however it ends, ends its
connections. Then every other process raises `ProcessLost`, also one that waits in a computation of all devices.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue

from ..base.share import Share
from .connection import Connection, ConnectionEnded
from .messages import ProcessMessage

#: Exit code of a process that ends because another one did, EX_PROTOCOL of sysexits.h.
LOST = 76
#: Seconds between two looks at whether a process was lost, for which a failed computation waits for the news, and
#: after which a process that computes without end is ended.
_LOOK, _NEWS, _GRACE = 0.2, 5.0, 30.0
#: Key of the message by which a process takes leave.
_LEAVES = "leaves"


class ProcessLost(Exception):
    """Another process of the run has ended.

    Attributes:
      code: exit code for this process.
    """

    def __init__(self, text: str, code: int = LOST) -> None:
        super().__init__(text)
        self.code = code


class ProcessGroup:
    """The connections of this process to the others.

    Args:
      share: the number of this process, and of all.
      names: host and process id of every process, for messages.
      control: by number of the process on the other side: of all others for process 0, else of process 0.
      data: the same for pieces of the replay.
    """

    def __init__(
        self, share: Share, names: Sequence[str], control: Mapping[int, Connection], data: Mapping[int, Connection]
    ) -> None:
        self.share, self.names, self._control, self.data = share, tuple(names), control, data
        self._heard: dict[int, SimpleQueue[ProcessMessage]] = {number: SimpleQueue() for number in control}
        self._lost: ProcessLost | None = None
        self._left = False
        for number in control:
            threading.Thread(target=self._listen, args=(number,), name=f"process {number}", daemon=True).start()

    def tell(self, message: ProcessMessage, number: int | None = None) -> None:
        """Sends a message to one process, or to all that this one is connected with.

        Raises:
          ProcessLost: a process has ended.
        """
        for other in self._control if number is None else (number,):
            try:
                self._control[other].send(message)
            except ConnectionEnded as ended:
                raise self._wait_for_news() or self._missed(other, str(ended)) from None

    def hear(self, number: int = 0) -> ProcessMessage:
        """Waits for the next message of a process.

        Raises:
          ProcessLost: a process has ended.
        """
        while True:
            with suppress(Empty):
                return self._heard[number].get(timeout=_LOOK)
            if self._lost is not None:
                raise self._lost

    def hear_all(self) -> list[ProcessMessage]:
        """Waits for the next message of every other process, in the order of their numbers.

        Raises:
          ProcessLost: a process has ended.
        """
        return [self.hear(number) for number in sorted(self._control)]

    def leave(self, reason: str, code: int) -> None:
        """Tells the others that this process ends, and why; they end with the same code."""
        if self._left:
            return
        self._left = True
        if self._lost is None:
            for connection in self._control.values():
                with suppress(ConnectionEnded):
                    connection.send(ProcessMessage({_LEAVES: reason, "code": code}))

    def part(self) -> None:
        """Notes that the run has ended well here: the end of another process is no loss any more."""
        self._left = True

    @contextmanager
    def failures(self) -> Iterator[None]:
        """Reports a computation that failed because another process has ended as that.

        Raises:
          ProcessLost: another process has ended.
        """
        try:
            yield
        except ProcessLost:
            raise
        except (RuntimeError, ValueError) as error:  # collectives on a CPU raise ValueError
            if "loo" in str(error) or "nccl" in str(error).lower() or self._lost is not None:
                lost = self._wait_for_news()
                if lost is not None:
                    raise lost from error
            raise

    def _listen(self, number: int) -> None:
        while True:
            try:
                message = self._control[number].receive()
            except ConnectionEnded as ended:
                self._miss(self._missed(number, str(ended)))
                return
            if _LEAVES in message.numbers:
                code = message.numbers.get("code")
                text = f"process {number} ({self.names[number]}) ended: {message.numbers[_LEAVES]}"
                self._miss(ProcessLost(text, code if isinstance(code, int) and 0 < code < 256 else LOST))
                return
            self._heard[number].put(message)

    def _missed(self, number: int, why: str) -> ProcessLost:
        return ProcessLost(
            f"process {number} of {self.share.processes} ({self.names[number]}) was lost: {why}. All processes of the"
            " run end; the last checkpoint stays, and the same commands continue the run"
        )

    def _miss(self, lost: ProcessLost) -> None:
        if self._left or self._lost is not None:
            return
        self._lost = lost
        end = threading.Timer(_GRACE, self._end)
        end.daemon = True
        end.start()
        if self.share.leads:  # the others are connected with this process only
            for connection in self._control.values():
                with suppress(ConnectionEnded):
                    connection.send(ProcessMessage({_LEAVES: str(lost), "code": lost.code}))

    def _end(self) -> None:
        """Ends this process: it waits for the lost one in a computation that nothing else can interrupt."""
        if self._lost is not None and not self._left:
            with suppress(OSError, ValueError):
                os.write(sys.stderr.fileno(), f"error: {self._lost}\n".encode())
            os._exit(self._lost.code)

    def _wait_for_news(self) -> ProcessLost | None:
        """Waits a little for the reader of the connections to notice what another thread has noticed."""
        until = time.monotonic() + _NEWS
        while self._lost is None and time.monotonic() < until:
            time.sleep(_LOOK / 4)
        return self._lost
