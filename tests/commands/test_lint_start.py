"""Starting quickly: what linting may not import, and that the quick way reads options as Typer does."""

import json
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from dreamerguard.commands import lint as lint_module
from dreamerguard.commands import lint_run
from dreamerguard.commands.app import COMMANDS, app
from dreamerguard.commands.lint import lint
from dreamerguard.commands.shared.lint_options import read_options
from dreamerguard.commands.shared.split_arguments import split_words
from dreamerguard.commands.shared.typer_argv import WordsCommand
from dreamerguard.programs.native.options import LintOptions

pytestmark = pytest.mark.integration

#: What takes long to import and what linting a command does not need.
HEAVY = (
    "pydantic",
    "typer",
    "rich",
    "jax",
    "numpy",
    "hypothesis",
    "importlib.metadata",
    "asyncio",
    "subprocess",
    "ssl",
)
PROGRAM = """
import sys
sys.argv = ["dreamerguard", *{words!r}]
from dreamerguard.cli import main
try:
    main()
except SystemExit as end:
    code = end.code
sys.stdout = sys.__stdout__
print("\\nMODULES", code, *sorted(sys.modules))
"""


def modules(*words: str, folder: Path) -> tuple[int, set[str]]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(words=list(words))],
        capture_output=True, text=True, timeout=600, cwd=folder, check=True,
    )  # fmt: skip
    line = done.stdout.rpartition("MODULES ")[2].split()
    return int(line[0]), set(line[1:])


@pytest.mark.parametrize("format", ["full", "concise", "json", "github"])
def test_linting_a_native_command_imports_nothing_heavy(tmp_path: Path, format: str) -> None:
    words = ["lint", "--output-format", format, "--", "dreamerguard", "train", "dmc_walker_walk", "run.train_ratio=32"]
    code, loaded = modules(*words, folder=tmp_path)
    assert code == 1
    assert [name for name in HEAVY if name in loaded] == []
    other = {"danijar", "nm512_torch", "sheeprl", "r2dreamer"}
    assert not {f"dreamerguard.programs.{name}.program" for name in other} & loaded
    assert len(loaded) < 330, sorted(loaded)


def test_linting_a_danijar_command_imports_nothing_heavy(tmp_path: Path) -> None:
    words = ["lint", "--", "python", "dreamerv3/main.py", "--configs", "dmc_proprio", "--run.train_ratio", "32"]
    code, loaded = modules(*words, folder=tmp_path)
    assert code in (0, 1)
    assert [name for name in HEAVY if name in loaded and name != "subprocess"] == []


def test_a_command_is_only_imported_when_it_is_named(tmp_path: Path) -> None:
    code, loaded = modules("schema", folder=tmp_path)
    assert code == 0
    assert not {"dreamerguard.commands.train", "dreamerguard.commands.lint", "dreamerguard.lint.engine"} & loaded


def test_every_command_exists_and_has_help() -> None:
    listed = CliRunner().invoke(app, ["--help"]).stdout
    for name in COMMANDS:
        assert f"\n  {name} " in listed
        result = CliRunner().invoke(app, [name, "--help"])
        assert result.exit_code == 0 and "Usage:" in result.stdout, name


def test_a_misspelt_command_gets_a_hint() -> None:
    result = CliRunner().invoke(app, ["lnt"])
    assert result.exit_code == 2 and "did you mean lint?" in result.stderr


def test_completion_lists_commands_and_options() -> None:
    def complete(words: str, index: int) -> str:
        environment = os.environ | {
            "_DREAMERGUARD_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(index),
        }
        program = "import sys; sys.argv = ['dreamerguard']; from dreamerguard.cli import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=600, env=environment
        )  # fmt: skip
        return done.stdout

    assert {"lint", "train", "check"} <= set(complete("dreamerguard ", 1).split())
    assert "--output-format" in complete("dreamerguard lint --out", 2)


# --- the quick way and Typer -----------------------------------------------------------------------------------------

RUN_OPTIONS = {"task", "edition", "size"}


def test_both_ways_know_the_same_options() -> None:
    command = typer.main.get_command(_single(lint))
    known = {name for param in command.params for name in param.opts if name.startswith("--")}
    ours = {f"--{item.name.replace('_', '-')}" for item in fields(LintOptions)}
    assert known == ours | {f"--{name}" for name in RUN_OPTIONS}


