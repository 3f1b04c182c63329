"""Forks are judged by their own Python, not by upstream's tables."""

import shlex
from pathlib import Path

import pytest

from dreamerguard.core.finding import Severity
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.preset_check import check_presets
from dreamerguard.programs.registry import UnknownProgram
from dreamerguard.rules.helpers.example_files import with_preset, with_torch_preset
from dreamerguard.sources.argv import read_command

TRAINER = """
import argparse, pathlib
def main(config):
    print(config.train_ratio, config.dyn_deter, config.batch_size, config.batch_length, config.seed, config.steps)
    print(config.prefill, config.pretrain, config.eval_every, config.log_every, config.dataset_size, config.size)
    print(config.task, config.logdir, config.envs, config.action_repeat, config.critic["layers"], config.grayscale)
    {more}
parser = argparse.ArgumentParser()
parser.add_argument("--configs", nargs="+")
args, rest = parser.parse_known_args()
configs = pathlib.Path("configs.yaml")
{parse}
"""


def fork(folder: Path, more: str = "", parse: str = "main(parser.parse_args(rest))", preset: str = "seed: 1") -> None:
    (folder / "configs.yaml").write_text(with_torch_preset(preset)["configs.yaml"], encoding="utf-8")
    (folder / "dreamer.py").write_text(TRAINER.format(more=more, parse=parse), encoding="utf-8")


def check(folder: Path, command: str) -> dict[str, tuple[str, Severity]]:
    result = check_command(read_command(shlex.split(command)), folder=folder)
    return {item.key: (item.name, item.severity) for item in result.findings if item.key}


COMMAND = "python dreamer.py --configs mine --logdir x"


def test_a_key_that_the_fork_reads_is_alive(tmp_path: Path) -> None:
    fork(tmp_path, "print(config.horizon)", preset="horizon: 200")
    assert "horizon" not in check(tmp_path, COMMAND)
    assert check(tmp_path, f"{COMMAND} --horizon 3") == {}


def test_a_key_that_the_fork_declares_and_never_reads_is_dead(tmp_path: Path) -> None:
    fork(tmp_path, preset="my_speed: 200")
    assert check(tmp_path, COMMAND)["my_speed"] == ("unread-key", Severity.INFO)
    result = check_presets(tmp_path / "configs.yaml")
    assert result is not None
    assert [(item.name, item.severity) for item in result.findings if item.key == "my_speed"] == [
        ("unread-key", Severity.WARNING)
    ]


def test_a_default_that_nothing_reads_is_dead_at_its_declaration(tmp_path: Path) -> None:
    fork(tmp_path)
    path = tmp_path / "configs.yaml"
    path.write_text(path.read_text().replace("  seed: 0", "  seed: 0\n  my_speed: 3"), encoding="utf-8")
    result = check_presets(path)
    assert result is not None
    (found,) = (item for item in result.findings if item.key == "my_speed")
    assert (found.name, found.severity, found.primary.span.text) == ("dead-key", Severity.WARNING, "my_speed: 3")
    assert check(tmp_path, f"{COMMAND} --my_speed 9")["my_speed"][0] == "dead-key"
    assert "my_speed" not in check(tmp_path, COMMAND)


@pytest.mark.parametrize("more", ["getattr(config, name)", "f(**vars(config))", "library(**config)"])
def test_doubt_keeps_quiet(more: str, tmp_path: Path) -> None:
    fork(tmp_path, more, preset="my_speed: 200")
    _, severity = check(tmp_path, COMMAND).get("my_speed", ("", Severity.INFO))
    assert severity is Severity.INFO


def test_a_known_alias_needs_a_clear_read(tmp_path: Path) -> None:
    fork(tmp_path, "print(logger.step)", preset="step: 2e6")
    assert check(tmp_path, COMMAND)["step"] == ("unread-key", Severity.WARNING)
    fork(tmp_path, "print(config.step)", preset="step: 2e6")
    assert "step" not in check(tmp_path, COMMAND)


@pytest.mark.parametrize(("preset", "loud"), [("step: 1e8", True), ("step: 2e6", True), ("my_speed: 5", False)])
def test_a_mistake_in_a_preset_is_loud_in_a_command_if_the_author_meant_another_key(
    preset: str, loud: bool, tmp_path: Path
) -> None:
    fork(tmp_path, preset=preset)
    ((name, severity),) = (found for key, found in check(tmp_path, COMMAND).items() if key in ("step", "my_speed"))
    assert (name, severity) == ("unread-key", Severity.WARNING if loud else Severity.INFO)
    result = check_presets(tmp_path / "configs.yaml")
    assert result is not None
    assert [item.severity for item in result.findings if item.name == "unread-key"] == [Severity.WARNING]


@pytest.mark.parametrize(("test", "rules"), [("self._every < 0", set()), ("not self._every", {"negative-ratio"})])
def test_a_negative_ratio_is_fine_where_the_forks_class_has_a_branch_for_it(
    test: str, rules: set[str], tmp_path: Path
) -> None:
    fork(tmp_path)
    call = f"    def __call__(self, step):\n        if {test}:\n            return 1\n"
    (tmp_path / "tools.py").write_text(f"class Every:\n{call}", encoding="utf-8")
    result = check_command(read_command(shlex.split(f"{COMMAND} --train_ratio -1")), folder=tmp_path)
    assert {item.name for item in result.findings if item.severity is Severity.ERROR} == rules


