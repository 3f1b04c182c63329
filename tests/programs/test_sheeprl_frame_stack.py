"""sheeprl's DreamerV3 stacks no frames, whatever the environment's configuration says."""

import shlex
from pathlib import Path

import pytest

from dreamerguard.core.finding import Severity
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.repository import check_tree
from dreamerguard.sources.argv import read_command

FILES = {
    "configs/config.yaml": "defaults:\n  - algo: default\n  - env: default\n  - exp: ???\n  - _self_\n",
    "configs/algo/default.yaml": "name: ???\n",
    "configs/algo/dreamer_v3.yaml": "defaults:\n  - default\n  - _self_\nname: dreamer_v3\n",
    "configs/algo/ppo.yaml": "defaults:\n  - default\n  - _self_\nname: ppo\n",
    "configs/env/default.yaml": "id: x\nframe_stack: 1\nwrapper:\n  stack: ${env.frame_stack}\n",
    "configs/env/race.yaml": "defaults:\n  - default\n  - _self_\nid: race\nframe_stack: 3\n",
    "cli.py": "print('sheeprl')\n",
}
HEAD = "# @package _global_\ndefaults:\n"
DREAMER = f"{HEAD}  - override /algo: dreamer_v3\n"


def fork(folder: Path, sets: str = "cfg.env.frame_stack = -1") -> None:
    files = {
        **FILES,
        "algos/dreamer_v3/dreamer_v3.py": f"def main(fabric, cfg):\n    {sets}\n    print(cfg.env.frame_stack)\n",
        "configs/exp/dreamer_v3_plain.yaml": f"{DREAMER}  - _self_\n",
        "configs/exp/dreamer_v3_race.yaml": f"{DREAMER}  - override /env: race\n  - _self_\n",
        "configs/exp/dreamer_v3_four.yaml": f"{DREAMER}  - _self_\nenv:\n  frame_stack: 4\n",
        "configs/exp/ppo.yaml": f"{HEAD}  - override /algo: ppo\n  - _self_\nenv:\n  frame_stack: 4\n",
    }
    for name, text in files.items():
        (folder / "sheeprl" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "sheeprl" / name).write_text(text)


def typed(folder: Path, words: str) -> list[str]:
    found = check_command(read_command(shlex.split(f"python sheeprl.py {words}")), folder=folder).findings
    return [item.key for item in found if item.name == "dead-key"]


@pytest.mark.parametrize("words", ["exp=dreamer_v3_plain env.frame_stack=4", "exp=dreamer_v3_four"])
def test_stacked_frames_have_no_effect(words: str, tmp_path: Path) -> None:
    fork(tmp_path)
    assert typed(tmp_path, words) == ["env.frame_stack"]


def test_the_published_program_stacks_none(tmp_path: Path) -> None:
    assert typed(tmp_path, "exp=dreamer_v3 env=atari env.id=PongNoFrameskip-v4 env.frame_stack=4") == [
        "env.frame_stack"
    ]
    assert typed(tmp_path, "exp=dreamer_v3 env=atari env.id=PongNoFrameskip-v4") == []


def test_a_file_of_an_experiment_is_reported_where_it_stands(tmp_path: Path) -> None:
    fork(tmp_path)
    found = [item for result in check_tree([tmp_path], folder=tmp_path).results for item in result.findings]
    places = {Path(item.primary.span.source.name).stem for item in found if item.key == "env.frame_stack"}
    assert "dreamer_v3_four" in places and not {"dreamer_v3_plain", "ppo"} & places
    assert {item.severity for item in found if item.key == "env.frame_stack"} <= {Severity.WARNING, Severity.INFO}


@pytest.mark.parametrize("words", ["exp=dreamer_v3_plain", "exp=dreamer_v3_plain env.frame_stack=1", "exp=ppo"])
def test_neighbours(words: str, tmp_path: Path) -> None:
    fork(tmp_path)
    assert typed(tmp_path, words) == []


def test_a_fork_that_stacks_frames(tmp_path: Path) -> None:
    fork(tmp_path, sets="stack(cfg.env.frame_stack)")
    assert typed(tmp_path, "exp=dreamer_v3_four") == []
