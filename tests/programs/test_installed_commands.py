"""Commands that a checkout installs, and preset files of any name that a script names."""

import re
import shlex
from itertools import product
from pathlib import Path

import pytest

from dreamerguard.core.finding import Severity
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.repository import check_tree
from dreamerguard.programs.registry import UnknownProgram
from dreamerguard.rules.helpers.example_files import with_preset
from dreamerguard.sources.argv import read_command
from dreamerguard.sources.commands.installed_scripts import started_at

SCRIPT = """from dreamerv3 import agent
def main(argv=None):
  configs = load(Path(__file__).parent / "configs" / "dreamer.yaml")
  parsed, other = elements.Flags(configs=["defaults"]).parse_known(argv)
  config = elements.Config(configs["defaults"])
  config = elements.Flags(config).parse(other)
"""
PROJECT = '[project]\nname = "x"\n[project.scripts]\n{name} = "pack.run_it:main"\n'
WORDS = "--configs mine --task custom_a --logdir x --run.train_ratio"


def put(folder: Path, script: str = SCRIPT, project: str = PROJECT.format(name="learn"), top: str = "src") -> None:
    (text,) = with_preset("task: custom_a").values()
    files = {
        "pyproject.toml": project,
        f"{top}/pack/run_it.py": script,
        f"{top}/pack/configs/dreamer.yaml": text,
        f"{top}/pack/configs/other.yaml": "defaults: {gamma: 0.9}\n",
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")


def found(command: str, folder: Path) -> set[str] | None:
    try:
        result = check_command(read_command(shlex.split(command)), folder=folder)
    except UnknownProgram:
        return None
    return {item.name for item in result.findings if item.severity is not Severity.INFO}


@pytest.mark.parametrize(
    "start", ["uv run learn", "learn", "poetry run learn", "CUDA_VISIBLE_DEVICES=0 uv run -q learn"]
)
@pytest.mark.parametrize("top", ["src", "."])
def test_an_installed_command_is_its_script(start: str, top: str, tmp_path: Path) -> None:
    put(tmp_path, top=top)
    assert found(f"{start} {WORDS} 64", tmp_path) == set()
    assert found(f"{start} {WORDS} -2x", tmp_path) == {"wrong-type"}
    assert found(f"{start} --configs yours --logdir x", tmp_path) == {"unknown-preset"}


@pytest.mark.parametrize(
    ("script", "project"),
    [
        (SCRIPT.replace("dreamerv3", "recall"), PROJECT.format(name="learn")),
        (SCRIPT.replace("dreamer.yaml", "other.yaml"), PROJECT.format(name="learn")),
        (SCRIPT, PROJECT.format(name="other")),
        (SCRIPT, PROJECT.format(name="learn").replace("run_it", "gone")),
        (SCRIPT, "not [ toml"),
        (SCRIPT, "[project]\nscripts = 3\n"),
    ],
)
def test_another_program_is_not_checked(script: str, project: str, tmp_path: Path) -> None:
    put(tmp_path, script, project)
    assert found(f"uv run learn {WORDS} 64", tmp_path) is None


def test_a_script_finds_the_only_preset_file_that_it_names(tmp_path: Path) -> None:
    put(tmp_path)
    assert found(f"python src/pack/run_it.py {WORDS} -2x", tmp_path) == {"wrong-type"}


def test_a_block_of_defaults_that_is_a_part_of_the_configuration_says_nothing_of_flags(tmp_path: Path) -> None:
    put(tmp_path, SCRIPT.replace('configs["defaults"])', '{"agent": configs["defaults"]})'))
    assert found("python src/pack/run_it.py --configs mine --agent.logdir x --agent.seed 1", tmp_path) == set()


def test_check_finds_installed_commands(tmp_path: Path) -> None:
    put(tmp_path)
    (tmp_path / "README.md").write_text(f"```sh\nlearn {WORDS} -2x\nuv run learn {WORDS} 64\n```\n", encoding="utf-8")
    checked = check_tree([tmp_path])
    assert checked.commands == 2
    assert {item.name for result in checked.results for item in result.findings} >= {"wrong-type"}


@pytest.mark.parametrize("count", range(5))
def test_only_variables_and_a_launcher_stand_before_a_started_command(count: int) -> None:
    for words in product(["uv", "run", "A=1", "-q", "learn"], repeat=count):
        assert_start(words, started_at(words))


def assert_start(words: tuple[str, ...], index: int | None) -> None:
    before = "".join(f"{word} " for word in words[:index])
    if index is None:
        assert re.fullmatch(r"(A=1 )*(uv (?!run )(.+ )?|uv run (-q )*)?", before)
    else:
        launched = re.fullmatch(r"(A=1 )*(uv run (-q )*)?", before)
        assert launched is not None
        assert words[index] not in (("-q",) if launched[2] else ("A=1", "uv"))
