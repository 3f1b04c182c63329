"""Decides whether runs may be compared: the properties that must agree, and the differences to report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dreamerguard.logs import RunLog
from dreamerguard.regression.published.agents import curves_caveat
from dreamerguard.regression.published.laboratories import disagreement
from dreamerguard.schema.tasks import UnknownTask, find_task
from dreamerguard.util.text import number_of

from .choice import Reference
from .judged_scores import kind_caveat

#: Properties that two runs must share: name for ``--allow`` -> description.
MUST_AGREE = {
    "x-unit": "unit of the x axis",
    "action-repeat": "environment frames per agent step",
    "score-kind": "training or evaluation scores",
    "edition": "edition of the published settings",
}

#: Settings that may differ between seeds and machines.
_FREE = ("seed", "runtime.", "logging.", "checkpoint.", "guard.", "purpose", "logdir", "replica", "jax.", "logger.")


class NotComparable(Exception):
    """Runs must not be compared. The message states which runs and why."""


@dataclass(frozen=True, slots=True)
class Side:
    """One run of a comparison.

    Attributes:
      log: log of the run.
      task, suite: the task that it learns, and its suite.
    """

    log: RunLog
    task: str
    suite: str

    @property
    def traits(self) -> dict[str, object]:
        """Properties that must agree; None where the run does not state one."""
        log = self.log
        unit = "policy steps" if any(problem.kind == "no config" for problem in log.problems) else "frames"
        return {
            "x-unit": unit,
            "action-repeat": log.facts.action_repeat,
            "score-kind": log.scores[1],
            "edition": log.facts.edition,
        }


def agree(sides: Sequence[Side], allow: Sequence[str]) -> list[str]:
    """Checks that runs agree with each other and returns the caveats.

    Raises:
      NotComparable: the runs differ in a property that is not allowed to differ.
    """
    caveats = []
    for trait, what in MUST_AGREE.items():
        values = {side.traits[trait] for side in sides}
        stated = sorted(map(str, values - {None}))
        if len(stated) > 1 or "policy steps" in stated:
            text = f"runs differ in {trait} ({what}): {', '.join(stated)}"
            if stated == ["policy steps"]:
                text = "x counts policy steps because no configuration states the action repeat: set --action-repeat"
            if trait not in allow:
                raise NotComparable(f"{text}. They are not comparable; --allow {trait} compares them anyway")
            caveats.append(f"allowed: {text}")
        elif None in values and trait == "action-repeat":
            caveats.append(f"some runs do not state {what}; equal values are assumed")
    return caveats


def check_reference_fits(group: Sequence[Side], reference: Reference, allow: Sequence[str]) -> list[str]:
    """Checks that runs of one task agree with a reference and returns the caveats.

    Raises:
      NotComparable: runs and reference differ in a property that is not allowed to differ.
    """
    envelope, caveats = reference.envelope, []
    repeats = {side.log.facts.action_repeat for side in group} - {None}
    problems = {}
    if repeats and repeats != {envelope.action_repeat}:
        stated = ", ".join(map(str, sorted(repeats, key=str)))
        problems["action-repeat"] = (
            f"runs use {number_of(stated, 'frame')} per action, the reference {envelope.action_repeat}"
        )
    if kinds := [text for side in group if (text := kind_caveat(side.log, envelope))]:
        problems["score-kind"] = kinds[0].replace("the run has", "runs have").replace("the run may", "runs may")
    edition = _edition(group)
    if edition and edition != envelope.edition and envelope.release != "own":
        ours, theirs = _rate(group[0], edition), reference.published_rate
        text = f"runs have settings of edition {edition}, the reference of edition {envelope.edition}"
        if ours and theirs and not 0.9 <= ours / theirs <= 1.1:
            text += f": {ours:.4g} instead of {theirs:.4g} updates per 1000 frames"
            problems["edition"] = text
        else:
            caveats.append(f"{text}, with the same updates per frame")
    for trait, text in problems.items():
        if trait not in allow:
            raise NotComparable(f"{text}. They are not comparable; --allow {trait} compares them anyway")
        caveats.append(f"allowed: {text}")
    made = [] if envelope.release == "own" else [curves_caveat(envelope.edition, group[0].log.program)]
    return [*caveats, *made, *filter(None, (disagreement(envelope), envelope.note))]


def _edition(group: Sequence[Side]) -> str | None:
    log = group[0].log
    if log.facts.edition or not log.layout.states_suite:
        return log.facts.edition
    try:
        return find_task(group[0].task, group[0].suite).default_edition
    except UnknownTask:
        return None


def _rate(side: Side, edition: str) -> float | None:
    try:
        task = find_task(side.task, side.suite)
    except UnknownTask:
        return None
    return next((task.updates_per_1000_frames(name) for name in task.editions if name == edition), None)


def drift(candidates: Sequence[Side], baselines: Sequence[Side]) -> list[str]:
    """Returns a caveat that lists the settings in which the two sides differ; empty if there are none."""
    ours, theirs = candidates[0].log.facts.settings, baselines[0].log.facts.settings
    if not ours or not theirs or candidates[0].log.program != baselines[0].log.program:
        return []
    keys = [key for key in sorted(ours | theirs) if ours.get(key) != theirs.get(key)]
    keys = [key for key in keys if key != "task" and not key.startswith(_FREE)]
    shown = [f"{key} {theirs.get(key)} -> {ours.get(key)}" for key in keys[:10]]
    more = f" and {len(keys) - 10} more" if len(keys) > 10 else ""
    return [f"settings differ: {', '.join(shown)}{more}"] if keys else []
