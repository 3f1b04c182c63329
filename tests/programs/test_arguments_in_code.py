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


PARSES = "if __name__ == '__main__':\n    parser = argparse.ArgumentParser()\n"
PARSES += "    parser.add_argument('--configs', nargs='+')\n    main(parser.parse_args())\n"


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
        ("    settings = prepare()\n    sys.argv = ['main.py', '--seed', '1']\n", False),  # unknown code may read them
        ("    print('start')\n    import os\n    sys.argv = ['main.py', '--seed', '1']\n", True),
        (f"    if {'a+' * 2500}a:\n        pass\n    sys.argv = ['main.py', '--seed', '1']\n", False),
    ],
)
def test_words_that_are_replaced_before_they_are_read(lines: str, reported: bool, tmp_path: Path) -> None:
    found = findings(tmp_path, HEAD + lines + PARSE + RUN, "--seed 3")
    assert ("ignored-arguments" in found) is reported
    if reported:
        assert "dreamerv3/main.py:" in found["ignored-arguments"]


@pytest.mark.parametrize(
    "script",
    [
        "import sys\nfrom absl import app\ndef main(argv):\n    sys.argv = ['a.py', '--seed', '1']\napp.run(main)\n",
        "import sys\ndef main(argv):\n    sys.argv = ['a.py', '--seed', '1']\nmain(sys.argv[1:])\n",
        "import sys\nif __name__ == '__main__' and DEBUG:\n    sys.argv = ['a.py', '--seed', '1']\n",
        "import sys\nif __name__ != '__main__':\n    sys.argv = ['a.py', '--seed', '1']\n",
        f"import sys\nif 0x{'f' * 5000}:\n    pass\nsys.argv = [x + 0x{'f' * 5000}, '--b']\n",
    ],
)
def test_words_that_may_have_been_read_before(script: str, tmp_path: Path) -> None:
    assert "ignored-arguments" not in findings(tmp_path, script, "--seed 3")


@pytest.mark.parametrize(
    ("script", "reported"),
    [
        ("if __name__ == '__main__':\n    sys.argv = ['dreamer.py', '--configs', 'mine']\n    main()\n", True),
        # the words are read before ``main`` is called
        (f"def main(config):\n    sys.argv = ['a.py', '--task=Ant']\n    train(config)\n{PARSES}", False),
    ],
)
def test_the_torch_program_too(script: str, reported: bool, tmp_path: Path) -> None:
    for name, text in with_torch_preset("seed: 1").items():
        (tmp_path / name).write_text(text)
    (tmp_path / "dreamer.py").write_text(f"import sys\n\n{script}")
    command = read_command(shlex.split("python dreamer.py --configs mine --logdir x"))
    found = {item.name for item in check_command(command, folder=tmp_path).active}
    assert ("ignored-arguments" in found) is reported


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("    config = config.update({'seed': 7})\n", "7"),
        ("    config = config.update(seed=7)\n", "7"),
        ("    config = config.update({'seed': int(time())})\n", ""),
        ("    if DEBUG:\n        config = config.update({'seed': 7})\n", ""),
        ("    config.update({'seed': 7})\n", ""),  # the copy with the value is dropped
        ("    other = config.update({'seed': 7})\n", ""),
        ("    config = config.update({'seed': 3})\n", ""),  # as typed
        ("    config = config.update({'seed': 7})\n    config = elements.Flags(config).parse(argv)\n", ""),
        ("    config = config.update({'seed': 7})\n    config = config.update({'seed': flags.seed})\n", ""),
        ("    train(config)\n    config = config.update({'seed': 7})\n", ""),
        ("    seed = config.seed\n    config = config.update({'seed': 7})\n", ""),
        ("    name = config.logdir\n    config = config.update({'seed': 7})\n", "7"),
        ("    config = json.parse(config)\n    config = config.update({'seed': 7})\n", ""),
    ],
)
def test_a_setting_that_the_script_fixes_after_the_command_line(line: str, value: str, tmp_path: Path) -> None:
    found = findings(tmp_path, HEAD + PARSE + line + RUN, "--seed 3")
    assert ("dead-key" in found) is bool(value)
    if value:
        assert f"main.py:{7 + ('name' in line)} sets it to {value} after the command line" in found["dead-key"]


@pytest.mark.parametrize("key", ["run.steps", "run.train_ratio", "script", "task"])
def test_settings_that_are_judged_keep_their_findings(key: str, tmp_path: Path) -> None:
    """What the run really does is not known then; nothing is said of the key."""
    script = f"{HEAD}{PARSE}    config = config.update({{'{key}': 'x'}})\n{RUN}"
    assert "dead-key" not in findings(tmp_path, script, f"--{key} 64")


def test_a_value_before_the_command_line_may_be_changed(tmp_path: Path) -> None:
    script = f"{HEAD}{DEFAULTS}    config = config.update({{'seed': 7}})\n"
    found = findings(tmp_path, f"{script}    config = elements.Flags(config).parse(argv)\n{RUN}", "--seed 3")
    assert "dead-key" not in found
