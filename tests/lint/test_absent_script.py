"""Commands that start a file which a checkout with a training program does not hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from dreamerguard.core.finding import Severity
from dreamerguard.core.source import Source
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.repository import check_tree
from dreamerguard.programs.registry import UnknownProgram
from dreamerguard.rules.helpers.example_files import with_preset
from dreamerguard.sources.commands.shell import read_shell

PRESETS = with_preset("seed: 1")["dreamerv3/configs.yaml"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("dreamerv3", "scripts"):
        (tmp_path / name).mkdir()
    (tmp_path / "dreamerv3" / "configs.yaml").write_text(PRESETS)
    (tmp_path / "dreamerv3" / "main.py").write_text("")
    (tmp_path / "scripts" / "record_expert_data.py").write_text("import sys\n")
    return tmp_path


def found(root: Path, command: str) -> list[str]:
    item = read_shell(Source("command", command))[-1]
    return [
        finding.message for finding in check_command(item, folder=root).findings if finding.name == "missing-script"
    ]


@pytest.mark.parametrize(
    ("command", "near"),
    [
        ("python scripts/record_data.py", "scripts/record_expert_data.py"),
        ("python tools/train_dreamerv3.py --seed 1", ""),
        ("scripts/train_dreamer.py", ""),
    ],
)
def test_a_missing_file_is_an_error_that_names_a_near_one(command: str, near: str, root: Path) -> None:
    (message,) = found(root, command)
    assert "does not exist" in message
    assert near in message


@pytest.mark.parametrize(
    "command",
    [
        "wget https://example.org/scripts/record_data.py\npython scripts/record_data.py",
        "git clone https://example.org/a\ngit clone https://example.org/b\npython scripts/train_dreamer.py",
        "python scripts/train.py",  # a name that every project has
        "python tools/plot.py",
        "python /home/me/train_dreamer.py",
        "python ../train_dreamer.py",
        "python $HOME/train_dreamer.py",
        "python scripts/train_dreamerv2.py",
        "python -m scripts.train_dreamer",
    ],
)
def test_a_file_that_may_be_elsewhere_is_left_alone(command: str, root: Path) -> None:
    with pytest.raises(UnknownProgram):
        found(root, command)


def test_a_file_that_exists_is_no_mistake(root: Path) -> None:
    with pytest.raises(UnknownProgram):
        found(root, "python scripts/record_expert_data.py")


def test_a_checkout_of_another_program_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "train_ppo.py").write_text("import torch\n")
    with pytest.raises(UnknownProgram):
        found(tmp_path, "python scripts/train_dreamer.py")


def test_a_document_of_the_checkout_is_checked(root: Path) -> None:
    (root / "README.md").write_text("```sh\npython scripts/train_dreamer.py --seed 1\n```\n")
    named = [finding for result in check_tree([root]).results for finding in result.findings]
    (missing,) = [finding for finding in named if finding.name == "missing-script"]
    assert missing.severity is Severity.ERROR
    assert missing.primary.span.line == 2


def test_a_document_names_a_script_of_a_folder_that_lacks_it(root: Path) -> None:
    (root / "scripts" / "run_dmc_proprio.sh").write_text("echo\n")
    text = "```sh\npython scripts/plot_scores.py\nsh run_dmc_vision.sh 1\npython scripts/train.py\n```\n"
    (root / "README.md").write_text(text)
    places = [(item.name, item.primary.span.line) for result in check_tree([root]).results for item in result.findings]
    assert places == [("missing-script", 2), ("missing-script", 3)]
    (root / "README.md").write_text(text.replace("vision", "proprio"))  # it is in another folder
    assert [item.primary.span.line for result in check_tree([root]).results for item in result.findings] == [2]


@pytest.mark.parametrize(
    ("typed", "near"),
    [("./script/run_dmc.sh", "scripts/run_dmc.sh"), ("./script/other.sh", None), ("./tools/run_dmc.sh", None)],
)
def test_a_shell_script_of_a_folder_with_a_like_name(typed: str, near: str | None, root: Path) -> None:
    (root / "scripts" / "run_dmc.sh").write_text("echo\n")
    (root / "README.md").write_text(f"```sh\nsh {typed} walker\n```\n")
    messages = [item.message for result in check_tree([root]).results for item in result.findings]
    assert messages == ([f"script/run_dmc.sh does not exist; {near} does"] if near else [])


def test_a_folder_that_the_document_enters(root: Path) -> None:
    (root / "deep" / "er").mkdir(parents=True)
    (root / "deep" / "er" / "run_dreamer.sh").write_text("echo\n")
    (root / "README.md").write_text("```sh\ncd deep/er\nbash run_dreamer.sh 1\n```\n")
    assert [item.name for result in check_tree([root]).results for item in result.findings] == []


@pytest.mark.parametrize(
    ("above", "reported"),
    [
        ("git clone https://example.org/me/own\ncd own\n", True),
        ("git clone https://example.org/carla/carla\ncd carla-0.9\n", False),
        ("cd $CARLA_ROOT\n", False),
        ("unzip carla.zip\n", False),
    ],
)
def test_a_script_of_another_folder_that_the_document_enters(above: str, reported: bool, root: Path) -> None:
    (root / "scripts" / "setup.sh").write_text("echo\n")
    (root / "README.md").write_text(f"```sh\n{above}bash script/setup.sh\n```\n")
    found = [item.name for result in check_tree([root]).results for item in result.findings]
    assert ("missing-script" in found) is reported


def test_a_link_to_itself_is_no_folder(root: Path) -> None:
    (root / "everything.sh").symlink_to("everything.sh")
    (root / "README.md").write_text("```sh\nbash script/u.sh\n```\n")
    assert [item.name for result in check_tree([root]).results for item in result.findings] == []


@pytest.mark.parametrize(
    ("command", "reported"),
    [
        ("python scripts/train.sh a", True),
        ("bash scripts/train.sh a", False),
        ("python scripts/plot.sh", False),
        ("conda run -n python ./scripts/train.sh x", False),
        ("tmux new -s python scripts/train.sh", False),
    ],
)
def test_a_shell_script_that_python_cannot_read(command: str, reported: bool, root: Path) -> None:
    (root / "scripts" / "train.sh").write_text("python dreamerv3/main.py --configs mine --logdir x\n")
    (root / "scripts" / "plot.sh").write_text("python plot.py\n")
    (root / "README.md").write_text(f"```sh\n{command}\n```\n")
    found = [(item.name, item.primary.span.line) for result in check_tree([root]).results for item in result.findings]
    assert (("wrong-interpreter", 2) in found) is reported
