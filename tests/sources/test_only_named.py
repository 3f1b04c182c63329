"""Commands that name a training program without starting it, and their neighbours that do start it."""

from pathlib import Path

import pytest

from dreamerguard.core.source import Source
from dreamerguard.lint.repository import check_tree
from dreamerguard.sources.commands.launch import read_launch
from dreamerguard.sources.commands.readers import reader_for


def programs(name: str, text: str) -> list[str]:
    source = Source(name, text)
    found = (read_launch(command) for command in reader_for(source)(source))
    return [launch.program for launch in found if launch is not None]


@pytest.mark.parametrize(
    "text",
    [
        "uv pip install -q sheeprl[atari]==0.5.5 sheeprl",
        "conda run -n rl pip install --upgrade sheeprl",
        'RUN="mamba run -p /opt/env"\n$RUN pip3 install sheeprl torch',
        "conda install -c conda-forge sheeprl",
        "conda env create -n sheeprl",
        "poetry add sheeprl",
        "uv tool install sheeprl",
        "sudo -E pip uninstall -y sheeprl",
        "sudo pkill -9 -f sheeprl",
        "pkill -f 'sheeprl exp'",
        "kill $(pgrep -f 'sheeprl exp')",
        "ssh node7 \"pkill -f 'sheeprl env'\"",
        "killall 'sheeprl '",
        "ps aux | xargs grep sheeprl",
        "command -v sheeprl",
        "sudo which sheeprl",
        "sudo apt-get install sheeprl",
        "docker build -t x sheeprl",
        "tmux kill-session -t sheeprl",
        "screen -S sheeprl",
    ],
)
def test_a_program_that_is_only_named_is_not_started(text: str) -> None:
    assert programs("run.sh", text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("conda run -n rl sheeprl exp=dreamer_v3", ["sheeprl"]),
        ("uv run --with pip sheeprl exp=dreamer_v3", ["sheeprl"]),
        ("micromamba run -p /env sheeprl exp=dreamer_v3", ["sheeprl"]),
        ("pip install sheeprl && sheeprl exp=dreamer_v3", ["sheeprl"]),
        ("pkill -f 'sheeprl exp'; nohup sheeprl exp=dreamer_v3", ["sheeprl"]),
        ("nice -n 5 sheeprl exp=dreamer_v3", ["sheeprl"]),
        ("xargs -r sheeprl exp=dreamer_v3 < list", ["sheeprl"]),
        ("tmux new -d -s sheeprl sheeprl exp=dreamer_v3", ["sheeprl"]),
        ("conda run -n sheeprl python train.py", ["train.py"]),
        ("docker run sheeprl python train.py", ["train.py"]),
        ("ssh node7 'sheeprl exp=dreamer_v3'", ["sheeprl"]),
    ],
)
def test_its_neighbour_is_started(text: str, expected: list[str]) -> None:
    assert programs("run.sh", text) == expected


def test_only_the_launch_of_a_repository_is_judged(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(
        "```\nmamba run -n a pip install sheeprl gym\n```\n\n```\nuv run sheeprl\n```\n"
    )
    (tmp_path / "stop.py").write_text("import os\nos.system(\"pkill -f 'sheeprl exp'\")\n")
    found = [item for result in check_tree([tmp_path]).results for item in result.active]
    assert [(item.name, item.primary.span.line) for item in found] == [("unknown-option", 6)]