def test_options_of_a_second_parser_exist(tmp_path: Path) -> None:
    parse = "c, more = parser.parse_known_args(rest)\nq = argparse.ArgumentParser()\nq.add_argument('--noise')\n"
    fork(tmp_path, parse=parse + "q.parse_args(more)")
    assert "noise" not in check(tmp_path, f"{COMMAND} --noise drift")
    assert check(tmp_path, f"{COMMAND} --nois_ drift")["nois_"] == ("unknown-key", Severity.ERROR)


def test_options_that_isaac_lab_adds_to_a_parser_exist(tmp_path: Path) -> None:
    parse = "q = argparse.ArgumentParser()\nAppLauncher.add_app_launcher_args(q)\nc, more = q.parse_known_args(rest)\n"
    fork(tmp_path, parse=parse + "parser.parse_args(more)")
    assert "enable_cameras" not in check(tmp_path, f"{COMMAND} --enable_cameras")
    assert check(tmp_path, f"{COMMAND} --enable_camera 1")["enable_camera"] == ("unknown-key", Severity.ERROR)


def test_options_that_a_lenient_script_ignores_are_information(tmp_path: Path) -> None:
    fork(tmp_path, parse="c, more = parser.parse_known_args(rest)")
    assert check(tmp_path, f"{COMMAND} --noise drift")["noise"][1] is Severity.INFO


def test_a_script_with_a_parser_of_another_kind_is_another_program(tmp_path: Path) -> None:
    fork(tmp_path)
    (tmp_path / "evaluate.py").write_text(
        "import argparse\nfrom dreamer import main\np = argparse.ArgumentParser()\np.add_argument('--config')\n"
    )
    with pytest.raises(UnknownProgram):
        check(tmp_path, "python evaluate.py --config mine --episodes 3")


def test_a_log_directory_that_code_sets_is_not_missing(tmp_path: Path) -> None:
    fork(tmp_path)
    assert check(tmp_path, "python dreamer.py --configs mine")["logdir"][0] == "missing-logdir"
    fork(tmp_path, "config.logdir = config.logdir or 'runs'")
    assert "logdir" not in check(tmp_path, "python dreamer.py --configs mine")


def test_a_nested_log_directory_counts(tmp_path: Path) -> None:
    command = "python dreamerv3/train.py --task carla_four --dreamerv3.logdir L"
    assert "logdir" not in check(tmp_path, command)


def test_a_package_with_requirements_is_not_the_checkout(tmp_path: Path) -> None:
    fork(tmp_path, preset="my_speed: 200")
    package = tmp_path / "agent"
    package.mkdir()
    for name in ("configs.yaml", "dreamer.py"):
        (tmp_path / name).rename(package / name)
    (package / "requirements.txt").write_text("torch\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "other.py").write_text("print(config.my_speed)\n")
    assert "my_speed" not in check(package, COMMAND)


@pytest.mark.parametrize(
    ("default", "value", "wrong"),
    [
        ("False", "''", False),
        ("False", "logs/model.pt", False),
        ("''", "3", False),
        ("True", "1", False),
        ("3", "many", True),
        ("False", "'true'", True),
    ],
)
def test_a_preset_may_replace_a_default_that_means_not_set(
    default: str, value: str, wrong: bool, tmp_path: Path
) -> None:
    fork(tmp_path, "print(config.model)", preset=f"model: {value}")
    path = tmp_path / "configs.yaml"
    path.write_text(path.read_text().replace("  seed: 0", f"  seed: 0\n  model: {default}"), encoding="utf-8")
    assert (check(tmp_path, COMMAND).get("model", ("",))[0] == "wrong-type") is wrong


def test_a_preset_that_the_fork_moved_to_another_suite_fits_its_tasks(tmp_path: Path) -> None:
    (tmp_path / "dreamerv3").mkdir()
    text = with_preset("task: atari_pong")["dreamerv3/configs.yaml"].replace("mine:", "atari100k:")
    command = "python dreamerv3/main.py --configs atari100k --task {} --logdir x"
    (tmp_path / "dreamerv3" / "configs.yaml").write_text(text, encoding="utf-8")
    assert check(tmp_path, command.format("atari100k_qbert"))["task"][0] == "mismatched-preset"
    (tmp_path / "dreamerv3" / "configs.yaml").write_text(text.replace("atari_", "atari100k_"), encoding="utf-8")
    assert "task" not in check(tmp_path, command.format("atari100k_qbert"))


def test_a_script_that_is_not_there_is_another_program_unless_its_name_says_training(tmp_path: Path) -> None:
    fork(tmp_path)
    assert check(tmp_path, "python train_arm.py --configs mine")["logdir"][0] == "missing-logdir"
    with pytest.raises(UnknownProgram):
        check(tmp_path, "python visualizations.py --config mine --size 1m")


def test_a_preset_is_not_compared_where_code_makes_the_environment(tmp_path: Path) -> None:
    (tmp_path / "dreamerv3").mkdir()
    text = with_preset("task: bsuite_mnist/0", "run.train_ratio: 1024")["dreamerv3/configs.yaml"]
    (tmp_path / "dreamerv3" / "configs.yaml").write_text(text.replace("mine:", "bsuite:"), encoding="utf-8")
    code = (
        "config = embodied.Config(configs['defaults'])\nconfig = config.update(configs['bsuite'])\n"
        "config = config.update({'logdir': 'x', 'run.train_ratio': 64})\nenv = "
    )
    (tmp_path / "own.py").write_text(code + "gym.make('CartPole-v0')")
    result = check_command(read_command(["python", "own.py"]), folder=tmp_path)
    assert not result.active and "gym.make('CartPole-v0')" in result.judged.text
    (tmp_path / "own.py").write_text(code + "make_env(config)")
    result = check_command(read_command(["python", "own.py"]), folder=tmp_path)
    assert [item.name for item in result.active] == ["low-train-ratio"]


def test_presets_that_load_a_checkpoint_which_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "dreamerv3").mkdir()
    files = with_preset("run.from_checkpoint: logs/run1/checkpoint.ckpt")["dreamerv3/configs.yaml"]
    path = tmp_path / "dreamerv3" / "configs.yaml"
    path.write_text(files.replace("train_ratio: 32.0", "train_ratio: 32.0, from_checkpoint: ''"), encoding="utf-8")
    command = "python dreamerv3/main.py --configs mine --logdir x"
    assert check(tmp_path, command)["run.from_checkpoint"] == ("missing-checkpoint", Severity.ERROR)
    assert check(tmp_path, f"{command} --run.from_checkpoint ''") == {}
    result = check_presets(path)
    assert result is not None and "missing-checkpoint" in {item.name for item in result.findings}
    (tmp_path / "logs" / "run1").mkdir(parents=True)
    (tmp_path / "logs" / "run1" / "checkpoint.ckpt").write_text("")
    assert check(tmp_path, command)["run.from_checkpoint"][0] != "missing-checkpoint"


