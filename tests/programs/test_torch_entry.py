"""What the script of a dreamerv3-torch fork does before and around its loop: own values, own loops, own wrappers."""

import shlex
from pathlib import Path

import pytest

from dreamerguard.core.finding import Severity
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.preset_check import check_presets
from dreamerguard.programs.registry import UnknownProgram
from dreamerguard.rules.helpers.example_files import with_torch_preset
from dreamerguard.sources.argv import read_command

SCRIPT = """
import argparse
import envs.wrappers as wrappers
def make_env(config, mode):
    suite, task = config.task.split("_", 1)
    if suite == "dmc":
        env = make(task)
    elif suite == "grid":
        env = make_grid(task)
        {wraps}
    else:
        raise NotImplementedError(suite)
    return env
def main(config):
    {first}
    print(config.steps, config.prefill, config.eval_every, config.train_ratio, config.batch_size, config.seed)
    make_env(config, "train")
if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--configs", nargs="+")
    {starts}
"""
ONE_HOT, NORMALIZES = "env = wrappers.OneHotAction(env)", "env = wrappers.NormalizeActions(env)"
REFUSES = (
    'class OneHotAction:\n    def step(self, action):\n        raise ValueError(f"Invalid one-hot action: {action}")\n'
)


def fork(folder: Path, *preset: str, wraps: str = "pass", first: str = "pass", starts: str = "main(config)") -> None:
    (folder / "configs.yaml").write_text(with_torch_preset(*preset)["configs.yaml"])
    (folder / "dreamer.py").write_text(SCRIPT.format(wraps=wraps, first=first, starts=starts))
    (folder / "envs").mkdir(exist_ok=True)
    (folder / "envs/wrappers.py").write_text(REFUSES)


def found(folder: Path, words: str = "", name: str = "action-distribution") -> list[Severity]:
    command = f"python dreamer.py --configs mine --logdir x {words}"
    result = check_command(read_command(shlex.split(command)), folder=folder)
    return [item.severity for item in result.active if item.name == name]


@pytest.mark.parametrize(
    ("wraps", "dist", "reported"),
    [
        (ONE_HOT, "normal", True),
        (ONE_HOT, "onehot", False),
        (NORMALIZES, "onehot", True),
        (NORMALIZES, "normal", False),
        ("pass", "normal", False),
        (f"if config.discrete: {ONE_HOT}", "normal", False),
        (f"{ONE_HOT}\n        {NORMALIZES}", "normal", False),
    ],
)
def test_the_wrapper_of_an_own_suite_decides_about_the_actions(
    tmp_path: Path, wraps: str, dist: str, reported: bool
) -> None:
    fork(tmp_path, f"actor: {{dist: {dist}}}", wraps=wraps)
    assert bool(found(tmp_path, "--task grid_small")) is reported


def test_the_wrapper_that_refuses_an_action_stops_the_program(tmp_path: Path) -> None:
    fork(tmp_path, "seed: 1", wraps=ONE_HOT)
    assert found(tmp_path, "--task grid_small") == [Severity.ERROR]
    (tmp_path / "envs/wrappers.py").write_text(REFUSES.replace("raise ", "# raise "))
    assert found(tmp_path, "--task grid_small") == [Severity.WARNING]


def test_a_preset_without_a_task_belongs_to_the_suite_in_its_name(tmp_path: Path) -> None:
    fork(tmp_path, "seed: 1", wraps=ONE_HOT)
    text = (tmp_path / "configs.yaml").read_text()
    for name, expected in (("grid_large", ["grid_large"]), ("other", [])):
        (tmp_path / "configs.yaml").write_text(text.replace("mine:", f"{name}:"))
        result = check_presets(tmp_path / "configs.yaml")
        assert result is not None
        assert [item.primary.span.text for item in result.active if item.name == "action-distribution"] == expected


