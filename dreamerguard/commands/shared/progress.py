"""Shows the progress of `dreamerguard train`: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import math
import os
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from dreamerguard.util.terminal import plain_mode
from dreamerguard.util.text import number_of, plain

#: Losses that the progress line shows, in this order.
LOSSES = ("loss/dyn", "loss/rep", "loss/rew", "loss/policy", "loss/value")
#: Columns of the screen from which on there is a bar, and columns of the bar.
_LEAST_FOR_BAR, _WIDEST_BAR = 50, 30


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the progress line. The least important parts (the highest rank) are left out on a narrow screen."""

    text: str
    rank: int


class _Line:
    """The progress line, fitted to the screen each time it is drawn, so that it follows a change of the width."""

    def __init__(self, parts: Sequence[Part], done: float) -> None:
        self._parts, self._done = parts, done

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        # One column less than the screen: some terminals break a line that fills the last one.
        yield Text(fitted(self._parts, options.max_width - 1, self._done), no_wrap=True)


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
        if self._console.is_terminal and not plain_mode(os.environ):
            self._live = Live(console=self._console, refresh_per_second=4, transient=True)
            self._live.start()
            self._console.show_cursor(True)  # the shell after Ctrl-Z must have one, also during a compilation
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
        parts = [Part(self._elapsed(), 3), *describe(row, self._frames, scores)]
        if self._live:
            self._live.update(_Line(parts, min(row["frames"] / self._frames, 1.0)))
        else:
            self._print("  ".join(part.text for part in parts))

    def evaluated(self, frames: int, scores: Sequence[float]) -> None:
        """Shows the mean of an evaluation."""
        self._print(
            f"{self._elapsed()}  evaluation at {frames:,} frames: {sum(scores) / len(scores):.1f}"
            f" over {number_of(len(scores), 'episode')}"
        )

    def saved(self, frames: int) -> None:
        """Shows nothing, because checkpoints are frequent."""

    def _print(self, line: str) -> None:
        """Prints a line, on a terminal broken between words. It may hold names of a stranger's files."""
        self._console.print(Text(plain(line)), soft_wrap=not self._console.is_terminal)

    def _elapsed(self) -> str:
        seconds = int(self._clock() - self._start)
        return f"{seconds // 3600:d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def describe(row: Mapping[str, float], frames: int, scores: list[float]) -> list[Part]:
    """Returns the parts of the line for a row of metrics: share, frames, score, updates, ratios, speeds and losses.

    Args:
      row: row of the log.
      frames: frames of the whole run.
      scores: mean score of the last episodes, for every agent that has finished one.
    """
    done = min(row["frames"] / frames, 1.0) if frames else 1.0
    ratio = row["train_ratio/achieved"]
    achieved = f"{ratio:.4g} of " if math.isfinite(ratio) else ""
    parts = [
        Part(f"{_share(done):>5}", 0),
        Part(f"{row['frames']:,.0f} / {frames:,} frames", 4),
        Part(_score(scores), 1),
        Part(number_of(f"{row['updates']:,.0f}", "update"), 7),
        Part(f"ratio {achieved}{_number(row['train_ratio/configured'])}", 6),
        Part(f"{row['fps/frames']:.0f} frames/s", 5),
        Part(f"{row['fps/updates']:.1f} updates/s", 8),
        Part(f"ETA {_duration(row['time/left'])}", 2),
    ]
    return parts + [Part(f"{key.removeprefix('loss/')} {row[key]:.3g}", 9) for key in LOSSES if key in row]


def fitted(parts: Sequence[Part], columns: int, done: float = -1.0) -> str:
    """Returns one line that is at most as wide as a screen: the most important parts, in their usual order.

    Args:
      parts: the parts of the line.
      columns: the width of the screen.
      done: the share that is done, for a bar in front of the line; negative for no bar.
    """
    room = min(columns // 5, _WIDEST_BAR) if done >= 0 and columns >= _LEAST_FOR_BAR else 0
    left = columns - room
    kept: list[int] = []
    for index in sorted(range(len(parts)), key=lambda index: parts[index].rank):
        needed = len(parts[index].text) + (2 if kept or room else 0)
        if needed > left:
            break
        left -= needed
        kept.append(index)
    shown = [parts[index].text for index in sorted(kept)]
    return "  ".join([bar(done, room + left), *shown] if room else shown)[:columns]


def bar(done: float, columns: int) -> str:
    """Returns a bar of a share that is at most as wide as given."""
    inside = min(columns, _WIDEST_BAR) - 2
    full = min(int(done * inside), inside)
    return f"[{'#' * full}{'-' * (inside - full)}]"


def _share(done: float) -> str:
    """Returns a share in per cent, rounded down: 100 % only at the end."""
    return f"{math.floor(100 * done)} %"


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
