"""Sends each new state of the watched runs once, through every channel."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .channel import Channel
from .outbox import Outbox, SendLimits
from .sent_states import SentStates

if TYPE_CHECKING:
    from dreamerguard.regression.watch.watcher import Status

    from .news import News


#: Runs in the message about an end.
_RUNS = 10


class Notifier:
    """Sends messages about runs. No method raises, and none but `close` waits.

    Args:
      channels: where messages go; none for a notifier that does nothing.
      say: prints one line for the user.
      limits: how often and how long a channel is used.
      remember: whether sent states are kept in the user's cache, so that the next command does not send them again.
    """

    def __init__(
        self,
        channels: Sequence[Channel],
        say: Callable[[str], None],
        limits: SendLimits | None = None,
        *,
        remember: bool = False,
    ) -> None:
        self._limits, self._say = limits or SendLimits(), say
        self._outboxes = [Outbox(channel, say, self._limits) for channel in channels]
        self._states = SentStates(remember)
        self._last: dict[Path, str] = {}
        self._failed = False

    def __bool__(self) -> bool:
        """Whether there is a channel."""
        return bool(self._outboxes)

    def look(self, statuses: Iterable[Status]) -> None:
        """Sends what is new in the statuses of a look."""
        if self:
            self._safely(lambda: self._look(statuses))

    def ended(self, what: str, directory: Path | str, lines: Collection[str] = (), *, failed: bool) -> None:
        """Sends how a run ended; see `news.ending`."""
        if self:
            self._safely(lambda: self._ended(what, directory, lines, failed))

    def close(self) -> None:
        """Sends the messages that wait, within the time limit, and ends all processes."""
        if not self:
            return
        deadline = time.monotonic() + self._limits.closing
        try:
            for outbox in self._outboxes:
                outbox.begin_to_close()
            for outbox in self._outboxes:
                outbox.close(deadline)
        except KeyboardInterrupt:
            return
        self._safely(self._save)

    def _save(self) -> None:
        """Keeps the sent states once they have arrived, so that the next command sends those that have not."""
        if all(outbox.settled and not outbox.lost for outbox in self._outboxes):
            self._states.save()

    def _look(self, statuses: Iterable[Status]) -> None:
        from .news import news_of, summary

        self._save()
        for status in statuses:
            if status.log is None:
                continue
            self._last[status.directory] = summary(status)
            known = self._states.known(status.directory, status.log.frames)
            for news in news_of(status, known):
                self._send(news, status.directory, status.log.frames)

    def _ended(self, what: str, directory: Path | str, lines: Collection[str], failed: bool) -> None:
        from .news import ending

        last = list(self._last.values())[:_RUNS]
        news = ending(what, directory, (*lines, *last), failed=failed)
        if news.key not in self._states.known(directory):
            self._send(news, directory, 0.0)

    def _send(self, news: News, directory: Path | str, frames: float) -> None:
        for outbox in self._outboxes:
            outbox.put(news.message)
        self._states.add(directory, news.key, frames)

    def _safely(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:  # a message may fail, the run may not
            if not self._failed:
                self._failed = True
                self._say(f"notifications failed: {type(error).__name__}; the run is not affected")


#: Environment variable that a guard with channels sets for its program; its value is the guard's process.
NOTIFIED = "DREAMERGUARD_NOTIFIED"


def guard_notifies() -> bool:
    """Returns whether the guard around this process sends messages, so that channels of settings are left to it."""
    return bool(os.environ.get(NOTIFIED))
