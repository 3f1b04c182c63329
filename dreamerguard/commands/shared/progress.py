"""Shows the progress of `dreamerguard train`: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from dreamerguard.util.text import number_of, plain

#: Losses that the progress line shows, in this order.
LOSSES = ("loss/dyn", "loss/rep", "loss/rew", "loss/policy", "loss/value")


class Progress:
    """Observes a run and shows its progress; see ``dreamerguard_agent.events.Observer``.

    As a context manager, it always ends the live line.
    """

    def __init__(self, frames: int, console: Console | None = None, clock: Callable[[], float] = time.monotonic):
        """Reports a run of ``frames`` environment frames on ``console`` (standard error by default)."""
        self._frames = frames
        self._console = console or Console(stderr=True, highlight=False)
        self._clock = clock
        self._start = clock()
        self._scores: dict[int, deque[float]] = {}
        self._live: Live | None = None

    def __enter__(self) -> Progress:
        if self._console.is_terminal:
            self._live = Live(console=self._console, refresh_per_second=4, transient=True)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()
            self._live = None

    def phase(self, text: str) -> None:
        """Shows that a stage starts. On a terminal a spinner shows that the program still works."""
        if self._live:
            self._live.update(Spinner("dots", Text(plain(f"{text} ..."))))
        else:
            self._print(f"{self._elapsed()}  {text} ...")

    def note(self, text: str) -> None:
        """Prints a fact about the run."""
        self._print(f"{self._elapsed()}  {text}")

    def episode(self, frames: int, episode: Any) -> None:
        """Stores the score for the next line."""
        self._scores.setdefault(episode.seed, deque(maxlen=10)).append(episode.score)

    def metrics(self, row: Mapping[str, float]) -> None:
        """Shows one row of metrics."""
        scores = [sum(recent) / len(recent) for recent in self._scores.values()]
        line = f"{self._elapsed()}  {describe(row, self._frames, scores)}"
        if self._live:
            self._live.update(Text(line))
        else:
            self._print(line)

    def evaluated(self, frames: int, scores: Sequence[float]) -> None:
        """Shows the mean of an evaluation."""
        self._print(
            f"{self._elapsed()}  evaluation at {frames:,} frames: {sum(scores) / len(scores):.1f}"
            f" over {number_of(len(scores), 'episode')}"
        )

    def saved(self, frames: int) -> None:
        """Shows nothing, because checkpoints are frequent."""

    def _print(self, line: str) -> None:
        """Prints a line. It may hold names of a stranger's files, or text of an environment."""
        self._console.print(Text(plain(line)), soft_wrap=True)

    def _elapsed(self) -> str:
        seconds = int(self._clock() - self._start)
        return f"{seconds // 3600:d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def describe(row: Mapping[str, float], frames: int, scores: list[float]) -> str:
    """Returns one line for a row of metrics: frames, score, updates, ratios, speeds and losses.

    Args:
      row: row of the log.
      frames: frames of the whole run.
      scores: mean score of the last episodes, for every agent that has finished one.
    """
    parts = [f"{row['frames']:>9,.0f} / {frames:,} frames"]
    parts.append(_score(scores))
    parts.append(number_of(f"{row['updates']:,.0f}", "update"))
    parts.append(f"ratio {_number(row['train_ratio/achieved'])} of {_number(row['train_ratio/configured'])}")
    parts.append(f"{row['fps/frames']:.0f} frames/s")
    parts.append(f"{row['fps/updates']:.1f} updates/s")
    parts.append(f"left {_duration(row['time/left'])}")
    parts += [f"{key.removeprefix('loss/')} {row[key]:.3g}" for key in LOSSES if key in row]
    return "  ".join(parts)


def _score(scores: list[float]) -> str:
    if not scores:
        return "score -"
    if len(scores) == 1:
        return f"score {scores[0]:.1f}"
    return f"score {median(scores):.1f} ({min(scores):.1f} to {max(scores):.1f} of {len(scores)} seeds)"


def _number(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else "-"


def _duration(seconds: float) -> str:
    if not math.isfinite(seconds):
        return "-"
    minutes = int(seconds) // 60
    return f"{minutes // 60}h{minutes % 60:02d}" if minutes >= 60 else f"{minutes}:{int(seconds) % 60:02d}"
