"""Shell scripts of a checkout that a command starts with arguments."""

import shlex
from pathlib import Path

import pytest

from dreamerguard.core.finding import Severity
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.repository import check_tree
from dreamerguard.programs.registry import UnknownProgram
from dreamerguard.rules.helpers.example_files import with_preset
from dreamerguard.sources.argv import UNKNOWN, read_command

SCRIPTS = {
    "rest": 'GPU=$1\nREST="${@:2}"\nRUN="python dreamerv3/main.py --configs mine $REST"\n$RUN >> log.txt 2>&1 &\n',
    "shifted": 'gpu=$1; shift\npython dreamerv3/main.py --configs mine "$@"\n',
    "slice": 'python dreamerv3/main.py --configs mine "${@:2:4}"\n',
    "function": 'start() { python dreamerv3/main.py --configs mine $*; }\nshift\nstart "$@"\n',
    "guarded": 'if [ "$#" -lt 2 ]; then echo usage; exit 1; fi\npython dreamerv3/main.py --configs mine ${@:2}\n',
}


def fork(folder: Path, script: str, home: str = ".") -> None:
    for name, text in with_preset("seed: 1").items():
        (folder / home / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / home / name).write_text(text)
    (folder / home / "dreamerv3" / "main.py").write_text("import configs\n")
    (folder / home / "train.sh").write_text(f"#!/bin/bash\n{script}")


def keys(folder: Path, text: str) -> set[str]:
    found = check_command(read_command(shlex.split(text)), folder=folder).findings
    return {item.key for item in found if item.severity is Severity.ERROR}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
@pytest.mark.parametrize("start", ["bash train.sh", "./train.sh", "nohup bash -x train.sh", "sbatch -p gpu train.sh"])
def test_the_arguments_of_a_script_reach_the_program(script: str, start: str, tmp_path: Path) -> None:
    fork(tmp_path, script)
    assert keys(tmp_path, f"{start} 0 --logdir x --run.stepz 5") == {"run.stepz"}
    assert keys(tmp_path, f"{start} 0 --logdir x --run.steps 5e6") == set()


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_a_document_that_starts_a_script(script: str, tmp_path: Path) -> None:
    fork(tmp_path, script)
    (tmp_path / "README.md").write_text("# Run\n```bash\nbash train.sh 0 --logdir x --run.stepz 5\n```\n")
    results = check_tree([tmp_path], folder=tmp_path).results
    found = [item for result in results for item in result.findings if item.severity is Severity.ERROR]
    assert [(item.key, item.primary.span.source.name) for item in found] == [("run.stepz", "train.sh")]


def test_a_script_without_arguments_is_judged_as_its_file(tmp_path: Path) -> None:
    fork(tmp_path, "python dreamerv3/main.py --configs mine --logdir x --run.stepz ${1:-5}\n")
    assert keys(tmp_path, "bash train.sh") == {"run.stepz"}


@pytest.mark.parametrize("text", ["bash other.sh 1", "bash ../train.sh 1", "cat train.sh 1", "bash train.sh 1"])
def test_what_starts_no_training_stays_unknown(text: str, tmp_path: Path) -> None:
    fork(tmp_path, "echo python $1\n" if text == "bash train.sh 1" else SCRIPTS["rest"])
    with pytest.raises(UnknownProgram):
        check_command(read_command(shlex.split(text)), folder=tmp_path)


@pytest.mark.parametrize("guard", ["[ $# -lt 2 ]", '[ "$#" -ne 2 ]', "test $# -lt 2", '[ -z "$2" ]'])
def test_a_script_that_stops_without_its_arguments_starts_nothing(guard: str, tmp_path: Path) -> None:
    train = "python dreamerv3/main.py --configs mine --logdir $1 --run.stepz $2"
    fork(tmp_path, f"if {guard}; then\n  echo usage\n  exit 1\nfi\n{train}\n")
    assert keys(tmp_path, "bash train.sh x 5") == {"run.stepz"}
    with pytest.raises(UnknownProgram):
        check_command(read_command(shlex.split("bash train.sh x")), folder=tmp_path)


def test_scripts_that_start_each_other_end(tmp_path: Path) -> None:
    fork(tmp_path, "bash other.sh $1\n")
    (tmp_path / "other.sh").write_text("bash train.sh $1\npython dreamerv3/main.py --configs mine --logdir $1\n")
    assert keys(tmp_path, "bash train.sh 1") == set()


def test_arguments_with_blanks_are_not_guessed(tmp_path: Path) -> None:
    fork(tmp_path, SCRIPTS["rest"])
    result = check_command(read_command(["bash", "train.sh", "0", "--logdir", "my logs"]), folder=tmp_path)
    assert UNKNOWN not in str(result.run.settings["logdir"].value) or not result.active
