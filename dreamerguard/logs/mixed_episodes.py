"""Separates the evaluation episodes of a log that gives them the key of training episodes.

danijar/dreamerv3 with ``script: train_eval`` logs both as ``episode/score`` since 2024 (``embodied/run/train_eval.py``
at e3f0224): the scores of an evaluation stand at the step at which the metrics have keys with ``eval/``.
"""

from __future__ import annotations

from dreamerguard.util.json_text import json_objects

from .lines import lines_with
from .order import is_step
from .run_log import LogProblem, RunLog


def note_evaluations(log: RunLog, block: bytes) -> None:
    """Keeps the steps of the rows of metrics that an evaluation logs."""
    for row in json_objects(lines_with(block, f'"{log.layout.evaluation_rows}'.encode())):
        step = row.get(log.layout.x)
        if is_step(step):
            log.evaluation_steps.add(step)


def split_evaluations(log: RunLog) -> None:
    """Moves the scores at the steps of evaluations from the training scores to those of evaluations, and says so."""
    mixed = log.facts.mixes_evaluations
    if mixed is False or log.separate_evaluations:
        return
    taken = log.train.take(sorted(log.evaluation_steps))
    if taken:
        log.places.setdefault("eval", log.places.get("train", 0))
        log.evals.extend([x for x, _ in taken], [y for _, y in taken])
    if len(log.evals):
        _note(
            log,
            "evaluations stand among the training episodes: they are not counted as training scores",
            len(log.evals),
        )
    elif mixed and len(log.train):
        text = "script train_eval gives evaluations the key of training episodes, and no metrics show which are which"
        _note(log, text, len(log.train))


def _note(log: RunLog, text: str, count: int) -> None:
    log.note(LogProblem("mixed episodes", next(iter(log.layout.files), ""), text, count))
