"""Forks of dreamerv3-torch that explore until the end of a run, and the file of presets that a script names."""

import shlex
from pathlib import Path

import pytest

from dreamerguard.core.result import Result
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.preset_check import check_presets
from dreamerguard.rules.helpers.example_files import with_torch_preset
from dreamerguard.sources.argv import read_command

COMMAND = "python dreamer.py --configs mine --logdir logs"
AFTER = """
    def _train(self, data):
        explores = self._should_expl(self._step)
        if not explores:
            self._task_behavior._train(data)
        else:
            self._expl_behavior.train(data)
"""
ALWAYS = """
    def _train(self, data):
        self._task_behavior._train(data)
        if not self._should_expl(self._step):
            print("the task")
"""
OFTEN = AFTER + "        self._task_behavior._train(data)\n"
ASKS_AGAIN = AFTER.replace("if not explores", "if not self._should_expl(self._step)")


def check(folder: Path, train: str, *, expl: str = "plan2explore", until: str = "3e5", words: str = "") -> Result:
    """Checks a preset of 2e5 steps with a script that has its own ``_train``."""
    text = with_torch_preset("steps: 2e5")["configs.yaml"]
    added = f"  seed: 0\n  expl_behavior: {expl}\n  expl_until: {until}"
    (folder / "configs.yaml").write_text(text.replace("  seed: 0", added))
    start = "import tools\nclass Dreamer:\n    def __init__(self, config):\n"
    (folder / "dreamer.py").write_text(f"{start}        self._should_expl = tools.Until(config.expl_until)\n{train}")
    return check_command(read_command(shlex.split(f"{COMMAND} {words}")), folder=folder)


def found(result: Result) -> bool:
    return any(finding.name == "untrained-policy" for finding in result.active)


@pytest.mark.parametrize("train", [AFTER, ASKS_AGAIN])
def test_training_only_after_the_exploration(tmp_path: Path, train: str) -> None:
    result = check(tmp_path, train)
    finding = next(item for item in result.active if item.name == "untrained-policy")
    assert finding.primary.span.text == "steps: 2e5" and "expl_until 300000" in finding.message


@pytest.mark.parametrize("train", [ALWAYS, OFTEN, "    def _train(self\n"])
def test_training_all_the_time_as_upstream(tmp_path: Path, train: str) -> None:
    assert not found(check(tmp_path, train))


@pytest.mark.parametrize("expl, until, words", [
    ("greedy", "3e5", ""), ("plan2explore", "1e5", ""), ("plan2explore", "0", ""),
    ("plan2explore", "3e5", "--steps 1e6"), ("plan2explore", "3e5", "--expl_until 2e5"),
])  # fmt: skip
def test_runs_that_train_the_policy_or_leave_it_out_on_purpose(
    tmp_path: Path, expl: str, until: str, words: str
) -> None:
    assert not found(check(tmp_path, AFTER, expl=expl, until=until, words=words))


def test_a_file_of_presets(tmp_path: Path) -> None:
    check(tmp_path, AFTER)
    result = check_presets(tmp_path / "configs.yaml")
    assert result is not None and found(result)


def named(folder: Path, script: str, **files: str) -> Result:
    (folder / "dreamer.py").write_text(script)
    for name, line in files.items():
        (folder / f"{name}.yaml").write_text(with_torch_preset(line)["configs.yaml"])
    return check_command(read_command(shlex.split(COMMAND)), folder=folder)


READS = 'import yaml, pathlib\nyaml.safe_load((pathlib.Path(__file__).parent / "{}").read_text())\n'


def test_the_file_that_a_script_names_instead(tmp_path: Path) -> None:
    result = named(tmp_path, READS.format("mine.yaml"), configs="seed: 1", mine="seed: 2")
    assert result.run.files == ("mine.yaml",) and result.run.settings["seed"].value == 2


@pytest.mark.parametrize("script", [
    READS.format("configs.yaml"),
    READS.format("mine.yaml") + READS.format("configs.yaml"),
    READS.format("mine.yaml") + READS.format("other.yaml"),
    READS.format("absent.yaml"),
    "import loader\nloader.load()\n",
])  # fmt: skip
def test_the_usual_file_where_the_script_names_it_several_or_none(tmp_path: Path, script: str) -> None:
    result = named(tmp_path, script, configs="seed: 1", mine="seed: 2", other="seed: 3")
    assert result.run.files == ("configs.yaml",) and result.run.settings["seed"].value == 1


def test_a_named_file_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "sim.yaml").write_text("defaults:\n  wind: 3\n")
    assert named(tmp_path, READS.format("sim.yaml"), configs="seed: 1").run.files == ("configs.yaml",)
