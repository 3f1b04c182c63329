"""The engine for Ray, with a Ray that is started on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("ray")

from dreamerguard.sweep.engines.ray_engine import RayEngine, runs_that_fit
from dreamerguard.sweep.plan.sweep_file import EngineSettings
from dreamerguard.sweep.store import SweepStore

from .sweeping import WAITING, command, count, opened, sweep_text, until

pytestmark = pytest.mark.integration


def settings(**values: object) -> EngineSettings:
    return EngineSettings.model_validate({"kind": "ray", **values})


def test_runs_that_fit() -> None:
    cluster = {"CPU": 16.0, "GPU": 4.0, "memory": 64e9}
    assert runs_that_fit(cluster, settings()) == 16
    assert runs_that_fit(cluster, settings(gpus_per_run=0.5)) == 8
    assert runs_that_fit(cluster, settings(cores_per_run=2, memory_per_run=16)) == 4
    assert runs_that_fit({"CPU": 1.0}, settings(gpus_per_run=1)) == 0


def test_a_killed_controller_preempts_its_runs_and_the_sweep_continues_on_another_engine(tmp_path: Path) -> None:
    assert RayEngine.name == "ray"
    ray = {"kind": "ray", "slots": 4, "cores_per_run": 0.1}
    (tmp_path / "sweep.yaml").write_text(sweep_text(WAITING, engine=ray))
    target = tmp_path / "sweep"
    first = command(tmp_path, "sweep.yaml", "--dir", "sweep", "--no-config")
    until(lambda: target.exists() and (target / "runs").exists() and sum(count(target, "starts")) == 4)
    (target / "runs" / "a-s0" / "go").touch()
    until(lambda: SweepStore(target).counts().get("finished") == 1)
    first.kill()
    first.wait()
    until(lambda: sum(count(target, "saved")) == 3)
    for run in (target / "runs").iterdir():
        (run / "go").touch()
    second = command(tmp_path, "resume", "sweep", "--engine", "embedded", "--no-config")
    assert second.wait() == 0, (tmp_path / "said.txt").read_text()
    assert count(target, "ends") == [1, 1, 1, 1]
    with opened(target) as store:
        assert {(row.state, row.failures) for row in store.rows()} == {("finished", 0)}
        assert {item["engine"] for item in store.attempts()} == {"ray", "embedded"}
