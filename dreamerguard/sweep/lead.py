"""Leads a sweep from start to end: engine, logs, early stop, screen and messages, and the results."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from dreamerguard.notify.listeners import Listeners
from dreamerguard.util.terminal import echo

from .controller import Controller, SweepPlace
from .early_stop import EarlyStop
from .engines.open_engine import open_engine
from .metrics import SweepMetrics
from .news import SweepNews
from .observer import Observers, SweepObserver
from .plan.sweep_file import SweepFile
from .results import write_results
from .run_logs import RunLogs
from .screen import SweepScreen
from .store import SweepStore

Say = Callable[[str], None]


def lead(
    place: SweepPlace,
    store: SweepStore,
    sweep: SweepFile,
    listeners: Listeners,
    *,
    live: bool,
    say: Say,
    asked: Callable[[], bool],
    metrics: Path | None = None,
) -> bool:
    """Leads a sweep. Returns whether all runs have ended; then the results are written.

    Args:
      place: folders of the sweep and of its commands.
      store: its state, led by this process.
      sweep: the sweep.
      listeners: notification channels.
      live: whether to draw on the terminal.
      say: prints one line for the user.
      asked: returns whether somebody asked the controller to stop.
      metrics: file for the state in Prometheus' text format; None for none.

    Raises:
      EngineError: the engine cannot be used.
      Displaced: another controller has taken over.
    """
    news = SweepNews(listeners, place.folder, sweep.name)
    logs = RunLogs(place.folder, store, sweep.watch, say)
    watch = EarlyStop(store, sweep, logs, say)
    with (
        closing(open_engine(sweep.engine, place.folder)) as engine,
        SweepScreen(store, live, sweep.engine.gpus_per_run, say) as screen,
    ):
        observers: list[SweepObserver] = [screen, news]
        if metrics is not None:
            gauges = SweepMetrics(metrics, store, sweep.name, sweep.engine.gpus_per_run, say)
            observers.append(gauges)
        done = Controller(place, store, sweep, engine, watch, Observers(*observers), asked).run()
        if metrics is not None:
            gauges.write(ended=done)
    if done:
        lines = write_results(store, sweep, say)
        echo("\n".join(lines))
        news.ended(lines[0], failed=bool(store.counts().get("failed")))
    return done
