"""Writes what a sweep has found: the comparison of its combinations, one HTML page, and tables of its runs."""

from __future__ import annotations

import importlib.util
import shlex
import time
from collections.abc import Callable, Sequence

from dreamerguard.core.source import SourceError
from dreamerguard.regression.charts.sweep_page import sweep_page
from dreamerguard.regression.sweep.decision import stopped_combinations
from dreamerguard.regression.sweep.export import TableError, write_csv, write_parquet
from dreamerguard.regression.sweep.facts import SweepFacts, SweptRunFacts
from dreamerguard.regression.sweep.references import task_references
from dreamerguard.regression.sweep.winners import compare_combinations
from dreamerguard.util.replace_file import replace_file

from .accounts import account, frames_per_second, missed_hours
from .early_stop import STATE, swept_runs
from .plan.run_commands import RUNS
from .plan.sweep_file import SweepFile
from .run_logs import RunLogs
from .screen import summary
from .states import SweptRow
from .store import SweepStore

PAGE, CSV, PARQUET = "report.html", "runs.csv", "runs.parquet"


def write_results(store: SweepStore, sweep: SweepFile, say: Callable[[str], None]) -> list[str]:
    """Writes page and tables into the sweep's folder. Returns lines for people: the first sums the sweep up.

    Args:
      store: state of the sweep; it need not be led.
      sweep: the sweep.
      say: prints one line for the user.

    Raises:
      SourceError: a file cannot be written.
    """
    logs = RunLogs(store.folder, store, sweep.watch, say)
    rows = store.rows()
    logs.read(rows)
    runs = swept_runs(rows, logs.curves)
    references, _ = task_references(sweep.tasks, suite=sweep.watch.suite, name=sweep.watch.reference)
    stopped = stopped_combinations(store.get(STATE, {}))
    comparison = compare_combinations(runs, references, stopped=stopped)
    facts = {item.name: item for item in runs_facts(sweep, rows)}
    written = [PAGE, CSV]
    try:
        page = sweep_page(sweep_facts(store, sweep, rows), runs, facts, comparison, references)
        replace_file(store.folder / PAGE, page.encode())
        write_csv(store.folder / CSV, runs, facts)
        if importlib.util.find_spec("pyarrow") is not None:
            write_parquet(store.folder / PARQUET, runs, facts)
            written.append(PARQUET)
    except (OSError, TableError) as error:
        raise SourceError(f"the results cannot be written: {error}") from error
    total = summary(account(rows, time.time(), sweep.engine.gpus_per_run, {}))
    return [f"{sweep.name}: {total}", *comparison.text, f"wrote {', '.join(written)} in {store.folder}"]


def sweep_facts(store: SweepStore, sweep: SweepFile, rows: Sequence[SweptRow]) -> SweepFacts:
    """Returns what the page says about the sweep as a whole."""
    axes: dict[str, dict[str, None]] = {}
    for row in rows:
        for key, value in row.combination.items():
            axes.setdefault(key, {})[value] = None
    ended = [row.ended for row in rows if row.ended is not None]
    return SweepFacts(
        name=sweep.name,
        description=sweep.description,
        axes={key: tuple(values) for key, values in axes.items()},
        tasks=sweep.tasks,
        seeds=sweep.seed_list,
        engine=store.get("engine", {}).get("kind", sweep.engine.kind),
        started=store.get("created"),
        ended=max(ended, default=None),
        version=store.get("version", ""),
        command=shlex.join(["dreamerguard", *store.get("words", [])]),
    )


def runs_facts(sweep: SweepFile, rows: Sequence[SweptRow]) -> list[SweptRunFacts]:
    """Returns cost and state of each run."""
    speeds, gpus = frames_per_second(rows), sweep.engine.gpus_per_run
    found = []
    for row in rows:
        hours = row.seconds / 3600 if row.attempt else None
        saved = missed_hours(row, speeds) if row.state == "stopped" else None
        found.append(
            SweptRunFacts(
                name=row.name,
                state=row.state,
                why=row.why,
                hours=hours,
                gpu_hours=None if hours is None else hours * gpus,
                saved_hours=saved,
                saved_gpu_hours=None if saved is None else saved * gpus,
                updates=row.updates,
                frames_done=row.done,
                attempts=row.attempt,
                exit_code=row.exit_code,
                place=row.job,
                folder=f"{RUNS}/{row.name}",
                lint=row.findings,
                verdict=row.verdict or None,
            )
        )
    return found
