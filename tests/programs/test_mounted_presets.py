"""Presets that a script puts below a name of its configuration."""

import shlex
import time
from pathlib import Path

import pytest

from dreamerguard.core.finding import Severity
from dreamerguard.core.result import Result
from dreamerguard.lint.engine import check_command
from dreamerguard.programs.danijar.editions import EDITIONS
from dreamerguard.programs.registry import UnknownProgram
from dreamerguard.sources.argv import read_command

SCRIPT = """
import embodied, ruamel.yaml as yaml, town
def main(argv=None):
    presets = yaml.YAML(typ="safe").load((embodied.Path(__file__).parent / "settings.yaml").read())
    config = embodied.Config({"brain": presets["defaults"]})
    config = config.update({"brain": presets["light"]})
    # config = config.update({"brain": presets["heavy"]})
    parsed, other = embodied.Flags(task=["park"]).parse_known(argv)
    for name in parsed.task:
        env, theirs = town.create(name, argv)
        config = config.update(theirs)
    config = embodied.Flags(config).parse(other)
"""
TASKS = """
park:
  env: {cars: 3}
  brain:
    encoder.cnn_keys: sky
    decoder.cnn_keys: sky
    run.steps: 2e6
cross:
  env: {cars: 9}
  brain: {encoder.cnn_keys: map, decoder.cnn_keys: map, new.key: 1}
"""


def written(tmp_path: Path, **changed: object) -> Path:
    """Writes a checkout with upstream's keys, and with other values for some of them."""
    defaults = dict(EDITIONS["2023"].load().defaults)
    defaults |= {"encoder.cnn_keys": "none", "encoder.mlp_keys": "none", "decoder.cnn_keys": "none"}
    defaults |= {"decoder.mlp_keys": "none", **{key.replace("__", "."): value for key, value in changed.items()}}
    lines = [f"  {key}: {list(value) if isinstance(value, tuple) else value!r}" for key, value in defaults.items()]
    presets = "\n".join(["defaults:", *lines, "light:", "  rssm.deter: 256", "heavy:", "  rssm.deter: 4096", ""])
    for name, text in {
        "README.md": "", "brain/start.py": SCRIPT, "brain/settings.yaml": presets, "town/maps/tasks.yaml": TASKS,
        "brain/evaluate.py": SCRIPT, "brain/plain.py": "import embodied\n",
    }.items():  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def check(folder: Path, command: str) -> Result:
    return check_command(read_command(shlex.split(command)), folder=folder)


def loud(result: Result) -> set[str]:
    return {finding.name for finding in result.active if finding.severity is not Severity.INFO}


def test_layers(tmp_path: Path) -> None:
    result = check(written(tmp_path), "python -u brain/start.py --task park --env.cars 4 --brain.batch_size 8")
    settings = result.run.settings
    assert result.run.dialect == "danijar" and result.run.seen and not result.active
    assert settings["rssm.deter"].value == 256 and settings["batch_size"].value == 8
    assert settings["encoder.cnn_keys"].value == "sky" and settings["run.steps"].value == 2e6
    assert "nothing is published for park" in result.judged.text


def test_task_of_a_command_that_names_none(tmp_path: Path) -> None:
    assert check(written(tmp_path), "python brain/start.py").run.settings["encoder.cnn_keys"].value == "sky"


def test_keys_that_the_environment_adds_are_not_judged(tmp_path: Path) -> None:
    result = check(written(tmp_path), "python brain/start.py --task cross")
    assert not result.active and result.run.settings["encoder.cnn_keys"].value == "map"


def test_an_unknown_key_below_the_name(tmp_path: Path) -> None:
    assert loud(check(written(tmp_path), "python brain/start.py --brain.run.stepz 1")) == {"unknown-key"}


def test_a_value_for_the_whole_group(tmp_path: Path) -> None:
    result = check(written(tmp_path), "python brain/start.py --task park --brain=heavy")
    assert loud(result) == {"wrong-type"} and "--brain is a group of settings" in result.active[0].message


@pytest.mark.parametrize("size, found", [(2, {"dense-updates"}), (4, {"dense-updates"}), (8, set()), (16, set())])
def test_an_extreme_rate_of_updates_is_no_choice(tmp_path: Path, size: int, found: set[str]) -> None:
    """At ratio 512, a batch of 4 x 8 makes 16 updates per agent step; 8 in a task of the user's own are a choice."""
    folder = written(tmp_path, batch_size=size, batch_length=8, run__train_ratio=512)
    assert loud(check(folder, "python brain/start.py --task park")) == found


@pytest.mark.parametrize("words", ["--task $TASK", "--task moon", "--task park cross"])
def test_of_an_unknown_task_only_the_command_is_judged(tmp_path: Path, words: str) -> None:
    folder = written(tmp_path, batch_size=2, batch_length=8, run__train_ratio=512)
    result = check(folder, f"python brain/start.py {words} --brain.seed 3")
    assert not result.active and set(result.run.settings) <= {"task", "seed"}
    assert loud(check(folder, f"python brain/start.py {words} --brain.seed much")) == {"wrong-type"}


def test_an_evaluation(tmp_path: Path) -> None:
    folder = written(tmp_path, batch_size=2, batch_length=8, run__train_ratio=512)
    result = check(folder, "python brain/evaluate.py --task park")
    assert not result.run.trains and not loud(result)


def test_a_script_without_presets(tmp_path: Path) -> None:
    with pytest.raises(UnknownProgram):
        check(written(tmp_path), "python brain/plain.py --task park")


def test_hostile_scripts_take_bounded_time(tmp_path: Path) -> None:
    folder = written(tmp_path)
    for text in ("\n" * 250_000, "Config(" * 35_000, "Config({'a': " * 20_000, " " * 250_000 + "#"):
        (folder / "brain/start.py").write_text(text)
        start = time.process_time()
        with pytest.raises(UnknownProgram):
            check(folder, "python brain/start.py --task park")
        assert time.process_time() - start < 2
