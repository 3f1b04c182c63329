"""The wheel of a clean clone, in an environment that has the base packages and nothing of the trainer's."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]


def call(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=600, check=False)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution of a clean clone."""
    folder = tmp_path_factory.mktemp("wheel")
    clone = folder / "clone"
    for command in (
        ("git", "clone", "--quiet", str(ROOT), str(clone)),
        (sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(clone)),
    ):
        done = call(*command, cwd=folder)
        assert done.returncode == 0, done.stderr + done.stdout
    return folder


def install(python: str, package: Path, folder: Path) -> Path:
    """Installs a package into an empty environment, and returns the environment."""
    venv = folder / "venv"
    done = call(python, "-m", "venv", "--without-pip", str(venv), cwd=folder)
    assert done.returncode == 0, done.stderr
    pip = (sys.executable, "-m", "pip", "--python", str(venv / "bin" / "python"))
    done = call(*pip, "install", "--quiet", "-c", str(ROOT / "constraints.txt"), str(package), cwd=folder)
    assert done.returncode == 0, done.stderr
    return venv


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Path of `dreamerguard` in a fresh environment."""
    (wheel,) = built.glob("*.whl")
    folder = tmp_path_factory.mktemp("installed")
    venv = install(sys.executable, wheel, folder)
    pip = (sys.executable, "-m", "pip", "--python", str(venv / "bin" / "python"))
    listed = call(*pip, "list", "--format=freeze", cwd=folder).stdout.lower()
    assert "pydantic==" in listed
    for heavy in ("jax", "numpy", "mujoco", "scipy"):
        assert f"{heavy}==" not in listed
    return venv / "bin" / "dreamerguard"


def at_hand(minor: int) -> str | None:
    """Path of a Python 3.minor that runs, on the path or among those of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    found = [shutil.which(f"python3.{minor}"), *map(str, sorted(pyenv.glob(f"3.{minor}.*/bin/python")))]
    code = f"import sys, venv; sys.exit(sys.version_info[:2] != (3, {minor}))"
    return next((path for path in found if path and subprocess.run([path, "-c", code], cwd="/").returncode == 0), None)


#: The oldest Python is that of most development machines, which `installed` uses; the wheel is built from the source
#: distribution.
REPEATED = [pytest.param(minor, marks=pytest.mark.slow) for minor in (11, 12)]


@pytest.mark.parametrize("minor", [*REPEATED, 13, 14])
def test_the_linter_runs_on_every_python_that_it_supports(built: Path, tmp_path: Path, minor: int) -> None:
    python = at_hand(minor)
    if python is None:
        pytest.skip(f"Python 3.{minor} is not at hand")
    (package,) = built.glob("*.whl") if minor != 12 else built.glob("*.tar.gz")  # the source distribution once
    program = str(install(python, package, tmp_path) / "bin" / "dreamerguard")
    done = call(program, "lint", "dmc_walker_walk", "run.train_ratio=32", cwd=tmp_path)
    assert done.returncode == 1 and "low-train-ratio" in done.stdout, done.stderr
    (tmp_path / "train.sh").write_text("python dreamerv3/main.py --configs dmc_proprio --run.train_ratio 32\n")
    done = call(program, "check", "--output-format", "json", "train.sh", cwd=tmp_path)
    assert done.returncode == 1 and json.loads(done.stdout)["summary"]["warning"] == 1, done.stderr
    for words in ((), ("tasks", "dmc_walker_walk"), ("schema",), ("explain", "--all"), ("train", "--help")):
        done = call(program, *words, cwd=tmp_path)
        assert done.returncode == 0 and not done.stderr, done.stderr


def test_the_wheel_has_licences_and_is_typed(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for name in ("dreamerguard/py.typed", "dreamerguard_agent/py.typed"):
        assert name in names
    for name in ("LICENSE", "task_defaults/reference/NOTICE.md"):
        assert any(item.endswith(f".dist-info/licenses/{name}") for item in names)
    assert not any(item.startswith(("tests/", "benchmarks/", "agent/")) for item in names)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("lint", "--task", "dmc_walker_walk", "run.train_ratio=32"), 1, "low-train-ratio"),
        (("lint", "--task", "dmc_walker_walk", "run.train_ratio=512"), 0, "checked"),
        (("tasks", "dmc_walker_walk"), 0, "512"),
        (("explain", "low-train-ratio"), 0, "danijar/dreamerv3/issues/140"),
        (("explain", "run.train_ratio"), 0, "replayed agent steps"),
        (("schema",), 0, "train_ratio"),
        (("--version",), 0, "dreamerguard"),
    ],
)
def test_the_guard_works_without_the_trainer(installed: Path, words: tuple[str, ...], code: int, says: str) -> None:
    done = call(str(installed), *words, cwd=installed.parent)
    assert done.returncode == code, done.stderr
    assert says in done.stdout


@pytest.mark.parametrize("words", [("train", "dmc_walker_walk"), ("eval", "runs/some")])
def test_the_trainer_says_what_to_install(installed: Path, words: tuple[str, ...]) -> None:
    done = call(str(installed), *words, cwd=installed.parent)
    assert done.returncode == 2
    assert "pip install 'dreamerguard[agent]'" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
