"""Options at which the script's own parser ends the program."""

from __future__ import annotations

from pathlib import Path

import pytest

from dreamerguard.core.source import Source
from dreamerguard.lint.engine import check_command
from dreamerguard.rules.helpers.example_files import with_torch_preset
from dreamerguard.sources.commands.shell import read_shell

HEAD = "import argparse\n"
OPTION = "parser.add_argument('--configs', nargs='+', required=True)"


def named(root: Path, script: str, command: str) -> list[str]:
    """Returns the options that are reported as missing."""
    for name, text in {**with_torch_preset("seed: 1"), "dreamer.py": HEAD + script}.items():
        (root / name).write_text(text)
    (item,) = read_shell(Source("command", command))
    return [found.key for found in check_command(item, folder=root).findings if found.name == "missing-option"]


def main(line: str) -> str:
    body = f"    parser = argparse.ArgumentParser()\n    {line}\n    parser.parse_known_args()\n"
    return f"if __name__ == '__main__':\n{body}"


@pytest.mark.parametrize(
    ("script", "command"),
    [
        (main(OPTION), "python dreamer.py --logdir x"),
        (f"parser = argparse.ArgumentParser()\n{OPTION}\n", "python dreamer.py --logdir x"),
        (
            f"def read():\n    parser = argparse.ArgumentParser()\n    {OPTION}\n    parser.parse_args()\n\nread()\n",
            "python dreamer.py --logdir x",
        ),
    ],
)
def test_a_required_option_that_is_absent(script: str, command: str, tmp_path: Path) -> None:
    assert named(tmp_path, script, command) == ["configs"]


@pytest.mark.parametrize(
    ("script", "command"),
    [
        (main(OPTION), "python dreamer.py --logdir x --configs mine"),
        (main(OPTION), "python dreamer.py --logdir x --conf mine"),  # argparse completes it
        (main(OPTION), 'python dreamer.py --logdir x "$@"'),
        (main("parser.add_argument('--configs', nargs='+', required=False)"), "python dreamer.py --logdir x"),
        (main("parser.add_argument('-c', '--configs', required=True)"), "python dreamer.py --logdir x -c mine"),
        (main(f"if argparse:\n        {OPTION}"), "python dreamer.py --logdir x"),
        (main(f"sub = parser.add_subparsers()\n    {OPTION}"), "python dreamer.py --logdir x"),
        (f"def unused(parser):\n    {OPTION}\n", "python dreamer.py --logdir x"),
    ],
)
def test_neighbours(script: str, command: str, tmp_path: Path) -> None:
    assert named(tmp_path, script, command) == []


def test_a_launcher_with_settings_in_code_is_asked_too(tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text("class WorldModel: pass\nclass ImagBehavior: pass\nunimix_ratio = 0.01\n")
    script = "import models\nmodels.WorldModel(); models.ImagBehavior()\n" + main(OPTION)
    assert named(tmp_path, script, "python dreamer.py") == ["configs"]


OWN = "import argparse\nimport models\nparser = argparse.ArgumentParser()\nparser.add_argument('--num-envs')\n{}"
OWN += "args = parser.parse_args()\nmodels.WorldModel(), models.ImagBehavior()\n"


@pytest.mark.parametrize(
    ("extra", "typed", "refused"),
    [
        ("", "--num_envs 1", ["num_envs"]),
        ("", "--num-envs 1 --seed=3", ["seed"]),
        ("", "--num 1", []),  # argparse completes it
        ("AppLauncher.add_app_launcher_args(parser)\n", "--headless", []),
        ("add_own_args(parser)\n", "--seed 3", []),
        ("for name in names:\n    parser.add_argument(f'--{name}')\n", "--seed 3", []),
        ("parser.add_subparsers()\n", "--seed 3", []),
    ],
)
def test_an_option_that_is_not_declared(extra: str, typed: str, refused: list[str], tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text("class WorldModel: pass\nclass ImagBehavior: pass\nunimix_ratio = 0.01\n")
    (tmp_path / "train_own.py").write_text(OWN.format(extra))
    (item,) = read_shell(Source("command", f"python train_own.py {typed}"))
    findings = check_command(item, folder=tmp_path).findings
    assert [found.key for found in findings if found.name == "undeclared-option"] == refused
