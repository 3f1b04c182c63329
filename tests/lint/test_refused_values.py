"""A value that the program refuses: nothing else is said about the value that it was meant to replace."""

from pathlib import Path

import pytest

from dreamerguard.lint.engine import check_command
from dreamerguard.rules.helpers.example_files import with_preset
from dreamerguard.sources.argv import read_command

COMMAND = "python dreamerv3/main.py --logdir x --task dmc_walker_walk"


def names(words: str, folder: Path) -> set[str]:
    return {item.name for item in check_command(read_command(f"{COMMAND} {words}".split()), folder=folder).active}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", {"low-train-ratio"}),
        ("--run.train_ratio abc", {"wrong-type"}),
        ("--run.train_ratio 32", {"low-train-ratio"}),
        ("--run.train_ratio 32 --seed abc", {"low-train-ratio", "wrong-type"}),
        ("--batch_size abc", {"wrong-type"}),
    ],
)
def test_a_ratio_that_nobody_set_is_not_judged(words: str, found: set[str], tmp_path: Path) -> None:
    assert names(words, tmp_path) & {"low-train-ratio", "wrong-type"} == found


def test_each_earlier_value_of_a_setting_is_named_once_as_the_first(tmp_path: Path) -> None:
    for name, text in with_preset("run.train_ratio: 512").items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    command = read_command(f"{COMMAND} --configs mine --run.train_ratio 4".split())
    (found,) = [item for item in check_command(command, folder=tmp_path).active if item.name == "low-train-ratio"]
    assert [label.message.split(" was set ")[-1] for label in found.secondary] == ["here first", "again here"]
