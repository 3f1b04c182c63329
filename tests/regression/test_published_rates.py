"""The error rates that rule R1 promises, measured on published seeds with thresholds from other tasks."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import pytest

from benchmarks import detection, false_alarms, guard_rates
from benchmarks.published import Suite


@pytest.fixture(scope="module")
def proprio() -> Suite:
    return Suite("dmc_proprio")


@pytest.fixture(scope="module")
def vision() -> Suite:
    return Suite("dmc_vision")


def test_false_alarms_of_one_suite(proprio: Suite) -> None:
    flags = false_alarms.measure(proprio)
    counts = {column: (sum(found), len(found)) for column, found in flags.items()}
    assert counts == {
        "0.1": (8, 90), "0.05": (4, 90), "0.02": (1, 90), "end": (1, 90), "pairs": (1, 180), "by eye": (81, 90),
        "guaranteed 0.1": (4, 90), "guaranteed 0.05": (2, 90), "guaranteed 0.02": (1, 90), "watch": (4, 90),
    }  # fmt: skip


def test_false_alarms_of_all_suites() -> None:
    suites = [Suite(name) for name in ("dmc_proprio", "dmc_vision", "atari100k", "dmlab", "minecraft")]
    flags = [false_alarms.measure(suite, guarantee=False) for suite in suites]
    at5 = [flag for found in flags for flag in found["0.05"]]
    at2 = [flag for found in flags for flag in found["0.02"]]
    assert len(at5) == 539
    assert sum(at5) / len(at5) <= 0.055
    assert sum(at2) / len(at2) <= 0.02


def test_healthy_deficits_are_the_stored_ones(proprio: Suite) -> None:
    from dreamerguard.regression.published import load_calibration

    stored = load_calibration("dmc_proprio")
    assert stored is not None
    ours = sorted((value for values in proprio.null.values() for value in values if value > 0), reverse=True)
    assert ours == pytest.approx(stored[0].null, rel=2e-3)
    assert sum(map(len, proprio.null.values())) == stored[0].curves


def test_runs_that_learn_four_times_slower_are_caught(proprio: Suite, vision: Suite) -> None:
    for suite, caught, runs in ((proprio, 73, 90), (vision, 177, 197)):
        found = [share for task in suite.envelopes for share in detection.alarms(suite, task, "slow", 4)]
        assert (sum(share is not None for share in found), len(found)) == (caught, runs)


def test_the_guarantee_loses_no_detection_where_watch_uses_it(vision: Suite) -> None:
    assert all(vision.is_guaranteed(task) for task in vision.envelopes)
    found = [x for task in vision.envelopes for x in detection.alarms(vision, task, "slow", 4, guaranteed=True)]
    assert (sum(share is not None for share in found), len(found)) == (177, 197)
    healthy = [
        vision.first_guaranteed_alarm(task, seed, curve, 0.05)
        for task, envelope in vision.envelopes.items()
        for seed, curve in enumerate(envelope.curves)
    ]
    assert (sum(share is not None for share in healthy), len(healthy)) == (9, 197)


def test_the_walker_run_of_issue_140_is_caught_before_half_of_the_budget(proprio: Suite, vision: Suite) -> None:
    shares = [share for share in detection.capped(proprio, 250) if share is not None]
    assert len(shares) == 5
    assert max(shares) <= 0.43
    shares = [share for share in detection.capped(vision, 250) if share is not None]
    assert len(shares) == 10
    assert median(shares) == 0.12


def test_a_threshold_never_knows_its_own_task(proprio: Suite) -> None:
    others = [value for task, values in proprio.null.items() if task != "dmc_walker_walk" for value in values]
    assert len(others) == 85
    assert proprio.threshold("dmc_walker_walk", 0.05) == sorted(others)[-4]  # ceil(86 x 0.95) = 82nd of 85


def test_every_promise_is_kept_by_the_stored_figures() -> None:
    found = list(guard_rates.promises())
    assert len(found) == 12
    assert [str(promise) for promise in found if not promise.kept] == []


def test_documented_figures_are_the_stored_ones() -> None:
    text = (Path(__file__).parents[2] / "docs" / "watching.md").read_text(encoding="utf-8")
    alarms, found = guard_rates.stored("false_alarms"), guard_rates.stored("detection")
    for suite in ("dmc_proprio", "dmc_vision", "atari100k", "atari", "dmlab", "minecraft"):
        pairs = [
            [f"{100 * alarms[suite][rule][0] / alarms[suite][rule][1]:.1f} %" for rule in ("0.05", "guaranteed 0.05")]
        ]
        for kind in ("slow 4", "slow 2", "gain 0.5"):
            cells = (found[prefix + "harms"][suite][kind] for prefix in ("", "guaranteed "))
            pairs.append([f"{100 * cell['caught'] / cell['of']:.0f} %" for cell in cells])
        row = " | ".join(" / ".join(pair) for pair in pairs)
        assert any(line.startswith(f"| {suite} |") and line.endswith(f"| {row} |") for line in text.splitlines()), row
