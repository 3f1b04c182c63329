"""Configurations that Python code makes of presets: which file of presets it takes, and whether it trains."""

from pathlib import Path

import pytest

from dreamerguard.core.finding import Severity
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.repository import check_tree
from dreamerguard.programs.registry import UnknownProgram
from dreamerguard.rules.helpers.example_files import with_preset, with_torch_preset
from dreamerguard.sources.argv import read_command

CODE = """
{imports}
def main():
    config = embodied.Config({presets}['defaults'])
    config = config.update({presets}['mine'])
    config = config.update({{'logdir': 'x', 'run.steps': {steps}, 'run.train_ratio': 32}})
    {runs}
"""
DEFAULTS = {"imports": "import dreamerv3, embodied", "presets": "dreamerv3.Agent.configs", "steps": "1e6", "runs": ""}


def write(folder: Path, home: str, package: str, **parts: str) -> None:
    (folder / home / package).mkdir(parents=True)
    presets = with_preset("seed: 1")["dreamerv3/configs.yaml"]
    (folder / home / package / "configs.yaml").write_text(presets)
    (folder / home / package / "agent.py").write_text("class Agent: pass\n")
    (folder / home / "own.py").write_text(CODE.format(**{**DEFAULTS, **parts}))


def torch(folder: Path) -> None:
    folder.mkdir()
    (folder / "configs.yaml").write_text(with_torch_preset("seed: 2")["configs.yaml"])
    (folder / "dreamer.py").write_text("import torch\n")


@pytest.mark.parametrize(
    ("given", "typed", "errors"),
    [
        ("'--task', sys.argv[1], '--seed', sys.argv[2]", "dmc_walker_walk 3", set()),
        ("'--seed', sys.argv[1]", "lots", {"wrong-type"}),
        ("'--seed', sys.argv[2]", "dmc_walker_walk", set()),  # not typed
        ("*sys.argv[1:]", "--seed lots", {"wrong-type"}),
    ],
)
def test_typed_words_stand_where_the_launcher_takes_them(
    given: str, typed: str, errors: set[str], tmp_path: Path
) -> None:
    for name, text in with_preset("seed: 1").items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "dreamerv3/main.py").write_text("")
    run = f"subprocess.run(['python', 'dreamerv3/main.py', '--configs', 'mine', '--logdir', 'x', {given}])"
    (tmp_path / "go.py").write_text(f"import subprocess, sys\n{run}\n")
    found = check_command(read_command(["python", "go.py", *typed.split()]), folder=tmp_path).active
    assert {item.name for item in found if item.severity is Severity.ERROR} == errors


def loud(folder: Path) -> set[str]:
    found = [item for result in check_tree([folder], folder=folder).results for item in result.findings]
    return {item.name for item in found if item.severity is not Severity.INFO}


@pytest.mark.parametrize(
    "package, parts",
    [
        ("dreamerv3", {}),
        ("dreamerv3", {"imports": "from dreamerv3 import agent as agt", "presets": "agt.Agent.configs"}),
        ("rl/wm", {"imports": "from rl.wm import Agent", "presets": "Agent.configs"}),
        ("wm", {"imports": "import wm.agent as wm_agent", "presets": "wm_agent.Agent.configs"}),
    ],
)
def test_code_takes_the_presets_of_the_package_that_it_imports(
    package: str, parts: dict[str, str], tmp_path: Path
) -> None:
    write(tmp_path, "jax", package, **parts)
    torch(tmp_path / "pytorch")
    assert not {"unknown-key", "unknown-preset", "missing-script"} & loud(tmp_path)
    result = check_command(read_command(["python", "jax/own.py"]), folder=tmp_path)
    assert not {"unknown-key", "unknown-preset", "missing-script"} & {item.name for item in result.active}
    inside = check_command(read_command(["python", "own.py"]), folder=tmp_path / "jax")
    assert inside.run.settings["run.steps"].value == 1e6


def test_an_installed_package_is_not_the_only_presets_of_the_checkout(tmp_path: Path) -> None:
    torch(tmp_path / "pytorch")
    (tmp_path / "own.py").write_text(CODE.format(**DEFAULTS))
    assert not loud(tmp_path) & {"unknown-key", "missing-script"}


def test_a_preset_that_the_imported_package_lacks(tmp_path: Path) -> None:
    write(tmp_path, "jax", "dreamerv3")
    text = (tmp_path / "jax/own.py").read_text().replace("['mine']", "['yours']")
    (tmp_path / "jax/own.py").write_text(text)
    assert "unknown-preset" in loud(tmp_path)


@pytest.mark.parametrize(
    "runs, short",
    [
        ("embodied.run.train(agent, env, args)", True),
        ("embodied.run.train_eval(agent, env, args)", True),
        ("# embodied.run.train(agent, env, args)\n    embodied.run.eval_only(agent, env, args)", False),
        ("dreamerv3.embodied.run.eval_only(agent, env, args)", False),
        ("embodied.run.train(a)\n    embodied.run.eval_only(a)", True),
        ("pass", True),
    ],
)
def test_code_that_only_evaluates_has_no_length_of_training(runs: str, short: bool, tmp_path: Path) -> None:
    write(tmp_path, ".", "dreamerv3", steps="1000", runs=runs)
    assert ("run-too-short" in loud(tmp_path)) is short


def test_code_that_nothing_recognises_stays_unknown(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("import dreamerv3\nprint(dreamerv3)\n")
    with pytest.raises(UnknownProgram):
        check_command(read_command(["python", "own.py"]), folder=tmp_path)


@pytest.mark.parametrize(
    ("runs", "own"),
    [
        ("def make_env():\n        return from_gym.FromGym(thing)", True),
        ("def make_env():\n        return main.make_env(config)", False),
    ],
)
def test_code_that_makes_environments_in_a_function_of_its_own(runs: str, own: bool, tmp_path: Path) -> None:
    write(tmp_path, ".", "dreamerv3", runs=runs)
    (run,) = (result.run for result in check_tree([tmp_path], folder=tmp_path).results if not result.run.whole)
    task = run.settings["task"]
    assert (task.last.kind == "command line") is own
    assert ("FromGym" in str(task.value)) is own


GIVEN = """
import sys
from {package}.main import main
sys.argv {sign} ["own", "--configs", "mine", "--logdir", "x", {words}]
main()
"""


def given(folder: Path, sign: str, words: str) -> set[str]:
    write(folder, "", "dreamerv3")
    (folder / "own.py").write_text(GIVEN.format(package="dreamerv3", sign=sign, words=words))
    return loud(folder)


@pytest.mark.parametrize("sign", ["=", "+="])
def test_words_that_code_gives_to_the_program_are_judged(sign: str, tmp_path: Path) -> None:
    assert "unknown-key" in given(tmp_path, sign, '"--run.trian_ratio", "32"')
    result = check_command(read_command(["python", "own.py"]), folder=tmp_path)
    (found,) = [item for item in result.active if item.name == "unknown-key"]
    assert found.key == "run.trian_ratio" and found.primary.span.line == 4


def test_words_that_fit_are_not_reported(tmp_path: Path) -> None:
    assert not {"unknown-key", "malformed-override"} & given(tmp_path, "=", '"--run.train_ratio", "512"')


def test_typed_words_stand_where_the_code_keeps_them(tmp_path: Path) -> None:
    given(tmp_path, "+=", '"--seed", "1"')
    result = check_command(read_command(["python", "own.py", "--sed", "2"]), folder=tmp_path)
    assert [item.key for item in result.active if item.name == "unknown-key"] == ["sed"]
