"""Shows a sweep: a live table on a terminal, a line for each event elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

from dreamerguard.util.text import number_of, plain

from .accounts import Accounts, account
from .outcome import Settlement
from .running import running_since
from .states import STATES, SweptRow
from .store import SweepStore

#: Seconds between two drawings, and between two summary lines where there is no terminal.
_DRAWING, _SUMMARY = 2.0, 60.0
#: Rows of the table, and events below it.
_ROWS, _EVENTS = 30, 5
_STYLES = {"finished": "green", "failed": "bold red", "refused": "yellow", "stopped": "yellow", "started": "bold"}


class SweepScreen:
    """An observer that shows a sweep.

    Args:
      store: the state of the sweep.
      live: whether to draw on the terminal.
      gpus: GPUs of each run.
      say: prints one line for the user; used where nothing is drawn.
    """

    def __init__(self, store: SweepStore, live: bool, gpus: float, say: Callable[[str], None]) -> None:
        self._store, self._live, self._gpus, self._say = store, live, gpus, say
        self._events: list[str] = []
        self._display: Any = None
        self._next = 0.0
        self._last = ""

    def __enter__(self) -> SweepScreen:
        if self._live:
            from rich.console import Console
            from rich.live import Live

            self._display = Live(console=Console(highlight=False, markup=False), auto_refresh=False)
            self._display.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._display is not None:
            self._draw()
            self._display.stop()

    def round(self) -> None:
        """Draws, or prints a summary if something has changed."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + (_DRAWING if self._live else _SUMMARY)
        if self._live:
            self._draw()
            return
        text = summary(self._account(self._store.rows()))
        if text != self._last:
            self._last = text
            self._say(text)

    def settled(self, row: SweptRow, found: Settlement) -> None:
        """Tells how an attempt ended, unless the run finished."""
        if found.state == "finished":
            return
        what = "continues later" if found.state == "waiting" and not found.failed else found.state
        self._event(f"{row.name}: {what}: {found.why}" if found.why else f"{row.name}: {what}")

    def hopeless(self, reasons: Mapping[str, str]) -> None:
        """Tells how many runs are hopeless, once for each reason."""
        for why, count in Counter(reasons.values()).items():
            self._event(f"{number_of(count, 'run')} {why}")

    def pausing(self, count: int) -> None:
        """Tells that the sweep stops."""
        self._event(f"stopping: {number_of(count, 'run')} save and end; a second signal leaves them running")

    def _account(self, rows: Sequence[SweptRow]) -> Accounts:
        return account(rows, time.time(), self._gpus, running_since(self._store.folder, rows))

    def _event(self, text: str) -> None:
        if self._live:
            self._events = [*self._events, text][-_EVENTS:]
        else:
            self._say(text)

    def _draw(self) -> None:
        from rich.console import Group
        from rich.text import Text

        rows = self._store.rows()
        lines = [Text(plain(text), style="yellow") for text in self._events]
        self._display.update(Group(table(rows), Text(summary(self._account(rows))), *lines), refresh=True)


def summary(accounts: Accounts) -> str:
    """Returns counts, time to the end, and hours that were used and saved, in one line."""
    counts = ", ".join(f"{accounts.counts[state]} {state}" for state in STATES if accounts.counts.get(state))
    gpus = accounts.gpus
    unit, factor = ("GPU hours", gpus) if gpus else ("hours", 1.0)
    open_runs = any(accounts.counts.get(state) for state in ("waiting", "started"))
    eta = f"; ends in {_duration(accounts.eta)}" if open_runs and accounts.eta is not None else ""
    saved = accounts.saved_hours
    kept = f", {_hours(saved * factor)} saved by stops" if saved else ""
    return f"{counts}{eta}; {_hours(accounts.hours * factor)} {unit} used{kept}"


def table(rows: Sequence[SweptRow]) -> Any:
    """Returns a table with a row for each task and combination."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    found = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("task", "combination", "runs", "done", "score", "state"):
        right = column in ("runs", "done", "score")
        found.add_column(column, justify="right" if right else "left", overflow="fold")
    groups = grouped(rows)
    # Groups in which something happens come first; all others keep their order.
    ordered = sorted(groups.items(), key=lambda item: not any(row.state == "started" for row in item[1]))
    for (task, shown), members in ordered[:_ROWS]:
        cells = (plain(task), plain(shown or "-"), str(len(members)), _done(members), _score(members))
        found.add_row(*(Text(cell) for cell in cells), _states(members))
    if len(groups) > _ROWS:
        found.add_row(f"and {len(groups) - _ROWS} more")
    return found


def grouped(rows: Sequence[SweptRow]) -> dict[tuple[str, str], list[SweptRow]]:
    """Returns the runs of each task and combination, in order."""
    groups: dict[tuple[str, str], list[SweptRow]] = {}
    for row in rows:
        groups.setdefault((row.task, row.shown), []).append(row)
    return groups


def _states(rows: Sequence[SweptRow]) -> Any:
    from rich.text import Text

    parts = []
    for state in STATES:
        count = sum(row.state == state for row in rows)
        if count:
            parts.append(Text(f"{count} {state}" if len(rows) > 1 else state, style=_STYLES.get(state, "")))
    return Text(", ").join(parts)


def _done(rows: Sequence[SweptRow]) -> str:
    planned = sum(row.frames or 0.0 for row in rows)
    return f"{min(sum(row.done for row in rows) / planned, 1.0):.0%}" if planned else "-"


def _score(rows: Sequence[SweptRow]) -> str:
    scores = sorted(row.score for row in rows if row.score is not None)
    return f"{scores[len(scores) // 2]:.4g}" if scores else "-"


def _hours(value: float) -> str:
    return f"{value:,.2f}" if value < 10 else f"{value:,.1f}"


def _duration(hours: float) -> str:
    return f"{hours:,.1f} h" if hours >= 1 else f"{max(hours * 60, 1):.0f} min"
