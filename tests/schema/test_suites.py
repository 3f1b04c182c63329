"""The table of suites that the bundled trainer can run."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from dreamerguard.schema import suites
from dreamerguard.schema.suites import SUITES, missing_packages, suite_of


@pytest.mark.parametrize(
    ("task", "prefix", "name"),
    [
        ("dmc_walker_walk", "dmc", "walker_walk"),
        ("gym:CartPole-v1", "gym", "CartPole-v1"),
        ("gym:ns/Env_x-v0", "gym", "ns/Env_x-v0"),
        ("minigrid:MiniGrid-Empty-5x5-v0", "minigrid", "MiniGrid-Empty-5x5-v0"),
        ("atari_pong", "atari", "pong"),
        ("atari100k_pong", "atari100k", "pong"),
        ("crafter_reward", "crafter", "reward"),
    ],
)
def test_a_task_belongs_to_the_suite_of_its_prefix(task: str, prefix: str, name: str) -> None:
    suite = suite_of(task)
    assert suite is not None and (suite.prefix, suite.name_of(task)) == (prefix, name)


@pytest.mark.parametrize(
    "task", ["", "dmc", "dmc_", "gym:", "gym_CartPole-v1", "dmlab_explore", "procgen_coinrun", "Dmc_walker_walk"]
)
def test_other_tasks_have_no_suite(task: str) -> None:
    assert suite_of(task) is None


def test_every_extra_exists() -> None:
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    extras = tomllib.loads(text)["project"]["optional-dependencies"]
    assert {suite.extra for suite in SUITES} <= set(extras)


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(missing_packages(suite) == [] for suite in SUITES if suite.prefix != "envpool")
    absent = {"ale_py", "crafter", "envpool"}
    monkeypatch.setattr(suites, "find_spec", lambda name: None if name in absent else importlib.util.find_spec(name))
    for name in absent:
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert {suite.prefix: missing_packages(suite) for suite in SUITES if missing_packages(suite)} == {
        "envpool": ["envpool"],
        "atari": ["ale_py"],
        "atari100k": ["ale_py"],
        "crafter": ["crafter"],
    }


def test_nothing_is_imported() -> None:
    code = (
        "import sys; from dreamerguard.schema.suites import SUITES, missing_packages\n"
        "for suite in SUITES: missing_packages(suite)\n"
        "print([name for suite in SUITES for name in suite.packages if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
