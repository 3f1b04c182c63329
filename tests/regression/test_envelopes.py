"""The published curves: the figures of the source files, complete, and in step with the task lists."""

from __future__ import annotations

import json
import subprocess
import sys
from statistics import median

import pytest

from dreamerguard.regression.published import envelope_tasks, load_calibration, load_envelope, releases
from dreamerguard.schema.tasks import data_dir, find_task, load_suite, suite_names

SETS = [(suite, release) for suite in suite_names() for release in releases(suite)]


def test_seven_suites_in_2024_and_five_in_2023() -> None:
    assert [suite for suite, release in SETS if release == "2023"] == [
        "dmc_proprio",
        "dmc_vision",
        "atari",
        "atari100k",
        "dmlab",
    ]
    assert len(SETS) == 12


@pytest.mark.parametrize(
    ("frames", "low", "middle", "high"),
    [
        (50_000, 206, 234, 448),
        (100_000, 298, 523, 714),
        (200_000, 709, 788, 922),
        (300_000, 673, 911, 967),
        (490_000, 736, 898, 955),
    ],
)
def test_walker_walk_from_vectors(frames: int, low: int, middle: int, high: int) -> None:
    envelope = load_envelope("dmc_proprio", "dmc_walker_walk")
    assert envelope is not None
    score = envelope.score_at(frames)
    assert (round(score.low), round(score.median), round(score.high)) == (low, middle, high)


@pytest.mark.parametrize(("frames", "middle"), [(100_000, 614), (500_000, 950)])
def test_walker_walk_from_pixels(frames: int, middle: float) -> None:
    envelope = load_envelope("dmc_vision", "dmc_walker_walk")
    assert envelope is not None
    # the figures are single points of the published curves, the cells are means over 20K frames
    assert envelope.score_at(frames).median == pytest.approx(middle, rel=0.1)
    assert envelope.seeds == 10


def test_scores_between_and_beyond_the_cells() -> None:
    envelope = load_envelope("dmc_proprio", "dmc_walker_walk")
    assert envelope is not None
    at = envelope.score_at
    assert at(55_000).median == pytest.approx((at(50_000).median + at(60_000).median) / 2)
    assert at(0) == at(10_000)
    assert at(10**9) == at(490_000)


def test_a_cell_without_a_score_is_bridged() -> None:
    envelope = load_envelope("atari100k", "atari100k_private_eye")
    assert envelope is not None
    assert envelope.median[0] is None
    assert envelope.score_at(0).median == next(score for score in envelope.median if score is not None)


def test_when_the_seeds_get_there() -> None:
    envelope = load_envelope("dmc_proprio", "dmc_walker_walk")
    assert envelope is not None
    reach = envelope.frames_to(0.9)
    assert (reach.reached, reach.median, reach.first, reach.last) == (5, 170_000, 150_000, 270_000)
    with pytest.raises(ValueError, match=r"0\.25, 0\.5, 0\.75, 0\.9, not 0\.6"):
        envelope.frames_to(0.6)


def test_which_agent_the_curves_show() -> None:
    first = load_envelope("dmc_proprio", "dmc_walker_walk", "2023")
    second = load_envelope("dmc_proprio", "dmc_walker_walk", "2024")
    vision = load_envelope("dmc_vision", "dmc_walker_walk", "2024")
    assert first and second and vision
    assert first.curves == second.curves
    assert (first.edition, second.edition, vision.edition) == ("paper-2023", "paper-2023", "paper-2025")
    assert (second.action_repeat, second.budget) == (2, 490_000)


@pytest.mark.parametrize(("suite", "release"), SETS)
def test_every_envelope_is_consistent(suite: str, release: str) -> None:
    for task in envelope_tasks(suite, release):  # type: ignore[arg-type]
        envelope = load_envelope(suite, task, release)  # type: ignore[arg-type]
        assert envelope is not None
        cells = len(envelope.grid)
        assert list(envelope.grid) == sorted(set(envelope.grid))
        assert envelope.grid[-1] == envelope.budget
        assert len(envelope.curves) == envelope.seeds <= envelope.listed
        assert {len(row) for row in (envelope.median, envelope.min, envelope.max, *envelope.curves)} == {cells}
        assert {len(row) for row in (envelope.sd, envelope.alarm, envelope.pi90_low)} == {cells if envelope.sd else 0}
        assert bool(envelope.sd) == (envelope.seeds >= 3)
        for low, middle, high, *seeds in zip(
            envelope.min, envelope.median, envelope.max, *envelope.curves, strict=True
        ):
            scores = [score for score in seeds if score is not None]
            if middle is None or low is None or high is None:
                assert not scores
            else:
                assert low <= middle <= high
                # stored with four digits, as are the seeds it was taken from
                assert middle == pytest.approx(median(scores), rel=2e-3, abs=2e-3 * max(abs(low), abs(high)))


@pytest.mark.parametrize("suite", [suite for suite in suite_names() if releases(suite)])
def test_papers_tasks_are_those_with_curves(suite: str) -> None:
    data = load_suite(suite)
    with_curves = {task for release in releases(suite) for task in envelope_tasks(suite, release)}
    assert {task for task, entry in data.tasks.items() if entry.published} == with_curves
    assert data.reference == suite
    assert all(find_task(task, suite).reference == suite for task in with_curves)


def test_suites_without_curves_have_no_reference() -> None:
    for suite in suite_names():
        assert (load_suite(suite).reference is None) == (not releases(suite))
    assert load_envelope("crafter", "crafter_reward") is None
    assert load_envelope("dmc_proprio", "dmc_dog_run") is None
    assert load_calibration("crafter") is None


def test_calibration_gives_the_false_alarm_thresholds() -> None:
    found = load_calibration("dmc_proprio")
    assert found is not None
    calibration, method = found
    assert calibration.alarm[0.05] == calibration.alarm_used == 3.227
    assert calibration.alarm[0.01] is None
    assert calibration.curves == 90
    assert list(calibration.null) == sorted(calibration.null, reverse=True)
    assert (method.burn_in, method.window, method.lag, method.alarm) == (0.1, 0.16, 0.15, 0.05)


def test_alarm_curve_starts_after_the_burn_in_and_lies_below_the_median() -> None:
    envelope = load_envelope("dmc_proprio", "dmc_walker_walk")
    assert envelope is not None
    looks = [(x, y) for x, y in zip(envelope.grid, envelope.alarm, strict=True) if y is not None]
    assert looks[0][0] >= 0.1 * envelope.budget
    assert all(alarm < envelope.score_at(frames).median for frames, alarm in looks)
    assert envelope.single_seed_floor == looks[-1][1] == 692


def test_provenance_and_licence_travel_with_the_data() -> None:
    envelope = load_envelope("atari", "atari_pong")
    assert envelope is not None
    assert envelope.source.url == "https://github.com/danijar/dreamerv3"
    assert len(envelope.source.commit) == 40
    notice = (data_dir() / "reference" / "NOTICE.md").read_text(encoding="utf-8")
    assert envelope.source.copyright in notice
    assert envelope.source.commit in notice
    assert "Permission is hereby granted" in notice


def test_the_data_stay_small() -> None:
    files = list((data_dir() / "reference").glob("*/*.json"))
    assert sum(path.stat().st_size for path in files) < 1_250_000
    assert all(json.loads(path.read_text())["format"] == 1 for path in files)


def test_importing_and_reading_needs_no_numpy() -> None:
    code = (
        "import sys; from dreamerguard.regression.published import load_envelope;"
        "load_envelope('dmc_proprio', 'dmc_walker_walk');"
        "assert not {'numpy', 'jax', 'yaml'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
