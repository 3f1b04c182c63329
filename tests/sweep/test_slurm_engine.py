"""The engine for Slurm: the job array that it submits, and its jobs as submitit's processes on this machine."""

from __future__ import annotations

import os
import re
import signal
import stat
from pathlib import Path

import pytest

pytest.importorskip("submitit")

from dreamerguard.sweep.engines.interface import EngineError, WorkerLaunch
from dreamerguard.sweep.engines.slurm_engine import SlurmEngine
from dreamerguard.sweep.jobs.job_folder import RunJob
from dreamerguard.sweep.plan.sweep_file import EngineSettings

from .sweeping import WAITING, control, count, opened, sweep_text

# submitit drops the processes of its local jobs a moment before they are gone.
pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def settings(**values: object) -> EngineSettings:
    return EngineSettings.model_validate({"kind": "slurm", **values})


def launches(folder: Path, count: int) -> list[WorkerLaunch]:
    job = RunJob(("true",), str(folder), {}, 1.0)
    return [WorkerLaunch(f"r{number}", folder / f"r{number}", 1, job) for number in range(count)]


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Commands with the names of Slurm's, which keep what they are given: there is no Slurm here."""
    programs = tmp_path / "bin"
    programs.mkdir()
    texts = {
        "sbatch": f'cp "$1" {tmp_path}/script; echo "Submitted batch job 12"',
        "squeue": f"test -e {tmp_path}/down && exit 1; printf '12_0\\n12_2\\n7\\n'",
        "scancel": f'echo "$@" >> {tmp_path}/cancelled',
        "srun": "exit 1",
    }
    for name, text in texts.items():
        path = programs / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    return tmp_path


def test_runs_become_one_array_with_their_resources(slurm: Path) -> None:
    given = settings(
        cores_per_run=3.5, gpus_per_run=2, memory_per_run=16, partition="gpu", account="lab", hours=1.5, slots=2,
        options={"constraint": "a100"},
    )  # fmt: skip
    engine = SlurmEngine(given, slurm)
    jobs = engine.submit(launches(slurm, 3))
    assert jobs == {"r0": "Slurm job 12_0", "r1": "Slurm job 12_1", "r2": "Slurm job 12_2"}
    script = (slurm / "script").read_text()
    for line in (
        "--array=0-2%2", "--time=90", "--cpus-per-task=4", "--gpus-per-node=2", "--mem=16GB", "--partition=gpu",
        "--account=lab", "--signal=USR2@180", "--requeue", "--constraint=a100", "--open-mode=append",
    ):  # fmt: skip
        assert f"#SBATCH {line}\n" in script, line
    assert re.search(r"^srun .*-m submitit.core._submit", script, re.MULTILINE)


def test_states_adoption_and_cancelling_ask_slurm(slurm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dreamerguard.sweep.engines.slurm_engine._QUEUE", 0.0)
    engine = SlurmEngine(settings(), slurm)
    jobs = engine.submit(launches(slurm, 3))
    (slurm / "down").touch()
    assert engine.alive() == {"r0", "r1", "r2"}  # Slurm does not answer
    (slurm / "down").unlink()
    assert engine.alive() == {"r0", "r2"}  # the node of r1 has failed
    later = SlurmEngine(settings(), slurm)
    for name, job in jobs.items():
        later.adopt(name, slurm / name, job)
    later.adopt("other", slurm / "other", "process 7")
    assert later.alive() == {"r0", "r2"}
    later.cancel(["r0", "r9"])
    assert (slurm / "cancelled").read_text().split() == ["12_0"]
    assert later.alive() == {"r2"}


def test_what_slurm_cannot_do_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineError, match="write a whole number"):
        SlurmEngine(settings(gpus_per_run=0.5), tmp_path, cluster="local")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match="Slurm cannot be used"):
        SlurmEngine(settings(), tmp_path)


def test_jobs_run_and_leave_the_same_files(tmp_path: Path) -> None:
    with opened(tmp_path, sweep_text("", engine={"kind": "slurm", "slots": 4})) as store:
        done, _ = control(store, engine=SlurmEngine(settings(slots=4), tmp_path, cluster="local"))
        assert done
        assert {row.state for row in store.rows()} == {"finished"}
        assert all(row.job.startswith("Slurm job ") for row in store.rows())
    assert (tmp_path / "jobs" / "a-s0" / "ended.json").exists()


def test_a_warning_before_the_limit_saves_the_run_and_the_requeued_job_continues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    text = sweep_text(WAITING, tasks=["a"], seeds=1)
    with opened(tmp_path, text) as store:
        engine = SlurmEngine(settings(), tmp_path, cluster="local")
        warned: list[int] = []

        def watch() -> dict[str, str]:
            started = (tmp_path / "runs" / "a-s0" / "starts").exists()
            if started and not warned:
                warned.extend(_children(engine._jobs["a-s0"]._process.pid))
                os.kill(warned[0], signal.SIGUSR2)  # as Slurm does before the limit
            if started and count(tmp_path, "starts") == [2]:
                (tmp_path / "runs" / "a-s0" / "go").touch()
            return {}

        done, heard = control(store, watch, engine=engine)
        row = store.rows()[0]
    assert done and (row.state, row.attempt, row.failures) == ("finished", 1, 0)
    assert (count(tmp_path, "starts"), count(tmp_path, "saved"), count(tmp_path, "ends")) == ([2], [1], [1])
    assert heard.settlements == [("a-s0", "finished")]


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
