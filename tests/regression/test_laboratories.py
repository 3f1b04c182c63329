"""Tasks on which two laboratories differ by more than their seeds do: a wider band, and a verdict that says so."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dreamerguard.commands.app import app
from dreamerguard.regression.published import Envelope, load_calibration, load_envelope
from dreamerguard.regression.published.laboratories import disagreement, widening
from dreamerguard.regression.watch.status_report import status_text
from dreamerguard.regression.watch.verdict import STOP_RATE, WATCH_RATE, State, Verdict, escalate, judge_cells
from dreamerguard.regression.watch.watcher import Watcher

from .run_logs import Row, append, walker

TASKS = ("dmc_acrobot_swingup", "dmc_cheetah_run", "dmc_finger_spin")


def _envelope(task: str) -> Envelope:
    envelope = load_envelope("dmc_proprio", task)
    assert envelope is not None
    return envelope


def _judge(envelope: Envelope, gain: float) -> Verdict:
    stored = load_calibration("dmc_proprio")
    assert stored is not None
    middle = [None if y is None else envelope.start + gain * (y - envelope.start) for y in envelope.median]
    return judge_cells(middle, envelope, stored[0], method=stored[1])


def test_the_band_is_wider_by_the_stated_formula_and_only_there() -> None:
    for task in TASKS:
        assert widening(_envelope(task)) == pytest.approx(math.sqrt((1.2 + 1.5 * (1 / 5 + 1 / 3)) / 1.2))
        assert "two laboratories differ" in disagreement(_envelope(task))
    assert widening(walker()) == 1 and disagreement(walker()) == ""
    assert widening(replace(_envelope(TASKS[0]), release="own", laboratory="")) == 1
    pixels = load_envelope("dmc_vision", "dmc_cheetah_run")
    assert pixels is not None and widening(pixels) == 1


@pytest.mark.parametrize("task", TASKS)
def test_a_run_between_both_bands_is_at_most_watch(task: str) -> None:
    envelope = _envelope(task)
    verdicts = [_judge(envelope, 1 - 0.01 * loss) for loss in range(101)]
    between = [
        v for v in verdicts if v.last and v.last.below(WATCH_RATE) and not v.last.below_wide(WATCH_RATE)
    ]  # fmt: skip
    assert between and {verdict.state for verdict in between} == {State.WATCH}
    assert "of healthy runs of danijar/dreamerv3 are ever this low" in between[0].reason
    assert [v.state for v in escalate([between[0], between[0]])] == [State.WATCH] * 2
    assert escalate([between[0], _judge(envelope, 0.0), _judge(envelope, 0.0)])[0].state is State.WATCH


def test_elsewhere_both_bands_are_the_same() -> None:
    for loss in range(0, 101, 10):
        for look in _judge(walker(), 1 - 0.01 * loss).looks:
            assert look.p == look.p_wide
            assert look.below(STOP_RATE) == look.below_wide(STOP_RATE)


def test_the_interval_is_wider_and_stays_within_the_possible_scores() -> None:
    envelope = _envelope("dmc_cheetah_run")
    last = _judge(envelope, 1.0).last
    assert last is not None and last.low is not None and last.high is not None
    stored = envelope.pi90_low[-1], envelope.pi90_high[-1]
    assert stored[0] is not None and stored[1] is not None
    assert last.high - last.low == pytest.approx(widening(envelope) * (stored[1] - stored[0]))


def test_tasks_and_verdict_say_it(tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["tasks", "dmc_cheetah_run"])
    assert "Two laboratories differ on dmc_cheetah_run" in run.output
    rows = CliRunner().invoke(app, ["tasks", "--suite", "dmc_proprio"]).output.splitlines()
    assert [row.split()[0] for row in rows if row.endswith("laboratories differ")] == list(TASKS)
    facts = json.loads(CliRunner().invoke(app, ["tasks", "dmc_walker_walk", "--json"]).output)
    assert facts["curves"]["2024"]["disagreement"] is None
    scores: list[Row | str] = [{"step": 10_000 * i, "train_return": 600.0} for i in range(1, 20)]
    append(tmp_path / "metrics.jsonl", scores)
    text = status_text(Watcher(tmp_path, "dmc_cheetah_run", "dmc_proprio", 2).look())
    assert "note: two laboratories differ on dmc_cheetah_run" in text
    assert "reference: 5 seeds of danijar/dreamerv3, training return" in text
