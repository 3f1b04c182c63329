"""Shows `dreamerguard watch` on a terminal: a row for each run, and the curve of the worst run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from dreamerguard.regression.charts.braille import plot
from dreamerguard.regression.watch.status_report import headline, status_text, why_no_verdict
from dreamerguard.regression.watch.verdict import State
from dreamerguard.regression.watch.watcher import Status
from dreamerguard.util.text import plain

#: Column of the table -> width of the screen from which on it is shown.
_COLUMNS = {
    "run": 0,
    "task": 100,
    "verdict": 0,
    "frames": 0,
    "episodes": 110,
    "score": 0,
    "expected": 70,
    "alarm below": 80,
    "healthy as low": 95,
}
_STYLES = {"REGRESSED": "bold red", "WATCH": "bold yellow", "OK": "bold green"}


class Screen:
    """Draws a live screen on a terminal. Elsewhere it only records the state that was last shown.

    Args:
      live: whether to draw.

    Attributes:
      said: notes on each run that were printed.
    """

    def __init__(self, live: bool) -> None:
        self.live = live
        self._last_shown: object = None
        self._display: Any = None
        self.said: dict[Path, set[str]] = {}

    def __enter__(self) -> Screen:
        if self.live:
            from rich.console import Console
            from rich.live import Live

            console = Console(highlight=False, markup=False)
            self._display = Live(console=console, auto_refresh=False, vertical_overflow="visible")
            self._display.start()
            console.show_cursor(True)  # the shell after Ctrl-Z must have one
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._display:
            self._display.stop()

    def changed(self, statuses: Sequence[Status], text: str) -> bool:
        """Returns whether the state has changed since last time. Off a terminal, only verdicts and findings count."""
        now: object = ([_key(status, self.live) for status in statuses], text if self.live else bool(text))
        if now == self._last_shown:
            return False
        self._last_shown = now
        return True

    def draw(self, statuses: Sequence[Status], text: str) -> None:
        """Draws the whole screen again."""
        from rich.console import Group
        from rich.text import Text

        worst = max(statuses, key=_rank)
        parts: list[Any] = [table(statuses, self._display.console.width)]
        lines = plot(worst, max(min(self._display.console.width - 14, 100), 20))
        parts += [Text("\n".join(lines), no_wrap=True)] if lines else []
        parts += [Text("\n".join(plain(line) for line in status_text(worst).split("\n")))]
        parts += [Text(text, style="bold red")] if text else []
        self._display.update(Group(*parts), refresh=True)


def table(statuses: Sequence[Status], width: int) -> Any:
    """Returns the table of the runs, with as many columns as a screen of this width shows in full."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = [name for name, least in _COLUMNS.items() if width >= least]
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in shown:
        text = name in ("run", "task", "verdict")
        drawn.add_column(name, justify="left" if text else "right", overflow="fold")
    for status in statuses:
        verdict = headline(status)
        frames = f"{status.log.frames:,.0f}" if status.log else "-"
        episodes = f"{len(status.log.train):,}" if status.log else "-"
        cells = (plain(status.directory.name), plain(status.task), verdict, frames, episodes, *_numbers(status))
        row = dict(zip(_COLUMNS, cells, strict=True))
        drawn.add_row(*(Text(row[name], style=_STYLES.get(verdict, "") if name == "verdict" else "") for name in shown))
    return drawn


def _numbers(status: Status) -> tuple[str, str, str, str]:
    last = status.verdict.last if status.verdict else None
    if last is None or status.verdict is None:
        return "-", "-", "-", "-"
    band = "-" if last.low is None or last.high is None else f"{last.low:.4g} to {last.high:.4g}"
    return _text(last.score), band, _text(last.watch), f"{status.verdict.p:.1%}"


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _rank(status: Status) -> int:
    return list(State).index(status.verdict.state) if status.verdict else -1


def _key(status: Status, live: bool) -> object:
    """Returns the part of a run's state that is compared to decide whether to show it again."""
    findings = tuple(finding.name for finding in status.health)
    seen = (status.waiting, headline(status), findings, why_no_verdict(status))
    if not live or status.log is None:
        return seen
    return (*seen, status.log.frames, len(status.log.train))
