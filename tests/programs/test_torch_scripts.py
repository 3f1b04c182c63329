"""Settings of a dreamerv3-torch fork whose effect its own script decides."""

import shlex
from pathlib import Path

import pytest

from dreamerguard.core.finding import Severity
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.preset_check import check_presets
from dreamerguard.rules.helpers.example_files import with_torch_preset
from dreamerguard.sources.argv import read_command

SCRIPT = """
import argparse
def make_env(config, mode):
    suite, task = config.task.split("_", 1)
    if suite == "dmc":
        env = make(task, config.action_repeat, config.size)
    elif suite == "maze":
        import envs.maze as maze
        {branch}
    else:
        raise NotImplementedError(suite)
    return limit(env, config.envs)
def main(config):
    {main}
    make_env(config, "train")
    {after}
parser = argparse.ArgumentParser()
parser.add_argument("--configs", nargs="+")
"""
COMMAND = "python dreamer.py --configs mine --logdir x"


def fork(
    folder: Path,
    *preset: str,
    branch: str = "env = maze.Maze(task)",
    main: str = "print(config.steps)",
    after: str = "pass",
) -> None:
    (folder / "configs.yaml").write_text(with_torch_preset(*preset)["configs.yaml"])
    (folder / "dreamer.py").write_text(SCRIPT.format(branch=branch, main=main, after=after))
    (folder / "envs").mkdir()
    (folder / "envs" / "maze.py").write_text("class Maze: pass\n")


def in_file(folder: Path) -> list[tuple[str, str]]:
    result = check_presets(folder / "configs.yaml")
    assert result is not None
    return [(item.name, item.key) for item in result.findings if item.severity is not Severity.INFO]


def typed(folder: Path, words: str = "") -> list[tuple[str, str]]:
    found = check_command(read_command(shlex.split(f"{COMMAND} {words}")), folder=folder).findings
    return [(item.name, item.key) for item in found if item.severity is not Severity.INFO]


@pytest.mark.parametrize("branch", ["env = maze.Maze(task)", "env = maze.Maze(task, seed=config.seed)", "env = None"])
@pytest.mark.parametrize("size", ["84", "128"])
def test_a_size_that_the_environments_of_a_suite_never_get(branch: str, size: str, tmp_path: Path) -> None:
    fork(tmp_path, "task: maze_big", f"size: [{size}, {size}]", branch=branch)
    assert in_file(tmp_path) == [("dead-key", "size")]
    assert typed(tmp_path, "--size 84,84") == [("dead-key", "size")]
    assert typed(tmp_path, "--task dmc_walker_walk --size 84,84")[0] == ("image-shape", "size")


@pytest.mark.parametrize(
    "parts",
    [
        {"branch": "env = maze.Maze(task, config.size)"},
        {"branch": "env = maze.Maze(config)"},
        {"branch": "env = maze.Maze(**vars(config))"},
        {"after": "print(config.size)"},
        {"main": "net = Net(getattr(config, 'size'))"},
    ],
)
def test_a_size_that_may_be_used(parts: dict[str, str], tmp_path: Path) -> None:
    fork(tmp_path, "task: maze_big", "size: [84, 84]", **parts)
    assert ("image-shape", "size") in in_file(tmp_path) and ("dead-key", "size") not in in_file(tmp_path)


@pytest.mark.parametrize("group", ["envs", "seed", "task"])
def test_a_mapping_in_place_of_a_value_stops_the_merge(group: str, tmp_path: Path) -> None:
    fork(tmp_path, f"{group}: {{kind: gym, gym: {{name: Maze-v0}}}}")
    assert ("wrong-type", group) in in_file(tmp_path) and ("wrong-type", group) in typed(tmp_path)


@pytest.mark.parametrize("preset", ["actor: {layers: 3}", "seed: 4", "maze: {rooms: 3}"])
def test_a_mapping_that_extends_a_group(preset: str, tmp_path: Path) -> None:
    fork(tmp_path, preset, after="print(config.maze['rooms'])")
    assert not [item for item in (*in_file(tmp_path), *typed(tmp_path)) if item[0] == "wrong-type"]


@pytest.mark.parametrize("task", ["Walker2d-v4", "maze", "CartPole-v1"])
def test_a_task_of_a_preset_that_cannot_be_split(task: str, tmp_path: Path) -> None:
    fork(tmp_path, f"task: {task}")
    assert ("unknown-task", "task") in in_file(tmp_path)
    assert ("unknown-task", "task") not in typed(tmp_path, "--task maze_big")


def test_a_task_that_can_be_split(tmp_path: Path) -> None:
    fork(tmp_path, "task: maze_big")
    assert ("unknown-task", "task") not in in_file(tmp_path)


@pytest.mark.parametrize(
    "main",
    [
        "config.seed = 4",
        "config.seed = config.steps or 3",
        "print(config.steps)\n    config.steps //= 2\n    config.seed = 1\n    print(config.seed)",
    ],
)
def test_a_setting_that_main_overwrites(main: str, tmp_path: Path) -> None:
    fork(tmp_path, "seed: 7", main=main)
    assert ("dead-key", "seed") in in_file(tmp_path)
    assert ("dead-key", "seed") in typed(tmp_path, "--seed 5")


@pytest.mark.parametrize(
    "main",
    [
        "config.seed = config.seed or 4",
        "config.seed += 4",
        "if config.steps:\n        config.seed = 4",
        "prepare(config)\n    config.seed = 4",
        "print(config.seed)\n    config.seed = 4",
        "make = lambda: make_env(config, 'x')\n    config.seed = 4",
        "other.seed = 4",
    ],
)
def test_a_setting_that_counts_before_it_changes(main: str, tmp_path: Path) -> None:
    fork(tmp_path, "seed: 7", main=main)
    assert ("dead-key", "seed") not in [*in_file(tmp_path), *typed(tmp_path, "--seed 5")]