def _single(function: object) -> typer.Typer:
    single = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
    single.command("lint", cls=WordsCommand)(function)  # type: ignore[type-var]
    return single


@pytest.fixture
def by_typer(monkeypatch: pytest.MonkeyPatch) -> object:
    """What Typer passes on, without linting."""
    seen: list[LintOptions] = []

    def remember(options: LintOptions, own: object, training: object) -> int:
        seen.append(options)
        return 0

    monkeypatch.setattr(lint_run, "run_lint", remember)
    assert lint_module

    def parse(words: list[str]) -> LintOptions | None:
        seen.clear()
        result = CliRunner().invoke(_single(lint), words)
        return seen[0] if result.exit_code == 0 and seen else None

    return parse


WORDS = st.lists(
    st.sampled_from(
        [
            "dmc_walker_walk", "run.train_ratio=32", "--run.train_ratio", "32", "--task", "--task=x", "run.yaml",
            "--output-format", "json", "--output-format=sarif", "--output-format=xml", "--select", "DG1,DG2",
            "--ignore", "DG101", "--min-severity=error", "--min-severity", "warning", "--fix", "--diff", "--fix=yes",
            "--unsafe-fixes", "--list-rules", "--no-config", "--config-file", "x.toml", "--output=out", "--help", "-5",
            "--select=",
        ]
    ),
    max_size=6,
)  # fmt: skip


def test_both_ways_read_the_same(by_typer: object) -> None:
    @given(WORDS)
    def compare(words: list[str]) -> None:
        quick = read_options(split_words(words)[0])
        if quick is not None:
            assert by_typer(words) == quick  # type: ignore[operator]

    compare()


@pytest.mark.parametrize(
    "words",
    [["--help"], ["-h"], ["--output-format", "x"], ["--output-format"], ["--fix=1"], ["--select"]],
)  # fmt: skip
def test_what_only_typer_can_answer_goes_there(words: list[str]) -> None:
    assert read_options(words) is None


# --- the entry -------------------------------------------------------------------------------------------------------


def entry(*words: str, folder: Path, **kwargs: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "dreamerguard", *words], capture_output=True, timeout=600, cwd=folder, **kwargs  # type: ignore[call-overload]
    )  # fmt: skip


def test_a_closed_pipe_is_no_bug(tmp_path: Path) -> None:
    command = f"'{sys.executable}' -m dreamerguard lint --list-rules | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=600, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("DG001")


