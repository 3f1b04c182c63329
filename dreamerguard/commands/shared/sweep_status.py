"""Shows the state of a sweep: counts, a row for each combination, runs that need attention, and all attempts."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dreamerguard.core.source import SourceError
from dreamerguard.util.terminal import echo

from .errors import fail

if TYPE_CHECKING:
    from dreamerguard.sweep.states import SweptRow
    from dreamerguard.sweep.store import SweepStore

#: Runs of one kind that the text names.
_NAMED = 20
#: Width of the table where there is no terminal.
_WIDTH = 120


def show_status(folder: Path, *, attempts: bool, as_json: bool) -> None:
    """Prints the state of a sweep. It changes nothing, and works while a controller leads the sweep.

    Raises:
      CommandFailed: there is no sweep.
    """
    from dreamerguard.sweep.store import SweepStore

    try:
        store = SweepStore(folder)
    except SourceError as error:
        fail(error.message)
    rows = store.rows()
    if as_json:
        echo(json.dumps(_as_json(store, rows), indent=2, allow_nan=False))
        return
    _print_table(store, rows)
    lines = [*_named(rows)]
    if attempts:
        lines += ["", *_attempts(store)]
    if lines:
        echo("\n".join(lines))


def _as_json(store: SweepStore, rows: list[SweptRow]) -> dict[str, Any]:
    runs = [{**dataclasses.asdict(row), "words": list(row.words)} for row in rows]
    return {"version": 1, "folder": str(store.folder), "counts": store.counts(), "runs": runs,
            "attempts": store.attempts()}  # fmt: skip


def _print_table(store: SweepStore, rows: list[SweptRow]) -> None:
    from rich.console import Console

    from dreamerguard.sweep.accounts import account
    from dreamerguard.sweep.open_sweep import stored_sweep
    from dreamerguard.sweep.running import running_since
    from dreamerguard.sweep.screen import summary, table

    try:
        sweep, place = stored_sweep(store)
    except SourceError as error:
        fail(error.message)
    width = None if sys.stdout.isatty() else _WIDTH
    Console(highlight=False, markup=False, width=width).print(table(rows))
    running = running_since(place.folder, rows)
    echo(summary(account(rows, time.time(), sweep.engine.gpus_per_run, running)))


def _named(rows: list[SweptRow]) -> Iterator[str]:
    for state in ("failed", "refused", "stopped"):
        found = [row for row in rows if row.state == state]
        if found:
            yield ""
            yield f"{state}:"
            yield from (f"  {row.name}: {row.why}" for row in found[:_NAMED])
            if len(found) > _NAMED:
                yield f"  and {len(found) - _NAMED} more; --output-format json lists all"
    waiting = [row for row in rows if row.state == "waiting" and row.why]
    if waiting:
        yield ""
        yield "to be tried again:"
        yield from (f"  {row.name}: {row.why}" for row in waiting[:_NAMED])


def _attempts(store: SweepStore) -> Iterator[str]:
    yield "attempts:"
    for item in store.attempts():
        start = item["started"] or item["claimed"]
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(start))
        took = f", {item['ended'] - start:,.0f} s" if item["ended"] else ""
        code = f", exit code {item['exit_code']}" if item["exit_code"] is not None else ""
        where = " on ".join(part for part in (item["job"] or item["engine"], item["host"]) if part)
        yield f"  {item['run']}, attempt {item['attempt']}: {when}, {where}: {item['outcome'] or 'started'}{code}{took}"
