"""Classes that a setting names and that read what nothing declares."""

import shlex
from pathlib import Path

import pytest

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.preset_check import check_presets
from dreamerguard.rules.helpers.example_files import with_preset
from dreamerguard.sources.argv import read_command
from dreamerguard.sources.python.firm_reads import read_by_constructor

MAIN = "from . import agent\ndef main(argv=None):\n  print('--configs')\n"
AGENT = """from . import behaviors
class Agent:
  def __init__(self, config):
    self.task = getattr(behaviors, config.task_behavior)(self.wm, config)
"""
BEHAVIORS = """class Greedy:
  def __init__(self, wm, config):
    print(config.seed)
class Planner:
  def __init__(self, wm, config):
    self.config = config
    {body}
"""
COMMAND = "python dreamerv3/main.py --logdir x --configs mine"


def fork(folder: Path, body: str, behavior: str = "Planner", agent: str = AGENT) -> None:
    text = with_preset(f"task_behavior: {behavior}")["dreamerv3/configs.yaml"]
    files = {
        "configs.yaml": text.replace("  seed: 0\n", "  seed: 0\n  task_behavior: Greedy\n"),
        "main.py": MAIN, "agent.py": agent, "behaviors.py": BEHAVIORS.format(body=body),
    }  # fmt: skip
    (folder / "dreamerv3").mkdir()
    for name, content in files.items():
        (folder / "dreamerv3" / name).write_text(content, encoding="utf-8")


def found(folder: Path, command: str = COMMAND) -> list[Finding]:
    result = check_command(read_command(shlex.split(command)), folder=folder)
    return [item for item in result.findings if item.name == "missing-key"]


def test_a_class_that_reads_what_no_block_declares(tmp_path: Path) -> None:
    fork(tmp_path, "print(self.config.plan_depth)")
    (item,) = found(tmp_path)
    assert (item.severity, item.key) == (Severity.ERROR, "plan_depth")
    assert "behaviors.py:7" in item.message and item.primary.span.text == "task_behavior: Planner"
    assert found(tmp_path, f"{COMMAND} --task_behavior Greedy") == []
    result = check_presets(tmp_path / "dreamerv3/configs.yaml")
    assert result is not None
    assert [item.key for item in result.findings if item.name == "missing-key"] == ["plan_depth"]


@pytest.mark.parametrize(
    "body",
    [
        "print(config.batch_size)",
        "if config.seed:\n      print(config.plan_depth)",
        "self.depth = lambda: config.plan_depth",
        "print(config.get('plan_depth', 3), config.plan_depth)",
        "plan_depth = 3\n    print(config.plan_depth)",
        "print(config.flat, config.update({}))",
        "config = config.wide\n    print(config.plan_depth)",
        "try:\n      print(config.plan_depth)\n    except AttributeError:\n      pass",
        "print(wm.plan_depth)",
    ],
)
def test_neighbours(body: str, tmp_path: Path) -> None:
    fork(tmp_path, body)
    assert found(tmp_path) == []


def test_a_class_that_nothing_creates_by_the_setting(tmp_path: Path) -> None:
    agent = AGENT.replace("getattr(behaviors, config.task_behavior)", "behaviors.Greedy")
    fork(tmp_path, "print(config.plan_depth)", agent=agent)
    assert found(tmp_path) == []


def test_damaged_code_reads_nothing() -> None:
    assert read_by_constructor(b"class A:\n  def __init__(self, config\n", "A") == {}
    assert read_by_constructor(b"class A:\n  x = 1\n", "A") == {}
