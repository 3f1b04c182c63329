"""Runs of Gymnasium, MiniGrid and custom environments: names, defaults, arguments and run directories."""

from __future__ import annotations

from pathlib import Path

import pytest

from dreamerguard.core.judged import judge_parts
from dreamerguard.core.machine import UNKNOWN
from dreamerguard.core.run import ResolvedRun
from dreamerguard.programs.native.program import Native
from dreamerguard.programs.native.run_directory import check_same, default_directory, prepare
from dreamerguard.programs.native.run_files import is_run_file
from dreamerguard.schema import RunConfig
from dreamerguard.schema.tasks import task_names
from dreamerguard.sources.argv import read_command


def resolve(words: str, folder: Path = Path()) -> ResolvedRun:
    return Native().resolve(read_command(f"dreamerguard train {words}".split()), UNKNOWN, folder)


def of_run(run: ResolvedRun) -> RunConfig:
    config = run.config
    assert isinstance(config, RunConfig), run.problems
    return config


@pytest.mark.parametrize(
    "words", ["gym:CartPole-v1", "gym:ALE/Pong-v5", "minigrid:MiniGrid-Empty-5x5-v0", "my_maze env.make=m:f"]
)
def test_tasks_without_published_values_start_from_the_defaults_of_the_reference(words: str) -> None:
    run = resolve(words)
    config = of_run(run)
    assert (config.env.action_repeat, config.run.train_ratio, config.run.envs) == (1, 32, 16)
    assert run.reference is None and not run.problems
    judged = judge_parts(run)
    assert judged.text == f"nothing is published for {config.task} to compare with: train ratio and updates not judged"
    assert of_run(resolve(f"{words} env.action_repeat=4 run.train_ratio=64")).env.action_repeat == 4


def test_pools_are_known_whether_envpool_is_installed_or_not() -> None:
    run = resolve("envpool:Pong-v5 env.kwargs.reward_clip=true")
    assert of_run(run).env.kwargs == {"reward_clip": True} and run.reference is None
    assert {problem.rule for problem in run.problems} <= {"missing-extra"}


@pytest.mark.parametrize(("task", "size", "ratio"), [("atari_pacman", 96, 32), ("atari100k_tetris", 64, 128)])
def test_games_without_published_scores_have_the_settings_of_their_suite(task: str, size: int, ratio: float) -> None:
    run = resolve(task)
    config = of_run(run)
    assert (config.env.image_size, config.env.action_repeat, config.run.train_ratio) == (size, 4, ratio)
    (problem,) = [problem for problem in run.problems if problem.rule != "missing-extra"]
    assert (problem.rule, problem.key) == ("unreported-task", "task")
    assert "unreported-task" not in {problem.rule for problem in resolve("atari_pong").problems}


def test_the_games_are_those_of_ale() -> None:
    games = pytest.importorskip("ale_py.roms").get_all_rom_ids()
    for suite in ("atari", "atari100k"):
        assert {name.removeprefix(f"{suite}_") for name in task_names(suite)} == set(games)


def test_published_tasks_keep_their_values() -> None:
    config = of_run(resolve("dmc_walker_walk"))
    assert (config.env.make, config.env.kwargs, config.env.time_limit) == (None, {}, 0)
    assert config.run.train_ratio == 512


@pytest.mark.parametrize("words", ["gymm:CartPole-v1", "gym:", "my_maze", "gym_CartPole-v1"])
def test_other_names_are_unknown_tasks(words: str) -> None:
    assert [problem.rule for problem in resolve(words).problems] == ["unknown-task"]


def test_a_custom_environment_must_not_have_the_name_of_a_published_task() -> None:
    (problem,) = resolve("dmc_walker_walk env.make=m:f").problems
    assert (problem.rule, problem.key) == ("inconsistent-settings", "env.make")
    assert problem.label.span.text.strip() == "env.make=m:f"


