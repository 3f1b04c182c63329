"""Settings of danijar/dreamerv3 that must divide each other."""

import shlex
from pathlib import Path

import pytest

from dreamerguard.lint.engine import check_command
from dreamerguard.sources.argv import read_command

COMMAND = "python dreamerv3/main.py --configs dmc_proprio size12m --task dmc_walker_walk"


def broken(words: str, folder: Path) -> list[tuple[str, str]]:
    result = check_command(read_command(shlex.split(f"{COMMAND} {words}")), folder=folder)
    return [(item.key, item.primary.span.text) for item in result.findings if item.name == "inconsistent-settings"]


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("--agent.dyn.rssm.blocks 6", "agent.dyn.rssm.blocks"),
        ("--agent.dyn.rssm.deter 1001", "agent.dyn.rssm.deter"),
        ("--agent.dec.simple.bspace 6", "agent.dec.simple.bspace"),
    ],
)
def test_the_state_must_be_divisible(words: str, key: str, tmp_path: Path) -> None:
    assert (key, words) in broken(words, tmp_path)


@pytest.mark.parametrize("words", ["", "--agent.dyn.rssm.blocks 16", "--agent.dyn.rssm.deter 1024"])
def test_sound_widths(words: str, tmp_path: Path) -> None:
    assert broken(words, tmp_path) == []


def test_a_fork_is_judged_by_its_own_assertions(tmp_path: Path) -> None:
    (tmp_path / "dreamerv3").mkdir()
    rssm = "class RSSM:\n  def __init__(self):\n    assert self.deter % self.blocks == 0\n"
    (tmp_path / "dreamerv3" / "main.py").write_text("import rssm\n")
    (tmp_path / "dreamerv3" / "rssm.py").write_text(rssm)
    assert [key for key, _ in broken("--agent.dyn.rssm.blocks 6", tmp_path)] == ["agent.dyn.rssm.blocks"]
    assert broken("--agent.dec.simple.bspace 6", tmp_path) == []
    (tmp_path / "dreamerv3" / "rssm.py").write_text(rssm.replace("assert", "print"))
    assert broken("--agent.dyn.rssm.blocks 6", tmp_path) == []
