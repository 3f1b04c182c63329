"""Plans, starts and continues a sweep for the command line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dreamerguard.core.source import SourceError
from dreamerguard.util.terminal import echo
from dreamerguard.util.text import number_of

from .errors import fail, note
from .exit_codes import CLEAN, FINDINGS, IN_USE, REFUSED, SIGNALLED

if TYPE_CHECKING:
    from dreamerguard.core.result import Result
    from dreamerguard.programs.native.options import TrainOptions
    from dreamerguard.sweep.plan.make_plan import LintChoices, SweepPlan
    from dreamerguard.sweep.plan.sweep_file import EngineSettings, SweepFile
    from dreamerguard.sweep.store import SweepStore


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """The engine as typed; None: as the file says."""

    kind: str | None = None
    slots: int | None = None
    address: str | None = None

    @property
    def values(self) -> dict[str, Any]:
        """What was typed."""
        typed = {"kind": self.kind, "slots": self.slots, "address": self.address}
        return {key: value for key, value in typed.items() if value is not None}


@dataclass(frozen=True, slots=True)
class LeadOptions:
    """The options of a command that leads a sweep."""

    options: TrainOptions
    engine: EngineChoice

    @property
    def lint(self) -> LintChoices:
        """How runs are linted."""
        from dreamerguard.sweep.plan.make_plan import LintChoices

        file = self.options.config_file
        absolute = None if file is None else str(Path(file).absolute())
        return LintChoices(absolute, self.options.no_config, self.options.allow_local_rules)


def print_plan(file: Path, folder: Path, given: LeadOptions, *, as_json: bool) -> int:
    """Prints the plan of a sweep. Returns 0 if it would start, 78 if lint refuses it."""
    import json

    from dreamerguard.sweep.plan.plan_report import plan_json, plan_text

    plan, _ = _plan(file, folder, given)
    echo(json.dumps(plan_json(plan), indent=2, allow_nan=False) if as_json else plan_text(plan))
    return REFUSED if _refused(plan) else CLEAN


def start(file: Path, folder: Path, given: LeadOptions) -> int:
    """Starts a sweep, or continues it, and returns the exit code."""
    from dreamerguard.sweep.open_sweep import make_folder, store_plan
    from dreamerguard.sweep.plan.plan_report import plan_text

    plan, text = _plan(file, folder, given)
    echo(plan_text(plan))
    if reason := _refused(plan):
        echo(f"\n{reason}", error=True)
        return REFUSED
    echo("")

    def prepare(store: SweepStore) -> None:
        added = store_plan(store, plan, text, Path.cwd(), sys.argv[1:])
        if added < len(plan.runs):
            note(f"note: {folder} holds {number_of(len(plan.runs) - added, 'run')} of this sweep: they continue")

    try:
        make_folder(folder)
    except SourceError as error:
        fail(error.message)
    return _lead(folder, given, prepare, create=True)


def resume_sweep(folder: Path, given: LeadOptions, *, retry_failed: bool) -> int:
    """Continues what is missing of a sweep and returns the exit code."""

    def prepare(store: SweepStore) -> None:
        if retry_failed:
            store.retry([row.name for row in store.rows("failed")])

    return _lead(folder, given, prepare)


def report_sweep(folder: Path) -> None:
    """Writes page and tables of a sweep."""
    from dreamerguard.sweep.open_sweep import stored_sweep
    from dreamerguard.sweep.results import write_results
    from dreamerguard.sweep.store import SweepStore

    try:
        store = SweepStore(folder)
        sweep, _ = stored_sweep(store)
        lines = write_results(store, sweep, note)
    except SourceError as error:
        fail(error.message)
    echo("\n".join(lines))


def _lead(folder: Path, given: LeadOptions, prepare: Callable[[SweepStore], None], *, create: bool = False) -> int:
    from dreamerguard.sweep.engines.interface import EngineError
    from dreamerguard.sweep.open_sweep import Led, leading
    from dreamerguard.sweep.store import Displaced

    if not folder.is_dir():
        fail(f"{folder} holds no sweep: there is no such folder")
    try:
        with leading(folder, ["dreamerguard", *sys.argv[1:]], note, create=create) as store:
            prepare(store)
            return _run(store, given)
    except (SourceError, EngineError) as error:
        fail(str(error))
    except (Led, Displaced) as error:
        fail(str(error), IN_USE)


def _run(store: SweepStore, given: LeadOptions) -> int:
    from dreamerguard.sweep.lead import lead
    from dreamerguard.sweep.open_sweep import stored_sweep

    from .listening import metrics_path, open_listeners
    from .sweep_signals import SweepSignals

    sweep, place = stored_sweep(store)
    sweep = _with_engine(sweep, store, given.engine)
    live, metrics = sys.stdout.isatty(), metrics_path(given.options.metrics_file)
    with SweepSignals() as signals, open_listeners(given.options, whole=True) as listeners:

        def asked() -> bool:
            return signals.received is not None

        done = lead(place, store, sweep, listeners, live=live, say=note, asked=asked, metrics=metrics)
        counts = store.counts()
    if signals.received is not None and not done:
        note(f"the runs are saved; dreamerguard sweep resume {store.folder} continues them")
        return SIGNALLED + signals.received
    return FINDINGS if counts.get("failed") else CLEAN


def _with_engine(sweep: SweepFile, store: SweepStore, choice: EngineChoice) -> SweepFile:
    """Returns the sweep with the engine that was typed now, or at the last start."""
    typed = choice.values or store.get("engine", {})
    store.put({"engine": typed})
    return _with_typed(sweep, typed)


def _with_typed(sweep: SweepFile, typed: dict[str, Any]) -> SweepFile:
    engine: EngineSettings = sweep.engine.model_copy(update=typed)
    return sweep.model_copy(update={"engine": engine})


def _plan(file: Path, folder: Path, given: LeadOptions) -> tuple[SweepPlan, str]:
    from dreamerguard.lint.engine import UnknownRule
    from dreamerguard.sweep.plan.make_plan import make_plan
    from dreamerguard.sweep.plan.read_file import read_sweep_file

    try:
        sweep, text = read_sweep_file(file)
        sweep = _with_typed(sweep, given.engine.values)
        return make_plan(sweep, folder, Path.cwd(), given.lint, _speed), text
    except SourceError as error:
        fail(error.message)
    except UnknownRule as error:
        fail(f"allow: {error}")


def _speed(result: Result, directory: Path) -> float | None:
    """Returns the frames per second of the newest similar run beside a run directory; None without one."""
    from .measured_speed import measured_speed
    from .train_plan import device_of

    config = result.run.config
    if config is None:
        return None
    found = measured_speed(config, directory, device_of(config, result.run.machine.gpus))
    return None if found is None else found.frames_per_second


def _refused(plan: SweepPlan) -> str:
    """Returns why nothing may start; empty if something may."""
    if plan.stops:
        return "nothing was started: on_refused or on_unchecked of the file says stop"
    if len(plan.left_out) == len(plan.runs):
        return "nothing was started: every run is left out"
    return ""