def test_a_task_without_a_suite_where_the_script_splits_it(tmp_path: Path) -> None:
    fork(tmp_path, "suite, task = config.task.split('_', 1)", preset="task: Walker2d-v4")
    assert check(tmp_path, COMMAND)["task"] == ("unknown-task", Severity.ERROR)
    fork(tmp_path, "suite, task = parse(config.task)", preset="task: Walker2d-v4")
    assert "task" not in check(tmp_path, COMMAND)


def test_a_suite_whose_module_the_checkout_lacks(tmp_path: Path) -> None:
    fork(tmp_path, "import envs.dmc as dmc", preset="task: dmc_walker_walk")
    (tmp_path / "envs").mkdir()
    (tmp_path / "envs" / "atari.py").write_text("")
    assert check(tmp_path, COMMAND)["task"] == ("missing-module", Severity.ERROR)
    (tmp_path / "envs" / "dmc.py").write_text("")
    assert "task" not in check(tmp_path, COMMAND)


def test_a_key_that_the_script_adds_is_an_option(tmp_path: Path) -> None:
    fork(tmp_path, parse="values.setdefault('eval_only', False)\nmain(parser.parse_args(rest))")
    assert "eval_only" not in check(tmp_path, f"{COMMAND} --eval_only True")
    assert check(tmp_path, f"{COMMAND} --eval_onyl True")["eval_onyl"][1] is Severity.ERROR


def test_a_script_in_a_package_that_the_checkout_lacks_is_another_program(tmp_path: Path) -> None:
    (tmp_path / "dreamerv3").mkdir()
    text = with_preset("seed: 1")["dreamerv3/configs.yaml"]
    (tmp_path / "dreamerv3" / "configs.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UnknownProgram):
        check(tmp_path, "python recall/train.py --configs mine --logdir x")
    assert check(tmp_path, "python dreamerv3/main.py --configs mine --logdir x") == {}


def test_an_interval_that_the_fork_counts_in_steps_has_no_wrong_unit(tmp_path: Path) -> None:
    (tmp_path / "dreamerv3").mkdir()
    (tmp_path / "embodied" / "run").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    text = with_preset("seed: 1")["dreamerv3/configs.yaml"]
    (tmp_path / "dreamerv3" / "configs.yaml").write_text(text, encoding="utf-8")
    script = tmp_path / "embodied" / "run" / "train.py"
    command = "python dreamerv3/main.py --configs mine --logdir x --run.save_every 50000"
    script.write_text("should_save = Clock(args.save_every)\n")
    assert check(tmp_path, command)["run.save_every"] == ("interval-unit", Severity.WARNING)
    script.write_text("should_save = embodied.when.Every(args.save_every)\n")
    assert "run.save_every" not in check(tmp_path, command)


def test_deep_keys_of_a_group_that_is_handed_on_are_read(tmp_path: Path) -> None:
    fork(tmp_path, "simulator.make(config.controller)", preset="controller: {arm: {right: {gain: 3}}}")
    assert check(tmp_path, COMMAND) == {}