def test_a_terminal_without_unicode_gets_escapes(tmp_path: Path) -> None:
    done = entry("lint", "dmc_walker_walk", "é=1", folder=tmp_path, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 1 and b"\\xe9" in done.stdout and done.stderr == b""


def test_a_bug_ends_with_70_and_one_message(tmp_path: Path) -> None:
    program = (
        "import sys; sys.argv = ['dreamerguard', 'lint', 'dmc_walker_walk'];"
        "import dreamerguard.lint.engine as e; e.check_command = lambda *a, **k: 1 / 0;"
        "from dreamerguard.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=600, cwd=tmp_path)
    assert done.returncode == 70 and done.stdout == ""
    assert done.stderr.startswith("internal error: ZeroDivisionError") and "Traceback" not in done.stderr


def test_reports_go_into_a_file(tmp_path: Path) -> None:
    done = entry("lint", "dmc_walker_walk", "seed=x", "--output-format=json", "--output=report.json", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"report.json: 1 error; checked")
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["version"] == 1
    done = entry("lint", "dmc_walker_walk", "--output=none/report.json", folder=tmp_path)
    assert done.returncode == 2 and done.stderr.startswith(b"error: cannot write 'none/report.json'")


def test_fix_diff_and_baseline_through_the_entry(tmp_path: Path) -> None:
    run = tmp_path / "run.yaml"
    run.write_text("task: dmc_walker_walk\nrun.train_ration: 32\n", encoding="utf-8")
    done = entry("lint", "run.yaml", "--diff", folder=tmp_path)
    assert done.returncode == 1 and b"+run.train_ratio: 32" in done.stdout
    done = entry("lint", "run.yaml", "--fix", folder=tmp_path)
    assert done.returncode == 1 and b"fixed run.yaml:2:1: rename it to run.train_ratio (unknown-key)" in done.stderr
    done = entry("lint", "run.yaml", "--baseline=known.json", "--write-baseline", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"known.json: 1 finding listed\n")
    done = entry("lint", "run.yaml", "--baseline=known.json", folder=tmp_path)
    assert done.returncode == 0 and b"1 suppressed (1 by baseline)" in done.stdout
    done = entry("lint", "run.yaml", "--fix", "--unsafe-fixes", folder=tmp_path)
    assert run.read_text(encoding="utf-8") == "task: dmc_walker_walk\nrun.train_ratio: 512\n"
    done = entry("lint", "run.yaml", "--baseline=known.json", folder=tmp_path)
    assert done.returncode == 1 and b"stale-baseline" in done.stdout
    done = entry("lint", "run.yaml", "--baseline=known.json", "--prune-baseline", folder=tmp_path)
    assert done.stderr == b"known.json: 1 finding removed, 0 left\n"
    assert entry("lint", "run.yaml", "--baseline=known.json", folder=tmp_path).returncode == 0
    assert entry("lint", "run.yaml", "seed=x", "--exit-zero", folder=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--write-baseline"], b"name the baseline with --baseline FILE"),
        (["--unsafe-fixes"], b"--unsafe-fixes needs --fix or --diff"),
        (["--select=DG9x"], b"--select: there is no rule 'DG9x'"),
        (["--ignore=low-train-rato"], b"did you mean low-train-ratio?"),
        (["--config-file=none.toml"], b"cannot read the settings 'none.toml'"),
    ],
)
def test_options_that_do_not_fit_are_one_message(tmp_path: Path, words: list[str], message: bytes) -> None:
    done = entry("lint", "dmc_walker_walk", *words, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"error: ") and message in done.stderr and done.stderr.count(b"\n") == 1


def test_config_show_and_test_rules(tmp_path: Path) -> None:
    (tmp_path / "dreamerguard.toml").write_text('ignore = {DG101 = "why"}\n', encoding="utf-8")
    done = entry("config", "show", folder=tmp_path)
    assert done.returncode == 0
    assert b'ignore = {"DG101" = "why"}  # ' in done.stdout and b"select = []  # default" in done.stdout
    assert entry("test-rules", folder=tmp_path).returncode == 3
    done = entry("test-rules", "--built-in", "low-train-ratio", folder=tmp_path)
    assert done.returncode == 0 and b"passed  DG101  low-train-ratio" in done.stdout
    assert done.stdout.endswith(b"1 rule tested, 0 failed\n")
    (tmp_path / "dreamerguard.toml").write_text("ignor = []\n", encoding="utf-8")
    done = entry("config", "show", folder=tmp_path)
    assert done.returncode == 2 and b"did you mean ignore?" in done.stderr
    (tmp_path / "dreamerguard.toml").write_text('select = ["low-train-rato"]\n', encoding="utf-8")
    done = entry("config", "show", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"select: there is no rule 'low-train-rato'; did you mean low-train-ratio?" in done.stderr
    (tmp_path / "dreamerguard.toml").write_text('select = ["ours"]\nlocal-rules = ["ours.py"]\n', encoding="utf-8")
    done = entry("config", "show", folder=tmp_path)  # the code is not run, so its rules are not known
    assert done.returncode == 0 and b'select = ["ours"]' in done.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["zzz"], b"there is no rule 'zzz'; `dreamerguard lint --list-rules` lists the rules"),
        (["--built-in", "low-train-rato"], b"there is no rule 'low-train-rato'; did you mean low-train-ratio?"),
        (["low-train-ratio"], b"'low-train-ratio' is a built-in rule; add --built-in to test it"),
        (["zzz", "DG101"], b"'DG101' is a built-in rule"),
    ],
)
def test_unknown_rules_are_not_tested(tmp_path: Path, words: list[str], says: bytes) -> None:
    done = entry("test-rules", *words, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert says in done.stderr and done.stderr.startswith(b"error: ")