def test_arguments_of_the_environment_are_free_and_plain(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(
        "task: my_maze\nenv:\n  make: m:f\n  kwargs:\n    names: [a, b]\n    deep: {x: 1}\n    off: null\n"
    )
    run = resolve("run.yaml env.kwargs.size=7 env.kwargs.deep.y=0.5 env.kwargs.on=true", tmp_path)
    assert not run.problems and not run.unknown
    kwargs = {"names": ["a", "b"], "deep": {"x": 1, "y": 0.5}, "off": None, "size": 7, "on": True}
    assert of_run(run).env.kwargs == kwargs
    assert is_run_file((tmp_path / "run.yaml").read_text())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("gym:X env.kwargs=5", "env.kwargs is a group of settings"),
        ("my_maze env.make=3", "env.make is 3; it must be text"),
        ("gym:X env.time_limit=-1", "env.time_limit is -1"),
        ("gym:X env.action_range=0", "env.action_range is 0"),
    ],
)
def test_wrong_values_are_problems(words: str, message: str) -> None:
    (problem,) = resolve(words).problems
    assert problem.message.startswith(message)


@pytest.mark.parametrize("word", ["env.time_limit=100", "env.kwargs.a=1"])
def test_settings_with_which_the_trainer_refuses_dmc_tasks_are_problems(word: str) -> None:
    (problem,) = resolve(f"dmc_walker_walk {word}").problems
    assert problem.rule == "inconsistent-settings" and "no effect on dmc_*" in problem.message


def test_a_nested_list_is_not_passed_on(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("task: gym:X\nenv.kwargs.map: [[1, 2], [3]]\n")
    (problem,) = resolve("run.yaml", tmp_path).problems
    assert (problem.rule, problem.key) == ("wrong-type", "env.kwargs.map")


@pytest.mark.parametrize("value", [object(), {1: 2}, float("nan"), [object()]])
def test_the_schema_refuses_arguments_that_no_file_can_hold(value: object) -> None:
    with pytest.raises(ValueError, match="kwargs"):
        RunConfig.model_validate({"task": "gym:X", "env": {"kwargs": {"a": value}}})


def test_image_settings_have_an_effect_on_a_custom_environment() -> None:
    """Its own observation may be an image."""
    keys = {key for condition in resolve("gym:X env.image_size=96").conditions for key in condition.keys}
    assert "env.image_size" not in keys and "eval.episodes" in keys


@pytest.mark.parametrize(
    ("task", "name"),
    [
        ("gym:ALE/Pong-v5", "gym-ALE-Pong-v5-"),
        ("bsuite_catch/0", "bsuite_catch-0-"),
        ("../my maze:*?", "..-my-maze-"),
        ("x" * 300, "x" * 100 + "-"),
    ],
)
def test_a_run_directory_has_a_safe_name(task: str, name: str) -> None:
    directory = default_directory(RunConfig(task=task))
    assert directory.parent == Path("runs") and directory.name.startswith(name)


def test_a_stored_run_with_arguments_is_the_same_run(tmp_path: Path) -> None:
    kwargs = {"names": ("a", "b"), "deep": {"x": [1, {"y": None}]}}
    config = RunConfig.model_validate({"task": "gym:X", "env": {"kwargs": kwargs}})
    prepare(tmp_path, config, {}, {})
    assert check_same(tmp_path, config) == {}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("dmc_walker_walk model.encoder_mlp_keys=(", "encoder_mlp_keys is not a regular expression"),
        ("gym:CartPole-v1 env.kwargs.x=.nan", "kwargs.x holds nan"),
        ("gym:CartPole-v1 env.kwargs.x=[1,.inf]", "kwargs.x holds inf"),
        ("dmc_walker_walk env.observation=both env.cameras=[-5]", "cameras are numbers from 0"),
    ],
)
def test_values_that_the_schema_refuses_are_problems_of_the_linter(words: str, says: str) -> None:
    run = resolve(words)
    assert run.config is None
    (problem,) = [problem for problem in run.problems if problem.rule == "inconsistent-settings"]
    assert says in problem.message and problem.label.span is not None


def test_arguments_read_back_equal_those_that_were_given() -> None:
    config = RunConfig.model_validate({"task": "x", "env": {"make": "m:f", "kwargs": {"a": (1, {"b": (2,)})}}})
    assert config.env.kwargs == {"a": [1, {"b": [2]}]}