@pytest.mark.parametrize(
    ("first", "reported"),
    [
        ("pass", True),
        ("config.train_ratio = config.batch_size * 64", False),
        ("config.train_ratio //= 2", True),
    ],
)
def test_a_ratio_that_the_script_overwrites_is_not_judged(tmp_path: Path, first: str, reported: bool) -> None:
    fork(tmp_path, "train_ratio: 32768", first=first)
    assert bool(found(tmp_path, name="dense-updates")) is reported


CHOOSES = "if config.robot:\n        run_robot(config)\n    else:\n        main(config)"


@pytest.mark.parametrize(
    ("starts", "robot", "reported"),
    [
        (CHOOSES, "True", False),
        (CHOOSES, "False", True),
        (CHOOSES.replace("config.robot", "not config.robot"), "True", True),
        ("main(config)", "True", True),
    ],
)
def test_another_function_than_main_has_another_schedule(
    tmp_path: Path, starts: str, robot: str, reported: bool
) -> None:
    fork(tmp_path, "steps: 1e4", "prefill: 5000", f"robot: {robot}", starts=starts)
    assert bool(found(tmp_path, name="long-prefill")) is reported


@pytest.mark.parametrize(
    ("words", "dialect"),
    [
        ("--steps 1e6 --device cuda:0 --batch_size 16", "nm512_torch"),
        ("--steps 1e6 --batch_size 16", "danijar"),  # a slip for --run.steps may be meant
        ("--run.steps 1e6 --device cuda:0 --steps 5", "danijar"),
    ],
)
def test_options_tell_the_program_of_a_script_without_presets(words: str, dialect: str, tmp_path: Path) -> None:
    command = f"python scripts/train_mine.py --configs dmc_proprio --task dmc_walker_walk {words}"
    assert check_command(read_command(shlex.split(command)), folder=tmp_path).dialect == dialect


@pytest.mark.parametrize("script", ["run_ppo.py --logdir x", "main_sac.py --logdir x", "run_other.py"])
def test_common_options_tell_nothing_of_other_algorithms(script: str, tmp_path: Path) -> None:
    command = f"python {script} --configs a.yaml --steps 5 --device cuda --lr 1e-4"
    with pytest.raises(UnknownProgram):
        check_command(read_command(shlex.split(command)), folder=tmp_path)


@pytest.mark.parametrize("repeat", ["1e-320", "1e-300", "0.5"])
def test_a_repeat_below_one_has_no_episode(repeat: str, tmp_path: Path) -> None:
    for name, text in with_torch_preset("task: dmc_walker_walk").items():
        (tmp_path / name).write_text(text)
    command = f"python dreamer.py --configs mine --logdir x --action_repeat {repeat} --dataset_size 400"
    found = check_command(read_command(shlex.split(command)), folder=tmp_path).active
    assert not [item for item in found if item.name == "small-replay" and item.severity is Severity.ERROR]


def test_a_key_with_a_dot_is_no_mapping(tmp_path: Path) -> None:
    for name, text in with_torch_preset("envs.amount: 8").items():
        (tmp_path / name).write_text(text)
    command = "python dreamer.py --configs mine --task dmc_walker_walk --logdir x"
    names = {item.name for item in check_command(read_command(shlex.split(command)), folder=tmp_path).active}
    assert "wrong-type" not in names and "unread-key" in names


@pytest.mark.parametrize(("words", "severity"), [("", Severity.WARNING), ("--steps 4e5", Severity.INFO)])
def test_a_dead_key_of_a_preset_whose_meaning_is_typed(words: str, severity: Severity, tmp_path: Path) -> None:
    for name, text in with_torch_preset("step: 2e6").items():
        (tmp_path / name).write_text(text)
    command = f"python dreamer.py --configs mine --task dmc_walker_walk --logdir x {words}"
    found = check_command(read_command(shlex.split(command)), folder=tmp_path).active
    assert [item.severity for item in found if item.name == "unread-key"] == [severity]
