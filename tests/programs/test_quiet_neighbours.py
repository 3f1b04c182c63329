"""Settings of a fork that cost nothing are no warnings; their neighbours are."""

import shlex
from pathlib import Path

import pytest

from dreamerguard.lint.engine import check_command
from dreamerguard.lint.repository import check_tree
from dreamerguard.rules.helpers.example_files import with_torch_preset
from dreamerguard.sources.argv import read_command
from tests.programs.test_forks import fork


@pytest.mark.parametrize(
    ("value", "severity"),
    [("False", "info"), ("null", "info"), ("''", "info"), ("0", "info"), ("True", "warning"), ("7", "warning")],
)
def test_a_dead_default_that_asks_for_nothing(value: str, severity: str, tmp_path: Path) -> None:
    fork(tmp_path)
    path = tmp_path / "configs.yaml"
    path.write_text(path.read_text().replace("defaults:\n", f"defaults:\n  save_movies: {value}\n"), encoding="utf-8")
    (tmp_path / "requirements.txt").write_text("", encoding="utf-8")
    found = [item for result in check_tree([tmp_path]).results for item in result.active if item.name == "dead-key"]
    assert {(item.key, item.severity.value) for item in found if item.key == "save_movies"} == {
        ("save_movies", severity)
    }


@pytest.mark.parametrize(
    ("more", "empty"),
    [("", True), (", text_keys: 'text'", False), (", text_keys: '$^'", True), (", text_keys: ''", True)],
)
def test_an_encoder_with_inputs_of_another_kind(more: str, empty: bool, tmp_path: Path) -> None:
    text = with_torch_preset(f"encoder: {{cnn_keys: '$^', mlp_keys: '$^'{more}}}")["configs.yaml"]
    (tmp_path / "configs.yaml").write_text(text, encoding="utf-8")
    command = read_command(shlex.split("python dreamer.py --configs mine --logdir x"))
    found = {item.name for item in check_command(command, folder=tmp_path).findings}
    assert ("no-inputs" in found) is empty


@pytest.mark.parametrize(
    ("task", "reported"),
    [("dmc_reacher_target", False), ("dmc_reacher_easy", True), ("dmc_reacher_esay", True)],
)
@pytest.mark.parametrize(
    "command",
    [
        "python dreamer.py --configs dmc_proprio --task {task} --logdir x --action_repeat 4",
        "python train.py env=dmc_proprio env.task={task} env.action_repeat=4",
    ],
)
def test_nothing_is_published_for_the_action_repeat_of_a_task_of_ones_own(
    command: str, task: str, reported: bool, tmp_path: Path
) -> None:
    result = check_command(read_command(shlex.split(command.format(task=task))), folder=tmp_path)
    assert ("changed-action-repeat" in {item.name for item in result.findings}) is reported


def severities(folder: Path, command: str) -> dict[str, str]:
    found = check_command(read_command(shlex.split(command)), folder=folder).findings
    return {item.name: item.severity.value for item in found}


@pytest.mark.parametrize(("every", "severity"), [("2e5", "info"), ("2.5e5", "info"), ("5e5", "warning")])
def test_few_evaluations_are_a_choice(every: str, severity: str, tmp_path: Path) -> None:
    command = f"python dreamer.py --configs dmc_proprio --task dmc_walker_walk --logdir x --eval_every {every}"
    assert severities(tmp_path, command).get("sparse-logging") == severity


@pytest.mark.parametrize(("rate", "severity"), [("1e-7", "warning"), ("1e-5", "info"), ("5e-5", None)])
def test_a_learning_rate_of_a_fork(rate: str, severity: str | None, tmp_path: Path) -> None:
    for name, text in with_torch_preset(f"model_lr: {rate}", "task: own_task").items():
        (tmp_path / name).write_text(text)
    assert severities(tmp_path, "python dreamer.py --configs mine --logdir x").get("changed-constant") == severity


def test_the_value_of_a_dead_key_is_not_judged(tmp_path: Path) -> None:
    fork(tmp_path)
    command = "python dreamer.py --configs mine --logdir x --eval_every 1 --action_repeat 2"
    read = severities(tmp_path, command)
    for script in tmp_path.glob("*.py"):
        script.write_text(script.read_text().replace("eval_every", "log_every"))
    unread = severities(tmp_path, command)
    assert "zero-interval" in read and "dead-key" not in read
    assert "zero-interval" not in unread and "dead-key" in unread
