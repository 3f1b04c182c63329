"""Files that a program reads first and that the checkout does not hold."""

import shlex
from pathlib import Path

import pytest

from dreamerguard.lint.engine import check_command
from dreamerguard.lint.repository import check_tree
from dreamerguard.rules.helpers.example_files import with_torch_preset
from dreamerguard.sources.argv import read_command

SCRIPT = """
import argparse, pathlib, sys, yaml
parser = argparse.ArgumentParser()
parser.add_argument("--configs", nargs="+")
{read}
"""
READ = 'configs = yaml.safe_load((pathlib.Path(sys.argv[0]).parent / "configs.yaml").read_text())'


def messages(folder: Path) -> list[str]:
    command = read_command(shlex.split("python dreamer.py --configs dmc_vision --logdir x"))
    found = check_command(command, folder=folder).findings
    return [item.message for item in found if item.name == "missing-presets"]


def test_presets_that_are_not_in_the_checkout(tmp_path: Path) -> None:
    (tmp_path / "dreamer.py").write_text(SCRIPT.format(read=READ))
    (message,) = messages(tmp_path)
    assert "configs.yaml" in message and ".gitignore" not in message
    (tmp_path / ".gitignore").write_text("logdir\n*.yaml\n")
    (message,) = messages(tmp_path)
    assert ".gitignore excludes it" in message
    (tmp_path / "configs.yaml").write_text(with_torch_preset("seed: 1")["configs.yaml"])
    assert messages(tmp_path) == []


@pytest.mark.parametrize(
    "read",
    [
        f"path = pathlib.Path(sys.argv[0])\nif path.exists():\n    {READ}",
        'configs = yaml.safe_load(pathlib.Path("configs.yaml").read_text())',
        f"try:\n    {READ}\nexcept FileNotFoundError:\n    pass",
    ],
)
def test_presets_that_may_lie_elsewhere(read: str, tmp_path: Path) -> None:
    (tmp_path / "dreamer.py").write_text(SCRIPT.format(read=read))
    assert messages(tmp_path) == []


def test_another_file_that_may_be_missing_says_nothing_of_the_presets(tmp_path: Path) -> None:
    elsewhere = "x = 1\n" * 200 + 'if (pathlib.Path("logs") / "latest.pt").exists():\n    pass'
    (tmp_path / "dreamer.py").write_text(SCRIPT.format(read=f"{READ}\n{elsewhere}"))
    assert len(messages(tmp_path)) == 1


def test_a_script_that_is_not_here_is_not_judged(tmp_path: Path) -> None:
    assert messages(tmp_path) == []


FILES = {
    "config.yaml": "defaults:\n  - algo: default\n  - exp: ???\n  - _self_\n",
    "algo/default.yaml": "name: ???\ncls: sheeprl.own\n",
    "algo/dreamer_v3.yaml": "defaults:\n  - default\n  - _self_\nname: dreamer_v3\n",
    "exp/right.yaml": "# @package _global_\ndefaults:\n  - override /algo: dreamer_v3\n  - _self_\n",
}


def test_an_empty_experiment(tmp_path: Path) -> None:
    for name, text in FILES.items():
        path = tmp_path / "sheeprl" / "configs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def found() -> list[str]:
        outcome = check_tree([tmp_path], folder=tmp_path)
        items = [item for result in outcome.results for item in result.findings]
        return [item.primary.span.source.name for item in items if item.name == "missing-value"]

    assert found() == []
    (tmp_path / "sheeprl" / "configs" / "exp" / "mine.yaml").write_text("# @package _global_\n\n")
    assert found() == ["sheeprl/configs/exp/mine.yaml"]
    (tmp_path / "sheeprl/configs/exp/default.yaml").write_text("# @package _global_\n")
    assert found() == ["sheeprl/configs/exp/mine.yaml"]
