"""What is worth a message: a run that is too low, an error in its health, and its end."""

from __future__ import annotations

import socket
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from dreamerguard.core.finding import Severity
from dreamerguard.regression.watch.status_report import headline, why_no_verdict
from dreamerguard.regression.watch.verdict import State
from dreamerguard.regression.watch.watcher import Status
from dreamerguard.util.text import plain

from .channel import Kind, Message

#: Causes in a message.
_CAUSES = 5
REGRESSED, WATCH = "REGRESSED", "WATCH"


@dataclass(frozen=True, slots=True)
class News:
    """A message about a state. ``key`` names the state: a run sends each once."""

    key: str
    message: Message


def news_of(status: Status, known: Collection[str]) -> Iterator[News]:
    """Yields what is new about a run.

    Args:
      status: its status.
      known: keys of the news that were sent.
    """
    verdict = status.verdict
    if verdict is not None and verdict.state.flagged:
        key = verdict.state.value
        if key not in known and not (key == WATCH and REGRESSED in known):
            kind: Kind = "failure" if verdict.state is State.REGRESSED else "warning"
            causes = [f"likely cause: {cause}" for cause in status.causes[:_CAUSES]]
            yield News(key, _message(f"{key}: {status.task}", status.directory, [verdict.reason, *causes], kind))
    for finding in status.health:
        key = f"health {finding.name}"
        if finding.severity is Severity.ERROR and key not in known:
            lines = [finding.message, f"likely cause: {finding.cause}"]
            yield News(key, _message(f"ERROR {finding.name}: {status.task}", status.directory, lines, "failure"))


def summary(status: Status) -> str:
    """Returns the last verdict about a run in one line."""
    why = status.verdict.reason if status.verdict else why_no_verdict(status)
    return f"{status.directory.name}: {headline(status)}: {status.task}, {why}"


def ending(what: str, directory: Path | str, lines: Collection[str], *, failed: bool) -> News:
    """Returns the news that a run has ended.

    Args:
      what: how it ended.
      directory: its directory, or its command if no directory is known.
      lines: further lines.
      failed: whether it failed.
    """
    return News(f"end {what}", _message(what, directory, lines, "failure" if failed else "success"))


def _message(title: str, directory: Path | str, lines: Collection[str], kind: Kind) -> Message:
    place = f"{directory} on {socket.gethostname()}"
    return Message(plain(title), "\n".join(plain(line) for line in (*lines, place)), kind)
