"""One call of `compare --sequential`: reads or makes the plan, enrols the runs, makes the looks, stores the state."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dreamerguard.regression.reference.choice import NoReference, find_reference
from dreamerguard.regression.reference.comparability import NotComparable, Side

from .compared_runs import against_reference, against_runs, published_spread
from .decision import TaskSeeds
from .sequential import SequentialResult, decide_sequentially
from .sequential_plan import PlanError, PlannedTask, SeedPlan, make_plan
from .sequential_record import Record, read_record, write_record
from .sequential_report import look_records
from .sequential_runs import BASELINE, CANDIDATE, EnrolledRun, Key, enroll, is_complete, target_frames

#: Relative spread of a suite without published curves, for the loss that a plan can find.
_USUAL_SPREAD = 0.15


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options of a call; None where the user did not give one. The first call uses them for the plan.

    Attributes:
      looks, most: see `make_plan`.
      margin, seed: see `SeedPlan`.
      reference: ``2024``, ``2023`` or a file; None for baseline runs.
      allow: properties that may differ.
    """

    looks: tuple[int, ...] | None
    most: int | None
    margin: float | None
    seed: int | None
    reference: str | None
    allow: tuple[str, ...] = ()


def continue_comparison(
    path: Path, candidates: Sequence[Side], baselines: Sequence[Side], wishes: Wishes
) -> tuple[SequentialResult, tuple[str, ...]]:
    """Makes all looks that the given runs allow, and stores plan, runs and looks.

    Args:
      path: file of the plan; the first call writes it.
      candidates, baselines: all runs so far; no baselines with a reference.
      wishes: options of this call.

    Returns:
      The state, and caveats.

    Raises:
      PlanError: the plan cannot be made, or the runs or options do not fit it.
      NotComparable: runs differ in a property that must agree.
    """
    record = read_record(path)
    caveats: list[str] = []
    if record is None:
        plan = _first_plan(candidates, baselines, wishes)
        record = Record(plan, (), (), {})
    else:
        _require_same(record.plan, wishes, path)
    plan = record.plan
    frames = {task.key: task.frames for task in plan.tasks}
    groups, unfinished = _complete({CANDIDATE: candidates, BASELINE: baselines}, frames, caveats)
    order, sides = enroll(record.runs, groups, frames)
    gone = sorted(set(record.unfinished) - {str(side.log.directory) for side in (*candidates, *baselines)})
    if gone:
        caveats.append(f"{', '.join(gone)} was too short at an earlier call and is not given now: is this meant?")
    tasks, reference, notes = _material(plan, order, sides, wishes.allow)
    if record.reference and reference and dict(record.reference) != reference:
        raise PlanError("the reference curves are not those of the first call: give the same --reference file")
    present = {
        task.key: (
            task.baseline if task.fixed else _count(order, BASELINE, task.key),
            _count(order, CANDIDATE, task.key),
        )
        for task in plan.tasks
    }
    result = decide_sequentially(plan, tasks, present)
    write_record(
        path,
        Record(plan, tuple(order), tuple(unfinished), reference or dict(record.reference)),
        look_records(result.looks),
    )
    return result, tuple(dict.fromkeys([*caveats, *notes]))


def _first_plan(candidates: Sequence[Side], baselines: Sequence[Side], wishes: Wishes) -> SeedPlan:
    """Makes the plan from the numbers of complete runs of each task."""
    planned, present = [], []
    keys = sorted({(side.suite, side.task) for side in candidates})
    if wishes.reference is None:
        keys = [key for key in keys if any((side.suite, side.task) == key for side in baselines)]
    if not keys:
        raise NotComparable("candidates and baselines share no task")
    for key in keys:
        ours, theirs = ([side for side in group if (side.suite, side.task) == key] for group in (candidates, baselines))
        budget, seeds = _reference_facts(ours[0], key, wishes.reference) if wishes.reference else (None, 0)
        goal = target_frames([*ours, *theirs], budget)
        done = [[side for side in group if is_complete(side.log, goal)] for group in (ours, theirs)]
        ends = [min(side.log.frames, budget or side.log.frames) for group in done for side in group]
        if not ends:
            raise PlanError(f"{key[1]}: no run has reached {goal:,.0f} frames yet; the first call needs complete runs")
        prior = published_spread(key[0]) or _USUAL_SPREAD
        planned.append(PlannedTask(*key, float(min(ends)), seeds or len(done[1]), prior, bool(seeds)))
        present.append(len(done[0]))
    margin, seed = (0.05 if wishes.margin is None else wishes.margin), wishes.seed or 0
    return make_plan(
        planned, min(present), wishes.most, wishes.looks, margin=margin, seed=seed, reference=wishes.reference
    )


