"""Paths that launchers make from the place of their own file."""

from __future__ import annotations

import ast

import pytest

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import UNKNOWN
from dreamerguard.sources.commands.python import read_python, unread_launches
from dreamerguard.sources.commands.python_paths import own_path, single_values

HEAD = """
import os, subprocess, sys
from pathlib import Path
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = Path(__file__).resolve().parent
"""


@pytest.mark.parametrize(
    ("expression", "path"),
    [
        ("os.path.join(HERE, 'dreamerv3', 'main.py')", "dreamerv3/main.py"),
        ("ROOT / 'dreamerv3' / 'main.py'", "dreamerv3/main.py"),
        ("str(ROOT.joinpath('dreamerv3', 'main.py'))", "dreamerv3/main.py"),
        ("Path(__file__).parents[1] / 'main.py'", "../main.py"),
        ("os.path.join(os.path.dirname(HERE), 'main.py')", "../main.py"),
        ("ROOT.parent.parent / 'main.py'", "../../main.py"),
        ("Path(ROOT, 'dreamerv3') / 'main.py'", "dreamerv3/main.py"),
        ("os.path.join(HERE, '..', 'wm', 'main.py')", "../wm/main.py"),
        ("ROOT / '../wm/main.py'", "../wm/main.py"),
        ("'/'.join(HERE, 'main.py')", None),
        ("os.path.normpath(HERE, 'main.py')", None),
        ("Path('/opt') / 'main.py'", None),
        ("os.path.join(HERE, name)", None),
        ("os.path.join(OTHER, 'main.py')", None),
        ("os.getcwd() + '/main.py'", None),
    ],
)
def test_a_path_as_seen_from_the_file(expression: str, path: str | None) -> None:
    tree = ast.parse(f"{HEAD}found = {expression}\n")
    values = single_values(tree)
    found = own_path(values["found"], values)
    assert (found.as_posix() if found is not None else None) == path


def test_a_name_with_several_values_is_not_known() -> None:
    tree = ast.parse(f"{HEAD}HERE = '/opt'\nfound = os.path.join(HERE, 'main.py')\n")
    values = single_values(tree)
    assert own_path(values["found"], values) is None


def test_a_name_that_stands_for_itself_ends() -> None:
    tree = ast.parse("a = b\nb = a\nfound = a / 'main.py'\n")
    values = single_values(tree)
    assert own_path(values["found"], values) is None


def test_a_launcher_with_a_list_in_a_name_is_read() -> None:
    code = (
        f"{HEAD}script = os.path.join(HERE, 'main.py')\ncmd = [sys.executable, script, '--configs', 'crafter', name]\n"
    )
    source = Source("a.py", f"{code}subprocess.run(cmd, check=True)  # dreamer\n")
    (command,) = read_python(source)
    assert [word.text for word in command.words] == ["python", "main.py", "--configs", "crafter", UNKNOWN]
    assert list(unread_launches(source)) == []
    assert list(unread_launches(Source("a.py", f"{HEAD}cmd = build()  # dreamer\nsubprocess.run(cmd)\n"))) != []


@pytest.mark.parametrize(("name", "read"), [("launch.py", False), ("tools/launch.py", True)])
def test_a_script_outside_the_checkout_is_not_read(name: str, read: bool) -> None:
    code = f"{HEAD}subprocess.run([sys.executable, str(ROOT.parent / 'wm' / 'train.py'), '--configs', 'crafter'])\n"
    assert bool(read_python(Source(name, code))) is read


def test_words_for_a_main_function_under_another_name() -> None:
    code = "from dreamerv3.main import main as train\ntrain(['--configs', 'crafter', '--logdir', 'x'])\n"
    (command,) = read_python(Source("a.py", code))
    assert [word.text for word in command.words][:3] == ["python", "dreamerv3/main.py", "--configs"]


@pytest.mark.parametrize(("call", "read"), [("run()", True), ("evaluate()", False)])
def test_words_for_sheeprl_in_the_same_process(call: str, read: bool) -> None:
    code = f"import sys\nfrom sheeprl.cli import run\nsys.argv = ['sheeprl', 'exp=dreamer_v3', 'env=gym']\n{call}\n"
    found = [[word.text for word in command.words] for command in read_python(Source("a.py", code))]
    assert found == ([["python", "sheeprl.py", "exp=dreamer_v3", "env=gym"]] if read else [])


def test_a_docstring_with_doubled_backslashes_goes_on() -> None:
    code = '"""Runs.\n\n    python main.py \\\\\n        --logdir x \\\\\n        --seed 0\n"""\nimport subprocess\n'
    (command,) = read_python(Source("main.py", code))
    assert [word.text for word in command.words] == ["python", "main.py", "--logdir", "x", "--seed", "0"]
    assert [word.span.line for word in command.words] == [3, 3, 4, 4, 5, 5]


def test_a_continued_line_that_looks_like_a_command_is_part_of_the_one_before() -> None:
    lines = "".join(f"    python main.py --seed {i} \\\\\n" for i in range(50))
    code = f'"""Runs.\n\n{lines}        --logdir x\n\n    python main.py --seed 99\n"""\nimport subprocess\n'
    first, second = read_python(Source("main.py", code))
    assert len(first.words) == 50 * 4 + 2
    assert [word.text for word in second.words] == ["python", "main.py", "--seed", "99"]
