"""A script is followed with its arguments only where it, or a file that it or they name, may train."""

from __future__ import annotations

from pathlib import Path

import pytest

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import Command
from dreamerguard.sources.commands.called_programs import may_train
from dreamerguard.sources.commands.nearby_files import reading_in
from dreamerguard.sources.commands.shell import read_shell
from dreamerguard.util.check_cache import check_cache_scope

WRAPPER = '#!/bin/bash\nwhile [ $# -gt 0 ]; do\ncase "$1" in\n-p) shift; python "$@"; exit;;\nesac\ndone\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/plot.py").write_text("print('a plot')\n")
    (tmp_path / "tools/agent.py").write_text("import embodied\n")
    (tmp_path / "train.py").write_text("print('another algorithm')\n")
    (tmp_path / "wrapper.sh").write_text(WRAPPER)
    (tmp_path / "inner.sh").write_text("./go.sh $1\n")
    (tmp_path / "go.sh").write_text("python -m sheeprl exp=$1\n")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "may"),
    [
        (("-p", "tools/plot.py", "--task", "x"), False),
        (("-p", "train.py", "--task", "x"), False),  # it is there, and trains something else
        (("-p", "tools/agent.py"), True),
        (("-p", "tools/missing_plot.py"), False),
        (("-p", "tools/missing_train.py"), True),
        (("-p", "-m", "tools.agent"), True),
        (("-p", "-m", "tools.plot"), False),
        (("-p", "anything", "--configs", "dmc_vision"), True),
    ],
)
def test_arguments_decide_about_a_wrapper(checkout: Path, arguments: tuple[str, ...], may: bool) -> None:
    with reading_in(checkout, checkout):
        assert may_train(Source("wrapper.sh", WRAPPER), arguments) is may


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("python dreamer.py $1\n", True),
        ("python tools/plot.py $1\n", False),
        ("./go.sh $1\n", True),
        ("ls $1\n", False),
    ],
)
def test_what_a_script_names_decides_for_all_arguments(checkout: Path, text: str, may: bool) -> None:
    with reading_in(checkout, checkout), check_cache_scope():
        assert [may_train(Source("x.sh", text), (word,)) for word in "ab"] == [may, may]


def test_only_calls_that_may_train_are_followed(checkout: Path) -> None:
    (checkout / "wrapper.sh").write_text('python "$@"\n')
    text = "./wrapper.sh tools/plot.py --a 1\n./wrapper.sh tools/agent.py --b 2\n"
    with reading_in(checkout, checkout):
        found = [_texts(command) for command in read_shell(Source("README", text))]
    assert ["python", "tools/agent.py", "--b", "2"] in found
    assert ["python", "tools/plot.py", "--a", "1"] not in found


def _texts(command: Command) -> list[str]:
    return [word.text for word in command.words]
