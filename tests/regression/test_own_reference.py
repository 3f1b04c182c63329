"""A custom reference has the format of the published references and judges like them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from dreamerguard.regression.compare.compared_runs import read_sides
from dreamerguard.regression.published import load_calibration, load_envelope, load_reference_file
from dreamerguard.regression.reference.comparability import NotComparable, Side
from dreamerguard.regression.reference.own import build_reference_file
from dreamerguard.regression.watch.verdict import State
from dreamerguard.regression.watch.watcher import Watcher

from .run_logs import native_run, walker


def _runs(tmp_path: Path, count: int = 5, **known: object) -> list[Side]:
    return read_sides([native_run(tmp_path / f"s{i}", i, noise=0, **known) for i in range(count)])  # type: ignore[arg-type]


def test_the_published_seeds_give_the_published_envelope(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    path.write_text(json.dumps(build_reference_file(_runs(tmp_path / "runs")), allow_nan=False))
    curves = load_reference_file(path)
    ours, published = curves.envelopes["dmc_walker_walk"], walker()
    assert (curves.suite, curves.release) == ("dmc_proprio", "own")
    assert ours.budget == published.budget
    assert ours.final.seeds == pytest.approx(published.final.seeds, rel=0.02)
    assert ours.range == pytest.approx(published.range, rel=0.02)
    assert ours.single_seed_floor == pytest.approx(published.single_seed_floor, rel=0.02)
    for share in (0.25, 0.5, 0.75, 0.9):
        assert ours.frames_to(share).median == pytest.approx(published.frames_to(share).median, rel=0.08)


def test_few_curves_borrow_and_say_so(tmp_path: Path) -> None:
    data = build_reference_file(_runs(tmp_path))
    published = load_calibration("dmc_proprio")
    assert published is not None
    assert data["calibration"]["null"] == published[0].null
    assert "borrowed from the 90 published curves of dmc_proprio, because its 5 curves" in data["note"]
    assert data["runs"][0]["seed"] == 0
    assert data["runs"][0]["train_ratio_achieved"] == 512
    assert data["runs"][0]["settings"]["run.train_ratio"] == 512


def test_nineteen_curves_stand_on_their_own(tmp_path: Path) -> None:
    data = build_reference_file(_runs(tmp_path, 19))
    assert data["calibration"]["curves"] == 19
    assert data["calibration"]["alarm"]["0.02"] is None
    assert data["calibration"]["alarm"]["0.05"] >= 0
    assert "false alarms are calibrated on 19 of its curves. The 2 % threshold needs 49" in data["note"]


def test_a_run_is_watched_against_own_curves(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    path.write_text(json.dumps(build_reference_file(_runs(tmp_path / "runs"))))
    low = Watcher(native_run(tmp_path / "low", gain=0.27), reference=str(path)).look()
    assert low.verdict is not None
    assert low.verdict.state is State.REGRESSED
    assert low.reference is not None
    assert "borrowed" in low.reference.caveats[0]
    other = Watcher(tmp_path / "low", "dmc_walker_run", reference=str(path)).look()
    assert "holds no curves of dmc_walker_run; it has dmc_walker_walk" in other.no_reference


def test_two_seeds_are_kept_but_cannot_judge(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    path.write_text(json.dumps(build_reference_file(_runs(tmp_path / "runs", 2))))
    assert "Tasks with fewer than three seeds cannot be judged: dmc_walker_walk" in load_reference_file(path).note
    status = Watcher(native_run(tmp_path / "low", gain=0.1), reference=str(path)).look()
    assert status.verdict is not None
    assert status.verdict.state is State.UNDECIDABLE


def test_runs_of_different_lengths_need_a_common_one(tmp_path: Path) -> None:
    sides = [*_runs(tmp_path / "long", 2), *_runs(tmp_path / "short", 2, cells=20)]
    with pytest.raises(NotComparable, match="leave the short run out, or set --frames"):
        build_reference_file(sides)
    assert build_reference_file(sides, frames=200_000)["budget"] == 200_000
    with pytest.raises(NotComparable, match="fewer than --frames 400,000"):
        build_reference_file(sides, frames=400_000)


def test_only_runs_that_belong_together(tmp_path: Path) -> None:
    with pytest.raises(NotComparable, match="action-repeat"):
        build_reference_file([*_runs(tmp_path / "a", 1), *_runs(tmp_path / "b", 1, repeat=1)])
    pixels = read_sides([native_run(tmp_path / "c")], None, "dmc_vision")
    with pytest.raises(NotComparable, match="of dmc_proprio, dmc_vision"):
        build_reference_file([*_runs(tmp_path / "d", 1), *pixels])
    with pytest.raises(NotComparable, match="--borrow crafter"):
        build_reference_file(_runs(tmp_path / "e", 3), borrow="crafter")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"tasks": {"t": {}}}', '{"tasks": []}'])
def test_broken_files_are_refused_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "own.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="is not a reference file of format 1") as error:
        load_reference_file(path)
    assert "\n" not in str(error.value)
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        load_reference_file(tmp_path / "nothing.json")


def test_published_sets_have_their_own_loader() -> None:
    envelope = load_envelope("dmc_proprio", "dmc_walker_walk")
    assert envelope is not None
    assert math.isfinite(envelope.range)
