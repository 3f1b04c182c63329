"""The file that keeps a sequential comparison between two calls: its plan, its runs, and what each look showed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dreamerguard.util.json_text import read_json
from dreamerguard.util.paths import exists
from dreamerguard.util.regular_files import read_regular, why_unreadable
from dreamerguard.util.replace_file import replace_file

from .decision import INFERIOR_RATE, WORSE_RATE
from .sequential_plan import PlanError, PlannedTask, SeedPlan
from .sequential_runs import EnrolledRun

_FORMAT = 1

#: Largest file that is read.
_MOST = 16 << 20

#: Largest number of seeds per task that a plan may have.
_MOST_SEEDS = 1000


@dataclass(frozen=True, slots=True)
class Record:
    """The stored state of a sequential comparison.

    Attributes:
      plan: the design.
      runs: runs that count, in their order.
      unfinished: directories of runs that were too short at the last call.
      reference: "suite/task" -> SHA-256 of the reference curves; empty for baseline runs.
    """

    plan: SeedPlan
    runs: tuple[EnrolledRun, ...]
    unfinished: tuple[str, ...]
    reference: Mapping[str, str]


def read_record(path: Path) -> Record | None:
    """Returns the stored comparison; None if there is no file.

    Raises:
      PlanError: the file cannot be read or is no plan.
    """
    if not exists(path):
        return None
    try:
        data = read_json(read_regular(path, _MOST))
        if data["format"] != _FORMAT:
            raise ValueError(f"format {data['format']}")
        raw = dict(data["plan"])
        raw["tasks"] = tuple(PlannedTask(**task) for task in raw["tasks"])
        raw |= {name: tuple(raw[name]) for name in ("looks", "worse", "inferior")}
        runs = tuple(EnrolledRun(**run) for run in data["runs"])
        record = Record(SeedPlan(**raw), runs, tuple(data["unfinished"]), dict(data["reference"]))
        _check(record)
        return record
    except OSError as error:
        raise PlanError(f"--plan {path} cannot be read: {why_unreadable(error)}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        text = f"--plan {path} is not a plan of `compare --sequential` ({type(error).__name__}: {error})"
        raise PlanError(f"{text}; name another file, the first call writes it") from error


def _check(record: Record) -> None:
    """Raises ValueError for values that no plan has, as after an edit by hand."""
    plan = record.plan
    levels = (plan.worse, WORSE_RATE), (plan.inferior, INFERIOR_RATE)
    sound = {
        "tasks": plan.tasks and all(_is_sound(task) for task in plan.tasks),
        "looks": all(type(seeds) is int and 0 < seeds <= _MOST_SEEDS for seeds in plan.looks)
        and list(plan.looks) == sorted(set(plan.looks)),
        "levels": all(
            len(found) == len(plan.looks) > 0 and min(found) >= 0 and sum(found) <= rate + 1e-9
            for found, rate in levels
        ),
        "margin": 0 < plan.margin <= 1 and type(plan.seed) is int and math.isfinite(plan.detects),
        "reference": plan.reference is None or isinstance(plan.reference, str),
        "runs": all(isinstance(value, str) for run in record.runs for value in (*run.place, run.directory, run.scores)),
        "unfinished": all(isinstance(name, str) for name in record.unfinished),
    }
    wrong = [name for name, fine in sound.items() if not fine]
    if wrong:
        raise ValueError(f"{wrong[0]} are not sound")


def _is_sound(task: PlannedTask) -> bool:
    texts = isinstance(task.suite, str) and isinstance(task.task, str) and isinstance(task.fixed, bool)
    return (
        texts and task.frames > 0 and 0 <= task.prior < math.inf and type(task.baseline) is int and task.baseline >= 0
    )


def write_record(path: Path, record: Record, looks: Sequence[Mapping[str, Any]]) -> None:
    """Writes the comparison and, for readers, the results of its looks.

    Raises:
      PlanError: the file cannot be written.
    """
    data = {
        "format": _FORMAT,
        "about": "Plan of `dreamerguard compare --sequential`. Keep it until the comparison has ended.",
        "plan": asdict(record.plan),
        "reference": dict(record.reference),
        "runs": [asdict(run) for run in record.runs],
        "unfinished": list(record.unfinished),
        "looks": list(looks),
    }
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        replace_file(path.resolve(), text.encode())
    except OSError as error:
        raise PlanError(f"--plan {path} cannot be written: {error.strerror}") from error
