"""``lint --probe`` on real environments in real processes: dm_control's, and small ones with one mistake each."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dreamerguard.core.result import Result
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.environment_probe import probe_process as probing
from dreamerguard.reports.full import summary
from dreamerguard.rules.helpers.example_files import COMMAND, TORCH_COMMAND, with_preset, with_torch_preset
from dreamerguard.sources.argv import read_command

pytestmark = pytest.mark.integration

GYM = """
import sys
import numpy as np


class Box:
    def __init__(self, low, high, shape):
        self.low, self.high, self.shape, self.dtype = np.full(shape, low), np.full(shape, high), shape, np.float32

    def sample(self):
        return np.zeros(self.shape, np.float32)


class Env:
    observation_space, action_space, limit = Box(-1, 1, (3,)), Box(-1, 1, (2,)), 100

    def __init__(self, task="none"):
        self.task, self.now = task, 0

    def reset(self):
        self.now = 0
        return np.zeros(3, np.float32), {}

    def step(self, action):
        print("chatter on standard output")
        self.now += 1
        return np.ones(3, np.float32), 1.0, False, self.now >= self.limit, {}
"""
#: Mistake -> how the environment makes it, and the rule that finds it.
MISTAKES = {
    "none": ("", None),
    "time limit": (
        (
            "class Env(Env):\n    def step(self, action):\n        o, r, _, t, i = super().step(action)\n"
            "        return o, r, t, False, i\n"
        ),
        "timeout-as-terminal",
    ),
    "nan": (
        (
            "class Env(Env):\n    def step(self, action):\n        o, *rest = super().step(action)\n"
            "        return o * np.nan, *rest\n"
        ),
        "observation-contract",
    ),
    "shape": ("Env.observation_space = Box(-1, 1, (4,))\n", "observation-contract"),
    "bounds": ("Env.action_space = Box(-np.inf, np.inf, (2,))\n", "action-bounds"),
    "reward": (
        (
            "class Env(Env):\n    def step(self, action):\n        o, r, *rest = super().step(action)\n"
            "        return o, 1e5, *rest\n"
        ),
        "reward-scale",
    ),
    "endless": ("Env.limit = 10 ** 9\n", "endless-episode"),
    "at once": ("Env.limit = 1\n", "endless-episode"),
    "blank": (
        (
            "class Env(Env):\n    observation_space = Box(0, 1, (8, 8, 3))\n    def reset(self):\n"
            "        super().reset()\n        return np.zeros((8, 8, 3)), {}\n    def step(self, action):\n"
            "        o, *rest = super().step(action)\n        return np.random.rand(8, 8, 3), *rest\n"
        ),
        "blank-image",
    ),
    "raises": ("def __fail(*_): raise ValueError('no such level')\nEnv.reset = __fail\n", "failed-probe"),
    "dies": ("def __die(*_):\n    import os\n    os._exit(9)\nEnv.reset = __die\n", "failed-probe"),
}


def probe(words: str, folder: Path, factory: str | None = None) -> Result:
    command = read_command(words.split())
    return check_command(command, folder=folder, prober=probing.prober(command, folder, factory))


def found(result: Result) -> list[str]:
    return [item.name for item in result.active if item.code.startswith("DG8") and item.name != "headless-rendering"]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_of_an_environment_is_found(mistake: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body, rule = MISTAKES[mistake]
    (tmp_path / "own.py").write_text(GYM + body, encoding="utf-8")
    monkeypatch.setattr(probing, "STEPS", 2_000)
    assert found(probe("dreamerguard train dmc_walker_walk", tmp_path, "own:Env")) == ([rule] if rule else [])


@pytest.mark.parametrize(("command", "steps"), [("dreamerguard train", 500), (f"{COMMAND} --task", 1000)])
def test_dm_control_is_played_where_nothing_else_is_named(command: str, steps: int, tmp_path: Path) -> None:
    for name, text in with_preset("seed: 7").items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    result = probe(f"{command} dmc_walker_walk".replace("python", sys.executable, 1), tmp_path)
    assert result.run.probe is not None
    assert [(item.length, item.last, item.terminal) for item in result.run.probe.episodes] == [(steps, True, False)] * 2
    flags = {"reward", "is_first", "is_last", "is_terminal"}
    assert {name: item.shape for name, item in result.run.probe.observations.items() if name not in flags} == {
        "orientations": (14,),
        "height": (),
        "velocity": (9,),
    }
    assert found(result) == []


def test_an_environment_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = "import os, pathlib, time\ndef make():\n    pathlib.Path('pid').write_text(str(os.getpid()))\n"
    body += "    time.sleep(600)\n"
    (tmp_path / "own.py").write_text(body, encoding="utf-8")
    monkeypatch.setattr(probing, "SECONDS", 1.0)
    monkeypatch.setattr(probing, "PATIENCE", 2.0)
    (finding,) = probe("dreamerguard train dmc_walker_walk", tmp_path, "own:make").active
    assert "no answer after 3 s" in finding.message
    written = tmp_path / "pid"  # missing where even starting Python takes longer
    while written.exists() and (text := written.read_text()) and Path(f"/proc/{text}").exists():
        time.sleep(0.02)  # it was killed and is being removed


@pytest.mark.parametrize("program", ["torch", "danijar"])
def test_a_checkout_makes_its_environment_itself(program: str, tmp_path: Path) -> None:
    files = with_torch_preset("seed: 7") if program == "torch" else with_preset("seed: 7")
    script = tmp_path / ("dreamer.py" if program == "torch" else "dreamerv3/main.py")
    if program == "danijar":
        pytest.importorskip("elements")
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    script.write_text(
        GYM + "def make_env(config, *_):\n    assert config.seed == 7\n    raise ValueError(config.task)\n",
        encoding="utf-8",
    )
    command = (TORCH_COMMAND if program == "torch" else COMMAND).replace("python", sys.executable, 1)
    findings = [item for item in probe(command, tmp_path).active if item.name == "failed-probe"]
    task = "custom_a" if program == "torch" else "dummy_disc"
    assert [item.message for item in findings] == [f"the environment fails: ValueError: {task}"]


def test_nothing_is_known_of_a_task_without_a_maker(tmp_path: Path) -> None:
    for name, text in with_torch_preset("seed: 7").items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (finding,) = [item for item in probe(TORCH_COMMAND, tmp_path).active if item.name == "failed-probe"]
    assert finding.severity == "info" and "--probe-env" in finding.message


@pytest.mark.parametrize("error", ["KeyError('level')", "ImportError('no engine')"])
def test_an_error_of_the_environment_is_one(error: str, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(f"def make():\n    raise {error}\n", encoding="utf-8")
    (finding,) = probe("dreamerguard train dmc_walker_walk", tmp_path, "own:make").active
    assert (finding.name, finding.severity) == ("failed-probe", "error")


def test_a_maker_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    (finding,) = probe("dreamerguard train dmc_walker_walk", tmp_path, "nowhere:make").active
    assert (finding.name, finding.severity) == ("failed-probe", "error") and "nowhere" in finding.message


def test_the_command_probes(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(GYM + MISTAKES["bounds"][0], encoding="utf-8")
    words = ["lint", "--probe", "--probe-env", "own:Env", "--output-format", "json", "dmc_walker_walk"]
    done = subprocess.run(
        [sys.executable, "-m", "dreamerguard", *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert [item["name"] for item in json.loads(done.stdout)["findings"]] == ["action-bounds"]


@pytest.mark.parametrize(("maker", "said"), [("own:Env", "2 random episodes played"), ("no:Env", "nothing was played")])
def test_the_summary_states_whether_it_was_probed(maker: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(GYM + MISTAKES["bounds"][0], encoding="utf-8")
    result = probe("dreamerguard train dmc_walker_walk", tmp_path, maker)
    assert f"probe: {said}" in summary(result)
    assert "probe:" not in summary(check_command(read_command(["dreamerguard", "train", "dmc_walker_walk"])))


def test_without_it_nothing_of_the_checkout_runs(tmp_path: Path) -> None:
    for name, text in with_torch_preset("seed: 7").items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "dreamer.py").write_text("open('owned', 'w')\n", encoding="utf-8")
    check_command(read_command(TORCH_COMMAND.split()), folder=tmp_path)
    assert not (tmp_path / "owned").exists()
