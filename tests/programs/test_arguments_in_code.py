"""Scripts that replace the words of their command line, or settings that they have read from it."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from dreamerguard.lint.engine import check_command
from dreamerguard.rules.helpers.example_files import with_preset, with_torch_preset
from dreamerguard.sources.argv import read_command

HEAD = "import sys, elements\n\ndef main(argv=None):\n"
KNOWN = "    flags, argv = elements.Flags(configs=['defaults']).parse_known(argv)\n"
DEFAULTS = f"{KNOWN}    config = elements.Config(CONFIGS['defaults'])\n"
PARSE = f"{DEFAULTS}    config = elements.Flags(config).parse(argv)\n"
RUN = "    run(config, config.seed, config.run)\n\nif __name__ == '__main__':\n    main()\n"


def findings(folder: Path, script: str, words: str) -> dict[str, str]:
    """Returns the messages about a command of a fork with this script, by rule."""
    for name, text in with_preset("seed: 1").items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "dreamerv3/main.py").write_text(script)
    command = f"python dreamerv3/main.py --configs mine --logdir x {words}"
    return {item.name: item.message for item in check_command(read_command(shlex.split(command)), folder=folder).active}


@pytest.mark.parametrize(
    ("lines", "reported"),
    [
        ("    sys.argv = ['main.py', '--seed', '1']\n", True),
        ("    name = 'a'\n    sys.argv = [sys.argv[0], f'--logdir={name}']\n", True),
        ("    if not sys.argv[1:]:\n        sys.argv = ['main.py', '--seed', '1']\n", False),
        ("    words = parser.parse_known_args()[1]\n    sys.argv = ['main.py', '--seed', '1']\n", False),
        ("    sys.argv = [sys.argv[0], *sys.argv[2:]]\n", False),
        ("    sys.argv = sys.argv[:1] + sys.argv[2:]\n", False),
        ("    sys.argv += ['--seed', '1']\n", False),
        ("    # sys.argv = ['main.py', '--seed', '1']\n", False),
    ],
)
def test_words_that_are_replaced_before_they_are_read(lines: str, reported: bool, tmp_path: Path) -> None:
    found = findings(tmp_path, HEAD + lines + PARSE + RUN, "--seed 3")
    assert ("ignored-arguments" in found) is reported
    if reported:
        assert "dreamerv3/main.py:" in found["ignored-arguments"]


def test_the_torch_program_too(tmp_path: Path) -> None:
    for name, text in with_torch_preset("seed: 1").items():
        (tmp_path / name).write_text(text)
    (tmp_path / "dreamer.py").write_text(
        "import sys\n\nif __name__ == '__main__':\n    sys.argv = ['dreamer.py', '--configs', 'mine']\n    main()\n"
    )
    command = read_command(shlex.split("python dreamer.py --configs mine --logdir x"))
    assert "ignored-arguments" in {item.name for item in check_command(command, folder=tmp_path).active}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("    config = config.update({'seed': 7})\n", "7"),
        ("    config = config.update(seed=7)\n", "7"),
        ("    config = config.update({'seed': int(time())})\n", ""),
        ("    if DEBUG:\n        config = config.update({'seed': 7})\n", ""),
        ("    config.update({'seed': 7})\n", ""),  # the copy with the value is dropped
        ("    other = config.update({'seed': 7})\n", ""),
    ],
)
def test_a_setting_that_the_script_fixes_after_the_command_line(line: str, value: str, tmp_path: Path) -> None:
    found = findings(tmp_path, HEAD + PARSE + line + RUN, "--seed 3")
    assert ("dead-key" in found) is bool(value)
    if value:
        assert f"main.py:7 sets it to {value} after the command line" in found["dead-key"]


def test_a_value_before_the_command_line_may_be_changed(tmp_path: Path) -> None:
    script = f"{HEAD}{DEFAULTS}    config = config.update({{'seed': 7}})\n"
    found = findings(tmp_path, f"{script}    config = elements.Flags(config).parse(argv)\n{RUN}", "--seed 3")
    assert "dead-key" not in found
