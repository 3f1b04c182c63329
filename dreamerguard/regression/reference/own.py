"""Builds a custom reference from the user's runs, in the format of ``task_defaults/reference``.

Seeds are compared with each other as the published seeds are. This guarantees an error rate only with many curves: 19
for 5 % and 49 for 2 %. With fewer, the file takes the healthy deficits and the spread of a published suite, and its
note states that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dreamerguard.regression.published import Calibration, load_calibration, releases
from dreamerguard.regression.published.agents import own_curves_caveat
from dreamerguard.regression.statistics.binned_curve import (
    Curve,
    conformal_quantile,
    relative_spread,
    to_cells,
)
from dreamerguard.regression.statistics.seed_band import METHOD, leave_one_out
from dreamerguard.util.json_text import read_json
from dreamerguard.util.regular_files import read_regular

from .comparability import NotComparable, Side, agree
from .entries import rounded, task_entry

CELLS = 50
#: Largest manifest that is read.
_MOST = 16 << 20
#: Number of curves from which a custom calibration guarantees 5 %.
ENOUGH = 19
_RATES = (0.2, 0.1, 0.05, 0.02, 0.01)
#: Multiplier of a 90 % interval if no suite gives one; those of the published suites lie between 1.6 and 2.3.
_USUAL_PI90 = 2.0


def build_reference_file(
    sides: Sequence[Side], frames: float | None = None, borrow: str | None = None
) -> dict[str, Any]:
    """Returns the content of a reference file.

    Args:
      sides: runs of one suite, several seeds per task.
      frames: common length; by default that of the shortest run, which must have nine tenths of the longest.
      borrow: published suite that gives the statistics for fewer than 19 curves; by default the suite of the runs.

    Raises:
      NotComparable: the runs are of several suites, differ in a property that must agree, or are too short.
    """
    agree(sides, ())
    suites = sorted({side.suite for side in sides})
    if len(suites) > 1:
        raise NotComparable(f"a reference file holds one suite, these runs are of {', '.join(suites)}")
    budget = _budget(sides, frames)
    grid = [budget * (i + 1) / CELLS for i in range(CELLS)]
    tasks: dict[str, list[Curve]] = {}
    for side in sides:
        scores = side.log.scores[0]
        tasks.setdefault(side.task, []).append(to_cells(scores.frames, scores.values, grid))
    calibration, note = _calibration(tasks, suites[0], borrow)
    first = sides[0].log
    return {
        "format": 1,
        "suite": suites[0],
        "release": "own",
        "edition": first.facts.edition or "own",
        "note": f"{note} {own_curves_caveat([side.log.program for side in sides])}",
        "source": {"repository": "", "commit": _commit(first.directory), "files": "", "licence": "", "copyright": ""},
        "method": asdict(METHOD),
        "budget": int(budget),
        "action_repeat": first.facts.action_repeat or 1,
        "grid": [rounded(edge) for edge in grid],
        "calibration": _plain_calibration(calibration),
        "runs": [_provenance(side) for side in sides],
        "tasks": {task: task_entry(curves, calibration, grid) for task, curves in sorted(tasks.items())},
    }


def _budget(sides: Sequence[Side], frames: float | None) -> float:
    shortest = min(sides, key=lambda side: side.log.frames)
    longest = max(sides, key=lambda side: side.log.frames)
    low, high = shortest.log.frames, longest.log.frames
    if frames is not None:
        if low < 0.97 * frames:
            raise NotComparable(f"{shortest.log.directory} has {low:,.0f} frames, fewer than --frames {frames:,.0f}")
        return float(frames)
    if low < 0.9 * high:
        raise NotComparable(
            f"{shortest.log.directory} has {low:,.0f} frames, {longest.log.directory} {high:,.0f}: leave the short run"
            " out, or set --frames to the length that all have"
        )
    planned = {side.log.facts.frames for side in sides}
    only = planned.pop() if len(planned) == 1 else None
    return only if only is not None and 0.97 * only <= low else low


def _calibration(tasks: dict[str, list[Curve]], suite: str, borrow: str | None) -> tuple[Calibration, str]:
    own_spread = relative_spread(list(tasks.values()), METHOD.window)
    deficits = [value for curves in tasks.values() for value in leave_one_out(curves, own_spread)]
    few = sorted(task for task, curves in tasks.items() if len(curves) < 3)
    unjudged = f" Tasks with fewer than three seeds cannot be judged: {', '.join(few)}." if few else ""
    if len(deficits) >= ENOUGH:
        null = tuple(sorted((value for value in deficits if value > 0), reverse=True))
        alarm = {rate: _rate(deficits, rate) for rate in _RATES}
        below = sum(value > -math.inf for value in deficits) / len(deficits)
        note = "" if alarm[0.02] is not None else " The 2 % threshold needs 49 curves, so no run is stopped by it."
        own = Calibration(own_spread, len(deficits), null, alarm, alarm[METHOD.alarm], _USUAL_PI90, below)
        return own, f"Custom reference; false alarms are calibrated on {len(deficits)} of its curves.{note}{unjudged}"
    name = borrow or (suite if releases(suite) else "dmc_proprio")
    known = releases(name)
    stored = load_calibration(name, known[0]) if known else None
    if stored is None or stored[0].curves < ENOUGH:
        raise NotComparable(f"--borrow {name}: this suite has no published calibration; try dmc_proprio or atari")
    note = (
        f"Custom reference; spread and false alarms are borrowed from the {stored[0].curves} published curves of"
        f" {name}, because its {len(deficits)} curves of tasks with three seeds are fewer than the {ENOUGH} that 5 %"
        f" needs.{unjudged}"
    )
    return stored[0], note


def _rate(deficits: Sequence[float], rate: float) -> float | None:
    threshold = conformal_quantile(deficits, rate)
    return None if threshold == math.inf else max(threshold, 0.0)


def _plain_calibration(calibration: Calibration) -> dict[str, Any]:
    data = asdict(calibration)
    return data | {"alarm": {f"{rate:g}": value for rate, value in calibration.alarm.items()}}


def _provenance(side: Side) -> dict[str, Any]:
    """Returns the facts about a run that the file keeps, so that a reader can check it later."""
    log = side.log
    ratio = log.series.get("train_ratio")
    return {
        "run": log.directory.name,
        "task": side.task,
        "seed": log.facts.seed,
        "format": log.program,
        "frames": log.frames,
        "scores": log.scores[1],
        "train_ratio_achieved": rounded(ratio.last) if ratio else None,
        "commit": _commit(log.directory),
        "settings": {key: value for key, value in log.facts.settings.items() if not key.startswith("_")},
    }


def _commit(directory: Path) -> str:
    """Reads the code commit of the run's last start, as the bundled trainer stores it; empty if unknown."""
    try:
        starts = read_json(read_regular(directory / "manifest.json", _MOST))
        return str(starts[-1].get("git") or "")
    except (OSError, ValueError, LookupError, AttributeError, TypeError):
        return ""
