"""Suites of a dreamerv3-torch fork whose environments never get the action repeat."""

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
        env = make(task, config.action_repeat)
    elif suite == "maze":
        import envs.maze as maze
        {branch}
    else:
        raise NotImplementedError(suite)
    env = limit(env, config.time_limit)
    {after}
    return env
def main(config):
    {count}
    make_env(config, "train")
parser = argparse.ArgumentParser()
parser.add_argument("--configs", nargs="+")
"""
COMMAND = "python dreamer.py --configs mine --task maze_small --logdir x"
PLAIN = "env = maze.Maze(task, config.size)"
COUNT = "config.steps //= config.action_repeat"


def fork(
    folder: Path, branch: str = PLAIN, after: str = "pass", count: str = COUNT, maze: str = "class Maze: pass\n"
) -> None:
    (folder / "configs.yaml").write_text(with_torch_preset("action_repeat: 4", "task: maze_small")["configs.yaml"])
    (folder / "dreamer.py").write_text(SCRIPT.format(branch=branch, after=after, count=count))
    (folder / "envs").mkdir()
    (folder / "envs" / "maze.py").write_text(maze)


def found(folder: Path, command: str = COMMAND) -> list[Severity]:
    result = check_command(read_command(shlex.split(command)), folder=folder)
    return [item.severity for item in result.findings if item.name == "unapplied-action-repeat"]


def test_a_branch_that_leaves_the_repeat_out(tmp_path: Path) -> None:
    fork(tmp_path)
    assert found(tmp_path) == [Severity.INFO]
    assert found(tmp_path, f"{COMMAND} --action_repeat 2") == [Severity.WARNING]
    assert found(tmp_path, f"{COMMAND} --action_repeat 1") == []
    result = check_presets(tmp_path / "configs.yaml")
    assert result is not None
    (item,) = [item for item in result.findings if item.name == "unapplied-action-repeat"]
    assert item.primary.span.text == "action_repeat: 4"


def test_a_callback_of_episodes_that_gets_the_configuration_makes_no_environment(tmp_path: Path) -> None:
    fork(tmp_path, after="env = wrappers.Collect(env, [partial(Stats.process_episode, config, mode)])")
    assert found(tmp_path) == [Severity.INFO]


@pytest.mark.parametrize(
    "change",
    [
        {"after": "env = partial(wrappers.Repeated, config)(env)"},
        {"after": "env = partial(wrappers.finish, config)(env)"},
        {"branch": "env = maze.Maze(task, config.action_repeat)"},
        {"branch": "env = maze.Maze(task, config)"},
        {"branch": "env = maze.Maze(task, **vars(config))"},
        {"after": "env = wrappers.ActionRepeat(env, 2)"},
        {"maze": "class Maze:\n    frame_skip = 4\n"},
        {"count": "print(config.steps)"},
    ],
)
def test_neighbours(change: dict[str, str], tmp_path: Path) -> None:
    fork(tmp_path, **change)
    assert found(tmp_path) == []


def test_an_environment_of_another_package_is_not_judged(tmp_path: Path) -> None:
    fork(tmp_path)
    (tmp_path / "envs" / "maze.py").unlink()
    assert found(tmp_path) == []
