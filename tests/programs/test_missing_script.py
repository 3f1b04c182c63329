"""A script in a folder that the checkout does not have, and the neighbours that may be meant for another folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from dreamerguard.core.source import Source
from dreamerguard.lint.engine import check_command
from dreamerguard.rules.helpers.example_files import with_preset, with_torch_preset
from dreamerguard.sources.argv import read_command
from dreamerguard.sources.commands.shell import read_shell

PRESETS = with_preset("seed: 1")["dreamerv3/configs.yaml"]


def names(root: Path, command: str) -> list[str]:
    (item,) = read_shell(Source("command", command))
    return [finding.name for finding in check_command(item, folder=root).findings]


def lay_out(root: Path, *files: str) -> None:
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PRESETS if name.endswith(".yaml") else "")


@pytest.mark.parametrize("package", ["agents", "my-dreamer", "src/agents"])
def test_a_renamed_folder_is_an_error(tmp_path: Path, package: str) -> None:
    lay_out(tmp_path, f"{package}/main.py", f"{package}/configs.yaml")
    assert "missing-script" in names(tmp_path, "python dreamerv3/main.py --logdir x --configs mine")


@pytest.mark.parametrize(
    ("before", "named"),
    [("", True), ("cd ./code && pwd\n", False), ("WORKDIR /app/code\n", False), ("cd coder\n", True)],
)
def test_a_folder_below_another_one(before: str, named: bool, tmp_path: Path) -> None:
    lay_out(tmp_path, "code/dreamerv3/main.py", "code/dreamerv3/configs.yaml")
    source = Source("command", f"{before and '# '}{before}python dreamerv3/main.py --logdir x --configs mine")
    (item,) = read_shell(source)
    found = [finding.name for finding in check_command(item, folder=tmp_path).findings]
    assert ("missing-script" in found) is named


def test_a_torch_fork_is_asked_too(tmp_path: Path) -> None:
    text = next(iter(with_torch_preset("steps: 2e6").values()))
    lay_out(tmp_path, "agents/dreamer.py")
    (tmp_path / "agents" / "configs.yaml").write_text(text)
    assert "missing-script" in names(tmp_path, "python dreamerv3-torch/dreamer.py --configs mine --logdir x")


@pytest.mark.parametrize(
    ("before", "named"),
    [
        ("", True),
        ("cd other\n", True),
        ("cd agents\n", False),
        ('cd "$PLACE"\n', False),
        ("WORKDIR /app/agents\n", False),
        ("COPY ./agents/ /app\n", False),
        ("Run this in the folder `agents`:\n", False),
    ],
)
def test_a_script_that_lies_in_a_folder_below(before: str, named: bool, tmp_path: Path) -> None:
    lay_out(tmp_path, "agents/main.py", "agents/configs.yaml")
    comment = "".join(f"# {line}\n" for line in before.splitlines())
    (item,) = read_shell(Source("command", f"{comment}python main.py --logdir x --configs mine"))
    found = [finding.name for finding in check_command(item, folder=tmp_path).findings]
    assert ("missing-script" in found) is named


@pytest.mark.parametrize(
    ("files", "command"),
    [
        (("agents/main.py", "agents/configs.yaml"), "python agents/main.py --configs mine --logdir x"),
        (("main.py", "configs.yaml"), "python dreamerv3/main.py --configs mine --logdir x"),
        (
            ("code/dreamerv3/main.py", "code/dreamerv3/configs.yaml", "code/requirements.txt"),
            "python dreamerv3/main.py --configs mine --logdir x",
        ),
        (("agents/other.py", "agents/configs.yaml"), "python dreamerv3/main.py --configs mine --logdir x"),
        (("agents/main.py", "agents/configs.yaml"), "python $ROOT/main.py --configs mine --logdir x"),
        (("agents/main.py", "agents/configs.yaml"), "python ../dreamerv3/main.py --configs mine --logdir x"),
        (("agents/main.py", "agents/configs.yaml"), "python ../main.py --configs mine --logdir x"),
        (("agents/main.py", "agents/configs.yaml"), "python code/dreamerv3/main.py --configs mine --logdir x"),
        (
            ("agents/main.py", "agents/configs.yaml", "dreamerv3/other.py"),
            "python dreamerv3/main.py --configs mine --logdir x",
        ),
    ],
)
def test_commands_that_may_be_right_are_silent(tmp_path: Path, files: tuple[str, ...], command: str) -> None:
    lay_out(tmp_path, *files)
    assert "missing-script" not in names(tmp_path, command)


DEFINES = "import os\nimport torch\n\nos.environ['A'] = 'b'\nLIMIT = 3\n\nclass Dreamer(torch.nn.Module):\n    pass\n"


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ("", True),
        ("def main(config):\n    pass\n", True),
        ("torch.backends.cudnn.benchmark = True\ntorch.set_num_threads(1)\n", True),
        ("def main(config):\n    pass\n\nmain(None)\n", False),
        ("if __name__ == '__main__':\n    main()\n", False),
        ("app = make_app()\n", False),
        ("for seed in range(3):\n    train(seed)\n", False),
        ("@app.command()\ndef main(config):\n    pass\n", False),
    ],
)
def test_a_script_that_only_defines(more: str, found: bool, tmp_path: Path) -> None:
    for name, text in with_torch_preset("seed: 1").items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "dreamer.py").write_text(DEFINES + more, encoding="utf-8")
    (tmp_path / "main.py").write_text("if __name__ == '__main__':\n    pass\n", encoding="utf-8")
    command = read_command(["python", "dreamer.py", "--configs", "mine", "--logdir", "x"])
    items = [item for item in check_command(command, folder=tmp_path).findings if item.name == "starts-nothing"]
    assert bool(items) is found and all("main.py" in item.help for item in items)
