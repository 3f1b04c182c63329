"""Lists in brackets on the command line of danijar/dreamerv3."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from dreamerguard.lint.engine import check_command
from dreamerguard.rules.helpers.example_files import with_preset
from dreamerguard.sources.argv import read_command

BASE = "python dreamerv3/main.py --logdir x --configs mine --task crafter_reward"


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        ("--logger.outputs '[jsonl,scope]'", True),
        ("--logger.outputs=[jsonl,scope,wandb]", True),
        ("--logger.outputs jsonl,scope", False),
        ("--logger.outputs '[js]onl'", False),
        ("--logger.filter '[a,b]'", False),
    ],
)
def test_brackets_become_part_of_the_items(flags: str, named: bool, tmp_path: Path) -> None:
    for name, text in with_preset("logger.outputs: [jsonl, scope]", "logger.filter: x").items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = check_command(read_command(shlex.split(f"{BASE} {flags}")), folder=tmp_path).findings
    assert any(item.name == "wrong-type" and "brackets" in item.message for item in found) is named
