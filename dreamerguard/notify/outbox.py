"""Sends the messages of one channel from a thread: rarely, with a time limit, and a few times again after a failure."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .channel import Channel, Message, deliver

#: Characters of a body; Discord takes 2,000 with the title.
_LONGEST_BODY, _LONGEST_TITLE = 1500, 200
_SEVERITY = ("info", "success", "warning", "failure")


@dataclass(frozen=True, slots=True)
class SendLimits:
    """How often and how long a channel is used.

    Attributes:
      collect: seconds from a message to its delivery, so that those of other runs join it.
      gap: seconds between two messages; meanwhile new ones are collected into the next.
      per_hour: messages an hour. The message at the end of a run does not count.
      seconds: time limit of a delivery.
      attempts: how often a message is tried; again after the gap.
      closing: seconds for the messages that wait when the command ends.
    """

    collect: float = 2.0
    gap: float = 60.0
    per_hour: int = 12
    seconds: float = 20.0
    attempts: int = 3
    closing: float = 15.0


class Outbox:
    """The messages of one channel.

    Attributes:
      lost: whether a message was given up.

    Args:
      channel: where they go.
      say: prints one line for the user; called at most once.
      limits: how often and how long the channel is used.
    """

    def __init__(self, channel: Channel, say: Callable[[str], None], limits: SendLimits) -> None:
        self.channel = channel
        self._say, self._limits = say, limits
        self._changed = threading.Condition()
        self._waiting: list[Message] = []
        self._sent: deque[float] = deque(maxlen=max(limits.per_hour, 1))
        self._first, self._tried = 0.0, 0
        self._closing = self._said = self._busy = self.lost = False
        self._end: Callable[[], None] = lambda: None
        self._thread: threading.Thread | None = None

    def put(self, message: Message) -> None:
        """Adds a message and returns at once."""
        with self._changed:
            if self._closing:
                return
            if not self._waiting:
                self._first = time.monotonic()
            self._waiting.append(message)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="dreamerguard notify", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    @property
    def settled(self) -> bool:
        """Whether no message waits or is being sent."""
        with self._changed:
            return not self._waiting and not self._busy

    def begin_to_close(self) -> None:
        """Sends all messages that wait as one, now, and takes no further ones."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def close(self, deadline: float) -> None:
        """Waits for the last message until a time of `time.monotonic`, then ends its process."""
        self.begin_to_close()
        if self._thread is None:
            return
        try:
            self._thread.join(max(deadline - time.monotonic(), 0))
        finally:
            if self._thread.is_alive():
                self.lost = True
                self._end()
                self._report(f"the last message was not sent within {self._limits.closing:g} s")

    def _run(self) -> None:
        while batch := self._next():
            self._sent.append(time.monotonic())
            why = deliver(self.channel, combine(batch), self._limits.seconds, started=self._note_end).why
            self._settle(batch, why)

    def _next(self) -> list[Message]:
        with self._changed:
            while not self._closing and (not self._waiting or self._pause() > 0):
                self._changed.wait(self._pause() if self._waiting else None)
            batch, self._waiting = self._waiting, []
            self._busy = bool(batch)
        return batch

    def _pause(self) -> float:
        """Returns the seconds until a message may be sent."""
        now, limits = time.monotonic(), self._limits
        pause = self._sent[-1] + limits.gap - now if self._sent else 0.0
        full = len(self._sent) >= limits.per_hour
        return max(pause, self._first + limits.collect - now, self._sent[0] + 3600 - now if full else 0.0, 0.0)

    def _settle(self, batch: list[Message], why: str) -> None:
        with self._changed:
            self._tried = self._tried + 1 if why else 0
            if why and not self._closing and self._tried < self._limits.attempts:
                self._waiting[:0] = batch
            elif why:
                self._tried, self.lost = 0, True
            self._busy = False
        if why:
            self._report(why)

    def _report(self, why: str) -> None:
        if not self._said:
            self._said = True
            self._say(
                f"a notification to {self.channel.name} (from {self.channel.origin}) failed: {why}; the run is not"
                " affected, and further failures of this channel are not shown"
            )

    def _note_end(self, end: Callable[[], None]) -> None:
        self._end = end


def combine(messages: Sequence[Message]) -> Message:
    """Returns one message for several, the most severe first."""
    ranked = sorted(messages, key=lambda message: -_SEVERITY.index(message.kind))
    first = ranked[0]
    more = f" (and {len(ranked) - 1} more)" if len(ranked) > 1 else ""
    bodies = [first.body, *(f"{message.title}\n{message.body}" for message in ranked[1:])]
    return Message(_cut(first.title, _LONGEST_TITLE - 20) + more, _cut("\n\n".join(bodies), _LONGEST_BODY), first.kind)


def _cut(text: str, longest: int) -> str:
    # Discord would call everybody.
    text = text.replace("@everyone", "@ everyone").replace("@here", "@ here")
    return text if len(text) <= longest else text[: longest - 1] + "…"
