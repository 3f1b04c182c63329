"""Scripts whose call of the main function is a comment, and trainers that a command starts without presets."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from dreamerguard.core.result import Result
from dreamerguard.lint.engine import check_command
from dreamerguard.programs.registry import UnknownProgram
from dreamerguard.rules.helpers.example_files import with_preset, with_torch_preset
from dreamerguard.sources.argv import read_command

SCRIPT = """
import argparse
from parallel import launch_all
import trainer

def main(config):
    pass

class Runner:
    pass

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--configs", nargs="+")
    config = parser.parse_args()
    {start}
    # main(config)
"""


def check(root: Path, command: str) -> Result:
    return check_command(read_command(shlex.split(command)), folder=root)


@pytest.mark.parametrize(
    ("start", "named"),
    [
        ("print(config)", True),
        ("main(config)", False),
        ("Runner().go()", False),
        ("launch_all(config)", False),
        ("trainer.run(config)", False),
    ],
)
def test_a_main_function_that_nothing_calls(start: str, named: bool, tmp_path: Path) -> None:
    (tmp_path / "configs.yaml").write_text(with_torch_preset("seed: 1")["configs.yaml"])
    (tmp_path / "dreamer.py").write_text(SCRIPT.format(start=start))
    found = [item.message for item in check(tmp_path, "python dreamer.py --configs mine --logdir x").findings]
    assert any("dreamer.py:17 is a comment" in text for text in found) is named


def test_the_trainer_of_another_package_needs_no_presets(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "configs.yaml").write_text(with_preset("seed: 1")["dreamerv3/configs.yaml"])
    (tmp_path / "words" / "train.py").write_text("import embodied\n")
    result = check(tmp_path, "python words/train.py --logdir x --task crafter_reward --run.train_ratoi 32")
    assert result.dialect == "danijar"
    assert "unknown-key" in {item.name for item in result.findings}


def test_a_trainer_beside_other_presets_is_not_this_program(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "configs.yaml").write_text("defaults:\n  epochs: 3\n")
    (tmp_path / "words" / "train.py").write_text("import torch\n")
    with pytest.raises(UnknownProgram):
        check(tmp_path, "python words/train.py --logdir x --task crafter_reward")
