"""The alarm with a proved false alarm rate: which tasks have it, and the proof on drawn curves."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.published import left_out
from dreamerguard.regression.published import Calibration, Envelope, load_calibration, load_envelope
from dreamerguard.regression.statistics.guaranteed_band import GuaranteedBand, guaranteed
from dreamerguard.regression.statistics.seed_band import METHOD, SeedBand
from dreamerguard.regression.watch.alarm_basis import Basis, alarm_basis, basis_text
from dreamerguard.regression.watch.status_report import status_json, status_text
from dreamerguard.regression.watch.verdict import State, judge_cells, p_value
from dreamerguard.regression.watch.watcher import Watcher

from .run_logs import native_run, walker

VISION = walker("dmc_vision")


def _stored(suite: str) -> Calibration:
    found = load_calibration(suite)
    assert found is not None
    return found[0]


def _basis(suite: str, task: str) -> Basis:
    envelope = load_envelope(suite, task)
    assert envelope is not None
    return alarm_basis(envelope, _stored(suite), METHOD)[0]


def test_the_guarantee_is_used_where_there_are_enough_seeds_and_curves() -> None:
    assert _basis("dmc_vision", "dmc_walker_walk") is Basis.GUARANTEED
    assert _basis("dmc_vision", "dmc_reacher_hard") is Basis.GUARANTEED  # 8 seeds
    assert _basis("dmc_proprio", "dmc_walker_walk") is Basis.MEASURED  # 5 seeds
    assert _basis("atari", "atari_pong") is Basis.MEASURED
    assert _basis("minecraft", "minecraft_diamond") is Basis.MEASURED  # 20 curves


def test_p_is_out_of_all_curves() -> None:
    null = (3.0, 2.0, 1.5, 0.5)
    stored = Calibration(0.1, 40, null, {0.1: 1.0, 0.05: 2.0, 0.02: None}, None, 2.0, None)
    proved = guaranteed(stored)
    assert [p_value(deficit, proved) for deficit in (3.1, 3.0, 1.7, 0.1)] == [1 / 40, 2 / 40, 3 / 40, 5 / 40]
    assert proved.alarm == {0.1: 0.5, 0.05: 2.0, 0.02: None}
    for rate, threshold in proved.alarm.items():
        if threshold is not None:
            assert p_value(threshold + 1e-9, proved) <= rate < p_value(threshold, proved)


def test_a_run_must_be_too_low_for_the_seeds_without_any_one() -> None:
    prior = _stored("dmc_vision").spread
    band = GuaranteedBand.leaving_one_out(VISION.curves, prior)
    low = [None if y is None else 0.5 * y for y in VISION.curves[0]]
    parts = [
        SeedBand.of([*VISION.curves[:i], *VISION.curves[i + 1 :]], prior).deficits(low) for i in range(VISION.seeds)
    ]
    assert band.deficits(low) == [min(column) for column in zip(*parts, strict=True)]
    assert len(band.parts) == VISION.seeds
    alarm, whole = band.alarm(1.5), SeedBand.of(VISION.curves, prior).alarm(1.5)
    assert all(a is not None and b is not None and a <= b + 20 for a, b in zip(alarm[10:], whole[10:], strict=True))
    assert band.alarm(None) == [None] * len(VISION.grid)


def test_a_wider_band_gives_fewer_alarms() -> None:
    band = GuaranteedBand.leaving_one_out(VISION.curves, _stored("dmc_vision").spread)
    low = [None if y is None else 0.5 * y for y in VISION.curves[0]]
    assert band.widened(1) is band
    wide = band.widened(2.0)
    assert max(wide.deficits(low)) == pytest.approx(max(band.deficits(low)) / 2)


def test_a_lower_deficit_of_all_seeds_bounds_that_of_one() -> None:
    """What the proof needs: each seed's deficit among all curves is at most its stored one."""
    prior, curves = _stored("dmc_vision").spread, VISION.curves
    new, published = curves[0], curves[1:]
    stored = left_out(published, prior)
    for index, curve in enumerate(published):
        others = [new, *published[:index], *published[index + 1 :]]
        ours = GuaranteedBand.leaving_one_out(others, prior).deficits(curve)
        assert max(ours) <= stored[index]


