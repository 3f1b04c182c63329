"""Words in front of the flags that a script takes itself."""

import shlex
from pathlib import Path

import pytest

from dreamerguard.core.finding import Severity
from dreamerguard.lint.engine import check_command
from dreamerguard.rules.helpers.example_files import with_preset
from dreamerguard.sources.argv import read_command

REST = "import sys, elements\nCONFIGS = load('configs.yaml')\n"
REST += "def start(argv):\n    flags = elements.Flags(configs=['defaults']).parse_known(argv)\n"


def stray(folder: Path, code: str, words: str) -> list[tuple[str, Severity]]:
    for name, text in with_preset("seed: 1").items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "dreamerv3/main.py").write_text(REST + code)
    command = f"python dreamerv3/main.py {words} --configs mine --task dmc_walker_walk --logdir x"
    found = check_command(read_command(shlex.split(command)), folder=folder).findings
    return [(item.primary.span.text, item.severity) for item in found if item.name == "malformed-override"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("task = sys.argv[1]\nstart(sys.argv[2:])\n", "train"),
        ("if sys.argv[1] not in TASKS: sys.exit(1)\nstart(argv=sys.argv[2:])\n", "ablation_a"),
        ("group, task, *_ = sys.argv[1], sys.argv[2]\nstart(sys.argv[3:])\n", "dmc walk"),
    ],
)
def test_words_that_the_script_removes_are_no_mistakes(tmp_path: Path, code: str, words: str) -> None:
    assert stray(tmp_path, code, words) == []
    assert stray(tmp_path, code, f"{words} more") == [("more", Severity.ERROR)]


@pytest.mark.parametrize(
    "code",
    [
        "start(sys.argv[2:] if sys.argv[1] in TASKS else sys.argv[1:])\n",
        "mode = sys.argv.pop(1)\nstart(sys.argv[1:])\n",
        "parser = argparse.ArgumentParser()\nparser.add_argument('mode')\nstart(parser.parse_known_args()[1])\n",
    ],
)
def test_where_it_may_take_them_nothing_is_sure(tmp_path: Path, code: str) -> None:
    assert {severity for _, severity in stray(tmp_path, code, "train")} <= {Severity.INFO}


@pytest.mark.parametrize(
    "code",
    ["start(sys.argv[1:])\n", "start(None)\n", "print(sys.argv[0])\nstart(None)\n", "# sys.argv[2:]\nstart(None)\n"],
)
def test_other_scripts_stop(tmp_path: Path, code: str) -> None:
    assert stray(tmp_path, code, "train") == [("train", Severity.ERROR)]
