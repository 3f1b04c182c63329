"""The wheel of a clean clone, in an environment that has the base packages and nothing of the trainer's."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]


def call(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=600, check=False)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Path of `dreamerguard` in a fresh environment."""
    folder = tmp_path_factory.mktemp("wheel")
    clone, venv = folder / "clone", folder / "venv"
    for command in (
        ("git", "clone", "--quiet", str(ROOT), str(clone)),
        (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(clone)),
        (sys.executable, "-m", "venv", "--without-pip", str(venv)),
    ):
        done = call(*command, cwd=folder)
        assert done.returncode == 0, done.stderr + done.stdout
    (wheel,) = folder.glob("*.whl")
    pip = (sys.executable, "-m", "pip", "--python", str(venv / "bin" / "python"))
    done = call(*pip, "install", "--quiet", "-c", str(ROOT / "constraints.txt"), str(wheel), cwd=folder)
    assert done.returncode == 0, done.stderr
    listed = call(*pip, "list", "--format=freeze", cwd=folder).stdout.lower()
    assert "pydantic==" in listed
    for heavy in ("jax", "numpy", "mujoco", "scipy"):
        assert f"{heavy}==" not in listed
    return venv / "bin" / "dreamerguard"


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
