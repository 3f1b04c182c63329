"""The benchmark of the founding case: its verdicts are those of `watch`, and lint knows the mistake in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import evidence
from dreamerguard.regression.charts.png import Curve
from dreamerguard.regression.watch.watcher import Watcher

from ..regression.run_logs import native_run, walker


@pytest.mark.parametrize(("gain", "last"), [(1.0, "OK"), (0.27, "REGRESSED")])
def test_every_look_has_the_verdict_of_that_time(tmp_path: Path, gain: float, last: str) -> None:
    """A run that is cut at a look is judged alike by `watch`."""
    whole = native_run(tmp_path / "whole", gain=gain)
    log = Watcher(whole).look().log
    assert log is not None
    curve = Curve("", log.train.frames, log.train.values)
    found = evidence.looks(curve, log.frames, evidence.envelope_of("dmc_walker_walk"))
    assert [look["frames"] for look in found] == [edge for edge in walker().grid if edge <= log.frames]
    assert (found[0]["verdict"], found[-1]["verdict"]) == ("TOO EARLY", last)
    for cells in (3, 22):
        verdict = Watcher(native_run(tmp_path / f"{cells}", gain=gain, cells=cells)).look().verdict
        assert verdict is not None
        assert found[cells - 1]["verdict"] == verdict.state.value


def test_nothing_stored_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "RESULTS", tmp_path / "evidence.json")
    monkeypatch.setattr("sys.argv", ["evidence", "--show"])
    with pytest.raises(SystemExit, match="no run is stored yet"):
        evidence.main()
