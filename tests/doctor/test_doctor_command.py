"""`dreamerguard doctor` as users and scripts start it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dreamerguard.doctor.examine import _ORDER

pytestmark = pytest.mark.integration

TINY = """\
task: dmc_cartpole_balance
size: size200k
purpose: short
run: {frames: 3000, train_ratio: 8, envs: 2}
runtime: {platform: cpu}
"""


def doctor(folder: Path, *words: str, files: int | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "XDG_CACHE_HOME": str(folder / "cache")}
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({files}, {files}));" if files else ""
    start = f"import runpy; {limit} runpy.run_module('dreamerguard', run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", start, "doctor", *words],
        cwd=folder, env=environment | variables, capture_output=True, text=True,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done


def checks(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    report = json.loads(done.stdout)
    assert report["exit_code"] == done.returncode
    return {check["name"]: check for check in report["checks"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "run.yaml").write_text(TINY)
    return tmp_path


def test_every_check_is_made_for_a_run(folder: Path) -> None:
    done = doctor(folder, "run.yaml", "--json")
    found = checks(done)
    assert list(found) == list(_ORDER)
    for name in ("python", "packages", "jax", "task", "simulation", "memory", "disk", "run folder", "lock", "threads"):
        assert found[name]["grade"] == "ok", found[name]
    assert found["disk"]["facts"]["checkpoint"] > 10**6
    left = {path.name for path in folder.iterdir()} - {"cache"}
    assert left == {"run.yaml"}  # neither the run nor test files


def test_the_exit_code_names_the_worst_check(folder: Path) -> None:
    done = doctor(folder, files=60)
    assert done.returncode == 69
    assert "error        open files" in done.stdout
    assert "fix: ulimit -n 1024 (at most 60 without an administrator)" in done.stdout
    assert doctor(folder, "missing.yaml").returncode == 2
    (folder / "broken.yaml").write_text("task: [")
    assert doctor(folder, "broken.yaml").returncode == 2
    assert doctor(folder, "--time-limit", "0").returncode == 2


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("empty", "empty holds no run of the bundled trainer: empty/run.yaml does not exist"),
        ("runs", "runs is a folder with 1 run; name one of them:\n  runs/mine"),
        ("dmc_walker_wlak", "there is no run file or run directory 'dmc_walker_wlak'; unknown task"),
        ("dmc_walker_wlak", "Did you mean dmc_walker_walk"),
        ("dmc_nothing", "`dreamerguard tasks` lists the known tasks"),
        ("none.yaml", "there is no run file or run directory 'none.yaml'"),
        ("broken.yaml", "broken.yaml is not a valid configuration: no ] closes this ["),
    ],
)
def test_what_is_no_run_gets_a_reason(folder: Path, name: str, says: str) -> None:
    (folder / "empty").mkdir()
    (folder / "runs" / "mine").mkdir(parents=True)
    (folder / "runs" / "mine" / "run.yaml").write_text(TINY)
    (folder / "broken.yaml").write_text("task: [")
    done = doctor(folder, name)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ") and says in done.stderr


def test_a_task_that_the_trainer_does_not_run_is_an_error(folder: Path) -> None:
    done = doctor(folder, "bsuite_catch", "--json")
    found = checks(done)["task"]
    assert (done.returncode, found["grade"], found["where"]) == (69, "error", "bsuite_catch")
    assert "`dreamerguard tasks`" in found["fix"]


def test_a_missing_package_is_one_error_and_the_other_checks_are_made(folder: Path) -> None:
    broken = folder / "broken"
    broken.mkdir()
    (broken / "jax.py").write_text("raise ImportError('jaxlib is too old')")
    done = doctor(folder, "run.yaml", "--json", PYTHONPATH=os.pathsep.join([str(broken), *sys.path]))
    found = checks(done)
    assert done.returncode == 69
    assert (found["jax"]["grade"], found["jax"]["found"]) == ("error", "ImportError: jaxlib is too old")
    assert (found["memory"]["grade"], found["disk"]["grade"]) == ("not checked", "not checked")
    assert found["simulation"]["grade"] == "ok"


def test_a_run_directory_is_examined_as_it_stands(folder: Path) -> None:
    run = folder / "runs" / "mine"
    run.mkdir(parents=True)
    (run / "run.yaml").write_text(TINY)
    done = doctor(folder, "runs/mine", "--json", JAX_DISABLE_JIT="1")
    assert (done.returncode, checks(done)["clashes"]["where"]) == (1, "JAX_DISABLE_JIT")  # a warning
    report = json.loads(done.stdout)
    assert (report["folder"], report["task"]) == ("runs/mine", "dmc_cartpole_balance")
    assert [path.name for path in run.iterdir()] == ["run.yaml"]


def test_the_command_loads_nothing_heavy_and_runs_nothing_of_the_project(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[tool.dreamerguard]\nlocal-rules = ["rules.py"]\n')
    (folder / "rules.py").write_text("from pathlib import Path\nPath('ran').write_text('')\n")
    (folder / "mujoco.py").write_text("from pathlib import Path\nPath('ran').write_text('')\n")
    code = (
        "import sys; from dreamerguard.cli import main; sys.argv[1:] = ['doctor', 'run.yaml']\n"
        "try:\n  main()\nfinally:\n  print(sorted({'jax', 'numpy', 'mujoco', 'dm_control'} & set(sys.modules)))"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr
    assert not (folder / "ran").exists()