def _reference_facts(side: Side, key: Key, name: str) -> tuple[float, int]:
    try:
        envelope = find_reference(side.log, key[1], key[0], name).envelope
    except NoReference as error:
        raise NotComparable(str(error)) from error
    return float(envelope.budget), envelope.seeds


def _require_same(plan: SeedPlan, wishes: Wishes, path: Path) -> None:
    """Refuses options that differ from the stored plan."""
    pairs = (
        ("--looks", wishes.looks, plan.looks),
        ("--max-seeds", wishes.most, plan.looks[-1]),
        ("--margin", wishes.margin, plan.margin),
        ("--seed", wishes.seed, plan.seed),
    )
    for option, ours, stored in pairs:
        if ours is not None and ours != stored:
            shown = ",".join(map(str, stored)) if isinstance(stored, tuple) else f"{stored:g}"
            raise PlanError(f"the plan in {path} has {option} {shown}, fixed before its first look: leave {option} out")
    if wishes.reference != plan.reference:
        before = f"--reference {plan.reference}" if plan.reference else "--baseline"
        raise PlanError(f"the plan in {path} compares with {before}; use it again, or name another file with --plan")


def _complete(
    groups: dict[str, Sequence[Side]], frames: dict[Key, float], caveats: list[str]
) -> tuple[dict[str, list[Side]], list[str]]:
    kept: dict[str, list[Side]] = {}
    unfinished = []
    for name, sides in groups.items():
        kept[name] = []
        for side in sides:
            goal = frames.get((side.suite, side.task))
            if goal is None:
                caveats.append(f"{side.log.directory}: {side.task} is not in the plan and is left out")
            elif is_complete(side.log, goal):
                kept[name].append(side)
            else:
                unfinished.append(str(side.log.directory))
                caveats.append(
                    f"{side.log.directory} has {side.log.frames:,.0f} of {goal:,.0f} frames: not counted yet"
                )
    return kept, unfinished


def _count(order: Sequence[EnrolledRun], side: str, key: Key) -> int:
    return sum(run.place == (side, *key) for run in order)


def _material(
    plan: SeedPlan, order: Sequence[EnrolledRun], sides: dict[EnrolledRun, Side], allow: Sequence[str]
) -> tuple[list[TaskSeeds], dict[str, str], tuple[str, ...]]:
    """Returns the planned tasks with their seeds in order; no tasks while a task has no run on a side."""
    ours, theirs = ([sides[run] for run in order if run.side == name] for name in (CANDIDATE, BASELINE))
    ends = {task.key: task.frames for task in plan.tasks}
    covered = {(side.suite, side.task) for side in ours}
    if plan.reference is None:
        covered &= {(side.suite, side.task) for side in theirs}
    if covered != set(ends):
        return [], {}, ()
    if plan.reference is not None:
        material = against_reference(ours, plan.reference, allow, ends)
    else:
        material = against_runs(ours, theirs, allow, ends)
    found = {(task.suite, task.task): task for task in material.tasks}
    tasks = [found[task.key] for task in plan.tasks]
    marks = {f"{t.suite}/{t.task}": _mark(t) for t in tasks} if plan.reference is not None else {}
    return tasks, marks, material.caveats


def _mark(task: TaskSeeds) -> str:
    return hashlib.sha256(json.dumps(task.baseline).encode()).hexdigest()