def test_the_rate_holds_on_drawn_laboratories() -> None:
    """20 tasks with 8 seeds each and one healthy run each, as curves with heavy tails: alarms in at most 5 %."""
    rng, alarms, runs = random.Random(0), 0, 0
    for _ in range(4):
        tasks = [[_curve(rng, 1 + task) for _ in range(9)] for task in range(20)]
        null = [value for curves in tasks for value in left_out(curves[1:], 0.1)]
        stored = Calibration(
            0.1, len(null), tuple(sorted((v for v in null if v > 0), reverse=True)), {}, None, 2.0, None
        )
        proved = guaranteed(stored)
        for curves in tasks:
            deficit = max(GuaranteedBand.leaving_one_out(curves[1:], 0.1).deficits(curves[0]))
            alarms += p_value(deficit, proved) <= 0.05
            runs += 1
    assert runs == 80
    assert alarms <= 4


def _curve(rng: random.Random, scale: float) -> list[float | None]:
    """A curve of 20 cells that learns at a random speed and sometimes fails."""
    top = scale * (0.2 if rng.random() < 0.1 else 1 + 0.1 * rng.gauss(0, 1))
    speed = rng.uniform(4, 9)
    return [top * min(1.0, (cell + 1) / speed) + 0.03 * scale * rng.gauss(0, 1) for cell in range(20)]


def test_verdicts_follow_the_guaranteed_threshold() -> None:
    stored = _stored("dmc_vision")
    verdict = judge_cells([None if y is None else 0.27 * y for y in VISION.curves[0]], VISION, stored)
    assert (verdict.state, verdict.basis, verdict.curves) == (State.REGRESSED, Basis.GUARANTEED, 197)
    assert verdict.p == pytest.approx(1 / 197)
    for look in verdict.looks:
        if look.watch is not None and look.score is not None:
            assert look.below(0.05) == (look.score < look.watch)
    for curve in VISION.curves:
        assert not judge_cells(curve, VISION, stored).state.flagged


def test_watch_says_which_it_uses(tmp_path: Path) -> None:
    status = Watcher(native_run(tmp_path / "run")).look()
    assert "false alarms: about 5 % of healthy runs over all looks, measured on 90 healthy curves" in status_text(
        status
    )
    verdict = status_json(status)["verdict"]
    assert verdict["false_alarms"]["basis"] == "measured"
    assert "a guarantee needs 8 seeds of the task, there are 5" in verdict["false_alarms"]["text"]


def test_the_text_of_the_guarantee_states_what_it_assumes() -> None:
    text = basis_text(Basis.GUARANTEED, VISION, 197)
    assert "guaranteed on average over the tasks of dmc_vision (197 curves)" in text
    assert "if a healthy run is exchangeable with the 10 seeds of its task" in text


def test_borrowed_statistics_guarantee_nothing(tmp_path: Path) -> None:
    import json

    from dreamerguard.regression.compare.compared_runs import read_sides
    from dreamerguard.regression.published import load_reference_file
    from dreamerguard.regression.reference.own import build_reference_file

    runs = [native_run(tmp_path / f"s{seed}", seed, noise=4.0 + seed) for seed in range(9)]
    path = tmp_path / "own.json"
    path.write_text(json.dumps(build_reference_file(read_sides(runs))))
    curves = load_reference_file(path)
    envelope: Envelope = curves.envelopes["dmc_walker_walk"]
    assert envelope.seeds == 9
    assert not envelope.own_calibration
    basis = alarm_basis(envelope, curves.calibration, curves.method)[0]
    assert basis is Basis.MEASURED
    assert basis_text(basis, envelope, 90).endswith("the statistics are borrowed")
