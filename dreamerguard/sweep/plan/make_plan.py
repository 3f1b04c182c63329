"""Makes the plan of a sweep: all runs, each linted for its own command, with the cost of each. Writes nothing."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dreamerguard.core.source import SourceError
from dreamerguard.util.check_cache import check_cache_scope
from dreamerguard.util.text import number_of

from .combinations import Combination, combinations
from .planned_run import Checked, PlannedRun, RunCost
from .run_commands import RUN_FILE, RUNS, check_command, run_name, run_words
from .sweep_file import SweepFile

if TYPE_CHECKING:
    from dreamerguard.core.result import Result
    from dreamerguard.lint.settings.model import Settings

#: Task and combination.
_Key = tuple[str, tuple[tuple[str, str], ...]]
#: Returns the frames per second of a similar run beside a run directory; None without one.
SpeedOf = Callable[["Result", Path], float | None]


@dataclass(frozen=True, slots=True)
class LintChoices:
    """How the runs are linted; see the options of ``train``."""

    config_file: str | None = None
    no_config: bool = False
    allow_local_rules: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """The options for the commands of the runs."""
        named = () if self.config_file is None else ("--config-file", self.config_file)
        flags = ("--no-config",) * self.no_config + ("--allow-local-rules",) * self.allow_local_rules
        return (*named, *flags)


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """The runs of a sweep.

    Attributes:
      sweep: the sweep.
      folder: its folder.
      runs: all runs, refused ones too, in order.
      notes: what the user should know.
    """

    sweep: SweepFile
    folder: Path
    runs: tuple[PlannedRun, ...]
    notes: tuple[str, ...] = ()

    @property
    def refused(self) -> tuple[PlannedRun, ...]:
        """Runs that lint refuses."""
        return tuple(run for run in self.runs if run.checked == "refused")

    @property
    def unchecked(self) -> tuple[PlannedRun, ...]:
        """Runs that lint could not check."""
        return tuple(run for run in self.runs if run.checked == "unchecked")

    @property
    def left_out(self) -> tuple[PlannedRun, ...]:
        """Runs that will not start."""
        return (*self.refused, *(self.unchecked if self.sweep.on_unchecked != "run" else ()))

    @property
    def stops(self) -> bool:
        """Whether nothing may start, because of runs that lint refuses or cannot check."""
        sweep = self.sweep
        return bool((sweep.on_refused == "stop" and self.refused) or (sweep.on_unchecked == "stop" and self.unchecked))


def make_plan(
    sweep: SweepFile, folder: Path, place: Path, lint: LintChoices, speed_of: SpeedOf = lambda result, path: None
) -> SweepPlan:
    """Returns the plan of a sweep.

    Args:
      sweep: the sweep.
      folder: the sweep's folder, absolute; it need not exist.
      place: folder in which the commands run.
      lint: how the runs are linted.
      speed_of: looks up the speed of similar runs.

    Raises:
      SourceError: the sweep, the lint settings or a command cannot be read.
      UnknownRule: ``allow`` names a rule that does not exist.
    """
    from dreamerguard.lint.before_start import read_start_settings

    settings = read_start_settings(
        place, sweep.allow, file=lint.config_file, none=lint.no_config, allow_local_rules=lint.allow_local_rules
    )
    expanded = combinations(sweep)
    check_command(sweep, expanded[0])
    linter = _Linter(sweep, folder, place, settings, speed_of)
    # The first seed of everything comes first: combinations can be compared early.
    order = ((task, item, seed) for seed in sweep.seed_list for task in sweep.tasks for item in expanded)
    with check_cache_scope():
        runs = [linter.planned(*one) for one in order]
    names = Counter(run.name.casefold() for run in runs)  # some file systems do not tell capitals apart
    twice = next((run for run in runs if names[run.name.casefold()] > 1), None)
    if twice is not None:
        raise SourceError(f"two runs have the same name, {twice.name}: write a task or a value differently")
    runs = [replace(run, words=(*run.words, *lint.words)) for run in runs] if sweep.command is None else runs
    notes = (settings.withheld, linter.unused_gpus())
    return SweepPlan(sweep, folder, tuple(runs), tuple(note for note in notes if note))


class _Linter:
    def __init__(self, sweep: SweepFile, folder: Path, place: Path, settings: Settings, speed_of: SpeedOf) -> None:
        from dreamerguard.core.machine import UNKNOWN, detect_machine

        self._sweep, self._folder, self._place = sweep, folder, place
        self._settings, self._speed_of = settings, speed_of
        # The runs of other engines may run on other machines, about which nothing is known.
        self._machine = detect_machine() if sweep.engine.kind == "embedded" else UNKNOWN
        self._speeds: dict[_Key, float | None] = {}
        self._linted: dict[_Key, tuple[Result | None, str]] = {}

    def unused_gpus(self) -> str:
        """Returns a note if runs share the GPUs of this machine without being told so; empty otherwise."""
        engine, gpus = self._sweep.engine, self._machine.gpus
        if not gpus or engine.gpus_per_run:
            return ""
        return f"this machine has {number_of(gpus, 'GPU')} and engine.gpus_per_run is 0: every run sees all of them"

    def planned(self, task: str, combination: Combination, seed: int) -> PlannedRun:
        """Lints one run and returns it with its cost."""
        name = run_name(task, combination, seed)
        words = run_words(self._sweep, self._folder, task, combination, seed)
        plain = PlannedRun(name, task, None, seed, combination, words, self._sweep.frames)
        key = (task, tuple(combination.items()))
        if key not in self._linted:  # seeds differ in nothing that a rule judges
            self._linted[key] = self._lint(words)
        result, unchecked = self._linted[key]
        if result is None:
            return replace(plain, checked="unchecked", why=unchecked, cost=self._cost(plain.frames, None, None))
        frames = self._frames(result)
        checked, why = _judged(result)
        if self._sweep.command is None and checked != "refused":
            config = result.run.config
            if config is not None and config.seeds != 1:
                raise SourceError("settings has seeds: the seeds of a sweep are those of its key seeds")
        names = dict.fromkeys(item.name for item in result.active if item.severity.value != "info")
        return replace(
            plain,
            suite=_suite(result),
            frames=frames,
            checked=checked,
            findings=tuple(names),
            why=why,
            cost=self._cost(frames, result, self._speed(key, name, result)),
        )

    def _lint(self, words: Sequence[str]) -> tuple[Result | None, str]:
        """Returns lint's result for a command, or None and why it could not be checked."""
        from dreamerguard.guard.lint_check import check_with_settings
        from dreamerguard.lint.before_start import lint_before_start
        from dreamerguard.sources.argv import read_command

        sweep, machine = self._sweep, self._machine
        if sweep.command is None:
            if sweep.config is not None:  # the copy does not exist before the start
                copy = str(self._folder / RUN_FILE)
                words = [sweep.config if word == copy else word for word in words]
            return lint_before_start(read_command(words), self._settings, self._place, sweep.allow, machine), ""
        found = check_with_settings(
            read_command(words), self._settings, self._place, sweep.allow, machine=machine, dialect=sweep.dialect
        )
        return found.result, found.unchecked

    def _frames(self, result: Result) -> float | None:
        if self._sweep.frames is not None:
            return self._sweep.frames
        budget = result.run.budget
        return budget.frames if budget is not None and math.isfinite(budget.frames) else None

    def _speed(self, key: _Key, name: str, result: Result) -> float | None:
        if self._sweep.frames_per_second is not None:
            return self._sweep.frames_per_second
        if key not in self._speeds:
            self._speeds[key] = self._speed_of(result, self._folder / RUNS / name)
        return self._speeds[key]

    def _cost(self, frames: float | None, result: Result | None, speed: float | None) -> RunCost:
        speed = speed if result is not None else self._sweep.frames_per_second
        hours = None if frames is None or not speed else frames / speed / 3600
        gpus = self._sweep.engine.gpus_per_run
        updates = disk = None
        if result is not None:
            budget = result.run.budget
            updates = budget.updates if budget is not None and math.isfinite(budget.updates) else None
            disk = _disk(result)
        return RunCost(updates, hours, 0.0 if not gpus else None if hours is None else hours * gpus, disk)


def _judged(result: Result) -> tuple[Checked, str]:
    if result.refused:
        first = result.refused[0]
        return "refused", f"{first.name}: {first.message}"
    counted = any(item.severity.value != "info" for item in result.active)
    return ("findings" if counted else "sound"), ""


def _suite(result: Result) -> str | None:
    reference = result.run.reference
    return reference.suite if reference is not None else None


def _disk(result: Result) -> float | None:
    """Returns the least bytes of a run of the bundled trainer: its checkpoints hold a copy of the replay."""
    config = result.run.config
    if config is None or result.run.replay_bytes is None:
        return None
    return result.run.replay_bytes if config.checkpoint.replay else 0.0
