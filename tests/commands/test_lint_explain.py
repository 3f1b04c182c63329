"""The commands `lint` and `explain` through the parser that users meet."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from dreamerguard.commands.app import app
from dreamerguard.programs.native.keys import native_keys
from dreamerguard.rules import all_rules


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(words))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    assert "Traceback" not in result.output
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


def test_the_founding_case_in_three_spellings() -> None:
    for words in (
        ["--task", "dmc_walker_walk", "run.train_ratio=32"],
        ["dmc_walker_walk", "--run.train_ratio", "32"],
        ["--", "dreamerguard", "train", "dmc_walker_walk", "--run.train_ratio=32"],
    ):
        code, out, _ = run("lint", *words)
        assert code == 1
        assert out.startswith("warning[low-train-ratio] DG101") and "1 severe" in out


def test_the_caret_points_into_what_was_typed() -> None:
    _, out, _ = run("lint", "--output-format", "full", "--task=dmc_walker_walk", "run.train_ratio=32")
    line, carets = out.split("\n")[2:4]
    assert line == "  | dreamerguard lint --output-format full --task=dmc_walker_walk run.train_ratio=32"
    assert line[carets.index("^") :] == "run.train_ratio=32"


def test_a_clean_run_says_what_was_checked() -> None:
    Path("run.yaml").write_text("task: dmc_walker_walk\nseed: 4\n", encoding="utf-8")
    code, out, err = run("lint", "run.yaml", "size=size12m")
    assert (code, err) == (0, "")
    assert re.fullmatch(
        r"no problems found; checked \d+ rules on 3 settings of run.yaml \(program bundled trainer: .*\)\n", out
    )


def test_formats() -> None:
    code, out, _ = run("lint", "dmc_walker_walk", "seed=x", "--output-format=concise")
    assert code == 1
    assert out.startswith("command line:1:35: error[wrong-type] DG306 seed is the text 'x'")
    code, out, _ = run("lint", "dmc_walker_walk", "seed=x", "--output-format", "json")
    assert code == 1 and json.loads(out)["findings"][0]["code"] == "DG306"
    assert run("lint", "dmc_walker_walk", "--output-format", "xml")[0] == 2


def test_explain_budget() -> None:
    code, out, _ = run("lint", "dmc_walker_walk", "--explain-budget")
    assert code == 0 and "updates in all" in out and "123,977" in out


def test_list_rules() -> None:
    code, out, _ = run("lint", "--list-rules")
    assert code == 0
    assert [line.split()[2] for line in out.splitlines()] == [rule.name for rule in all_rules()]


WRONG_INPUTS = [
    ("tab", b"task: dmc_walker_walk\nrun:\n\tframes: 1\n", 1, "a tab indents this line"),
    ("syntax", b"task: dmc_walker_walk\nrun: {frames: 1\n", 1, "invalid-yaml"),
    ("duplicate", b"task: dmc_walker_walk\nseed: 1\nseed: 2\n", 1, "seed is set twice"),
    ("unknown", b"task: dmc_walker_walk\nrun: {trian_ratio: 512}\n", 1, "did you mean run.train_ratio?"),
    ("type", b"task: dmc_walker_walk\nrun.envs: [1]\n", 1, "run.envs is the list [1]; it must be a whole number"),
    ("range", b"task: dmc_walker_walk\nrun.envs: 0\n", 1, "run.envs is 0; it must be a whole number from 1 to 4096"),
    (
        "nan",
        b"task: dmc_walker_walk\noptimizer.lr: .nan\n",
        1,
        "optimizer.lr is nan; it must be a finite number above 0",
    ),
    ("inf", b"task: dmc_walker_walk\nrun.frames: 1e999\n", 1, "run.frames is inf; it must be a whole number"),
    ("quoted", b"task: dmc_walker_walk\nseed: '3'\n", 1, "seed is the text '3'"),
    ("underscore", b"task: dmc_walker_walk\nrun.frames: 500_000\n", 1, "numbers have no underscores"),
    ("binary", bytes(range(256)), 1, "this is a binary file"),
    ("latin", "task: dmc_walker_walk # é\n".encode("latin-1"), 1, "line 1 is not UTF-8 text"),
    ("tag", b"task: !!python/object/apply:os.system [id]\n", 1, "!!python/object/apply:os.system is refused"),
    ("huge", b"#" * (1 << 21), 1, "larger than 1 MiB"),
    ("deep", b"a: " + b"[" * 10_000, 1, "nested deeper than 32 levels"),
    ("empty", b"", 3, "the run names no task"),
    ("no task", b"seed: 1\n", 2, "the run names no task"),
    ("list", b"- a\n", 1, "`key: value` lines"),
]


@pytest.mark.parametrize(("name", "data", "code", "message"), WRONG_INPUTS, ids=[row[0] for row in WRONG_INPUTS])
def test_wrong_files_get_one_clear_message(name: str, data: bytes, code: int, message: str) -> None:
    Path("run.yaml").write_bytes(data)
    got, out, err = run("lint", "run.yaml")
    assert got == code
    assert err == ""
    assert message in out
    assert sum(line.startswith(("error[", "warning[")) for line in out.splitlines()) == 1


def test_an_alias_bomb_is_refused_quickly() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    Path("run.yaml").write_text("\n".join(lines), encoding="utf-8")
    code, out, _ = run("lint", "run.yaml")
    assert code == 1 and "more than 20000 values" in out


WRONG_WORDS = [
    ([], 3, "nothing to check"),
    (["--"], 3, "no command behind --"),
    (["--", "python", "other/program.py", "--configs", "crafter"], 3, "unrecognised training program: python other"),
    (["--", "ls"], 3, "unrecognised training program: ls"),
    (["missing.yaml"], 2, "no such file"),
    (["./folder"], 2, "it is a folder"),
    (["folder"], 2, "'folder' is a folder"),
    (["word"], 2, "'word' is neither a run file, nor key=value, nor a task"),
    (["\x1b[31mword"], 2, "\\x1b[31mword"),
    (["run\x00.yaml"], 2, "cannot read"),
]


@pytest.mark.parametrize(("words", "code", "message"), WRONG_WORDS)
def test_wrong_words_get_one_clear_message(words: list[str], code: int, message: str) -> None:
    Path("folder").mkdir()
    got, out, err = run("lint", *words)
    assert (got, out) == (code, "")
    assert err.startswith("error: ") and message in err and "\x1b" not in err


def test_a_file_that_may_not_be_read() -> None:
    Path("run.yaml").write_text("task: dmc_walker_walk\n", encoding="utf-8")
    Path("run.yaml").chmod(0)
    code, out, err = run("lint", "run.yaml")
    allowed = code == 0 and "no problems" in out  # a superuser may read everything
    assert allowed or (code == 2 and "permission denied" in err)


@settings(max_examples=60)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=20),
            st.sampled_from(sorted(native_keys())).flatmap(
                lambda key: st.text(max_size=8).map(lambda value: f"{key}={value}")
            ),
        ),
        max_size=4,
    )
)
def test_any_words_end_in_a_designed_way(words: list[str]) -> None:
    code, out, err = run("lint", "dmc_walker_walk", *(word.replace("\x00", "") for word in words))
    assert code in (0, 1, 2, 3)
    assert out or err


@settings(max_examples=60)
@given(
    st.one_of(
        st.binary(max_size=60), st.text(alphabet="taskrundmc_walker: .\n-[]{}&*!'1e", max_size=60).map(str.encode)
    )
)
def test_any_file_ends_in_a_designed_way(data: bytes) -> None:
    Path("run.yaml").write_bytes(data)
    code, out, _ = run("lint", "run.yaml", "--output-format", "json")
    assert code in (0, 1, 2, 3)
    json.loads(out)


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name)
def test_every_rule_is_explained_with_its_examples(rule: object) -> None:
    name, code = rule.name, rule.code  # type: ignore[attr-defined]
    assert run("explain", name) == run("explain", code)
    status, out, _ = run("explain", name)
    assert status == 0 and "Why is this bad:" in out and "Reported:" in out


def test_keys_and_tasks_are_explained() -> None:
    code, out, _ = run("explain", "run.train_ratio")
    assert code == 0 and "512 in paper-2025, 1024 in head" in out and "replayed agent steps per agent step" in out
    code, out, _ = run("explain", "model.deter")
    assert code == 0 and "size12m      2048" in out
    code, out, _ = run("explain", "dmc_walker_walk")
    assert code == 0 and "dmc_proprio" in out


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("low-train-rato", "low-train-ratio"),
        ("run.train_ration", "run.train_ratio"),
        ("learning_rate", "optimizer.lr"),
        ("dmc_walker_wlak", "dmc_walker_walk"),
        ("zzzz", "--list-rules"),
    ],
)
def test_unknown_names_get_a_hint(name: str, hint: str) -> None:
    code, out, err = run("explain", name)
    assert (code, out) == (2, "") and hint in err


def entry(words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    program = "from dreamerguard.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *shlex.split(words)],
        capture_output=True,
        text=True,
        timeout=600,
        env={"PATH": "", **environment},
    )


def test_two_dashes_survive_the_real_entry() -> None:
    done = entry("lint -- dreamerguard train dmc_walker_walk --run.train_ratio 32")
    assert done.returncode == 1 and "low-train-ratio" in done.stdout and done.stderr == ""
    done = entry("lint -- python other.py --configs crafter")
    assert done.returncode == 3 and "unrecognised training program" in done.stderr


def test_colors_of_the_real_entry() -> None:
    assert "\x1b[" in entry("lint dmc_walker_walk seed=x", FORCE_COLOR="1").stdout
    assert "\x1b[" not in entry("lint dmc_walker_walk seed=x").stdout
