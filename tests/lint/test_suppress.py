"""Comments that accept findings: where they reach, what they need, and when they are not needed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamerguard import lint_run
from dreamerguard.core.result import Result
from dreamerguard.core.source import Source
from dreamerguard.lint.engine import apply_suppressions, lint_without_suppressions
from dreamerguard.lint.settings.model import Settings
from dreamerguard.lint.suppression_comments import read_suppressions
from dreamerguard.sources.argv import read_command
from dreamerguard.sources.comments import comments

WHY = "# dreamerguard: ignore[low-train-ratio] -- smoke test"


def check(folder: Path, text: str, settings: Settings | None = None) -> Result:
    (folder / "run.yaml").write_bytes(text.encode())
    return lint_run(file="run.yaml", folder=folder, settings=settings)


def names(result: Result) -> list[str]:
    return sorted(finding.name for finding in result.active)


HIDING = {
    "end of the line": f"task: dmc_walker_walk\nrun.train_ratio: 32  {WHY}\n",
    "line above": f"task: dmc_walker_walk\n{WHY}\nrun.train_ratio: 32\n",
    "line above, with others between": f"task: dmc_walker_walk\n{WHY}\n\n# note\nrun.train_ratio: 32\n",
    "nested, line above": f"task: dmc_walker_walk\nrun:\n  {WHY}\n  train_ratio: 32\n",
    "block": f"task: dmc_walker_walk\n{WHY.replace('ignore[', 'ignore-block[')}\nrun:\n  envs: 8\n  train_ratio: 32\n",
    "file, at the end": f"task: dmc_walker_walk\nrun.train_ratio: 32\n{WHY.replace('ignore[', 'ignore-file[')}\n",
    "code": f"task: dmc_walker_walk\nrun.train_ratio: 32  {WHY.replace('low-train-ratio', 'DG101')}\n",
    "category": f"task: dmc_walker_walk\nrun.train_ratio: 32  {WHY.replace('low-train-ratio', 'ratio')}\n",
    "windows lines": f"task: dmc_walker_walk\r\nrun.train_ratio: 32  {WHY}\r\n",
    "no space": "task: dmc_walker_walk\nrun.train_ratio: 32 #dreamerguard:ignore[DG101]--smoke test\n",
}


@pytest.mark.parametrize("text", HIDING.values(), ids=HIDING)
def test_where_a_comment_reaches(tmp_path: Path, text: str) -> None:
    result = check(tmp_path, text)
    assert names(result) == []
    (finding,) = result.findings
    assert (finding.allowed, finding.allowed_by) == ("smoke test", "comment")


MISSING = {
    "other line": f"task: dmc_walker_walk  {WHY}\nrun.train_ratio: 32\n",
    "line below": f"task: dmc_walker_walk\nrun.train_ratio: 32\n{WHY}\n",
    "section only": f"task: dmc_walker_walk\n{WHY}\nrun:\n  train_ratio: 32\n",
    "after the block": (
        f"task: dmc_walker_walk\n{WHY.replace('ignore[', 'ignore-block[')}\nmodel:\n  units: 256\nrun.train_ratio: 32\n"
    ),
    "other rule": f"task: dmc_walker_walk\nrun.train_ratio: 32  {WHY.replace('low-train-ratio', 'no-training')}\n",
}


@pytest.mark.parametrize("text", MISSING.values(), ids=MISSING)
def test_where_it_does_not_reach_it_is_stale(tmp_path: Path, text: str) -> None:
    assert names(check(tmp_path, text)) == ["low-train-ratio", "stale-suppression"]


def test_without_a_reason_it_has_no_effect(tmp_path: Path) -> None:
    for end in ("", " --", " --   "):
        text = f"task: dmc_walker_walk\nrun.train_ratio: 32  # dreamerguard: ignore[low-train-ratio]{end}\n"
        assert names(check(tmp_path, text)) == ["low-train-ratio", "unexplained-suppression"]


@pytest.mark.parametrize(
    "comment",
    ["ignore", "ignore -- why", "ignore[] -- why", "ignor[DG101] -- why", "ignore[DG101] why", "noqa", "ignore[DG101"],
)
def test_other_forms_are_reported(tmp_path: Path, comment: str) -> None:
    result = check(tmp_path, f"task: dmc_walker_walk\nrun.train_ratio: 32  # dreamerguard: {comment}\n")
    assert names(result) == ["low-train-ratio", "unknown-suppression"]
    (finding,) = [item for item in result.active if item.name == "unknown-suppression"]
    assert finding.help == "write # dreamerguard: ignore[RULE] -- reason"


def test_an_unknown_rule_gets_a_hint_and_known_ones_still_count(tmp_path: Path) -> None:
    text = f"task: dmc_walker_walk\nrun.train_ratio: 32  {WHY.replace(']', ', no-trainin]')}\n"
    (finding,) = check(tmp_path, text).active
    assert finding.message == "there is no rule 'no-trainin'; did you mean no-training?"


def test_of_several_rules_only_the_unneeded_is_stale(tmp_path: Path) -> None:
    text = f"task: dmc_walker_walk\nrun.train_ratio: 32  {WHY.replace(']', ', no-training]')}\n"
    (finding,) = check(tmp_path, text).active
    assert finding.message == "no-training finds nothing here"
    assert finding.fix is None and finding.help == "remove no-training from the brackets"


def test_a_rule_that_was_not_selected_is_not_called_stale(tmp_path: Path) -> None:
    text = f"task: dmc_walker_walk\nrun.train_ratio: 512  {WHY}\n"
    assert names(check(tmp_path, text, Settings(select=("DG3", "DG9")))) == []
    assert names(check(tmp_path, text, Settings(select=("DG1", "DG9")))) == ["stale-suppression"]
    assert names(check(tmp_path, text, Settings(ignore={"stale-suppression": ""}))) == []


def test_a_rule_that_gave_way_to_a_better_one_is_not_called_stale(tmp_path: Path) -> None:
    # Both rules object to the batch; with a low ratio the second is silent, and its comment still needed without it.
    hidden = "replay.batch_size: 4  # dreamerguard: ignore[changed-batch-shape] -- memory"
    text = f"task: dmc_walker_walk\n{hidden}\nrun.train_ratio: "
    assert names(check(tmp_path, f"{text}512\n")) == []
    assert names(check(tmp_path, f"{text}16\n")) == ["low-train-ratio"]


def test_broken_files_cannot_be_hidden(tmp_path: Path) -> None:
    text = "# dreamerguard: ignore-file[invalid-yaml] -- no\ntask: [\n"
    assert "invalid-yaml" in names(check(tmp_path, text))


def test_runs_that_share_a_file_are_judged_together(tmp_path: Path) -> None:
    text = f"run:\n  train_ratio: 32  {WHY}\n"
    (tmp_path / "base.yaml").write_text(text, encoding="utf-8")
    commands = [f"dreamerguard train {task} base.yaml" for task in ("atari_pong", "dmc_walker_walk")]
    results = [lint_without_suppressions(read_command(command.split()), folder=tmp_path) for command in commands]
    atari, walker = apply_suppressions(results, folder=tmp_path)
    assert atari.findings == ()
    assert [item.allowed for item in walker.findings] == ["smoke test"]
    (alone,) = apply_suppressions(results[:1], folder=tmp_path)
    assert names(alone) == ["stale-suppression"]


YAML = [
    ("a: 1 # x\n", ["# x"]),
    ("# x\na: 1\n", ["# x"]),
    ("a: 'q # no' # x\n", ["# x"]),
    ('a: "q # no"\n', []),
    ("a: b#c\n", []),
    ("a: |\n  text # no\nb: 1 # x\n", ["# x"]),
    ("a: [1, # x\n  2] # y\n", ["# x", "# y"]),
    ("a: 1 # x\n\n  # y\n# z", ["# x", "# y", "# z"]),
    ("a: 1 # x\nb: [\n", ["# x"]),
    ("", []),
]


@pytest.mark.parametrize(("text", "expected"), YAML)
def test_comments_of_yaml(text: str, expected: list[str]) -> None:
    assert [span.text for span in comments(Source("run.yaml", text))] == expected


SHELL = [
    ("python train.py # x\n", ["# x"]),
    ("#!/bin/sh\n# x\n", ["#!/bin/sh", "# x"]),
    ("echo 'a # no' \"b # no\" c#no \\# no; # x\n", ["# x"]),
    ("echo ${x#prefix} $#\n", []),
    ("echo 'over\nlines # no'\n# x", ["# x"]),
]


@pytest.mark.parametrize(("text", "expected"), SHELL)
def test_comments_of_scripts(text: str, expected: list[str]) -> None:
    assert [span.text for span in comments(Source("run.sh", text))] == expected


def test_a_comment_above_a_continued_command_covers_all_its_lines() -> None:
    text = f"{WHY}\npython train.py \\\n  --run.train_ratio 32\necho done\n"
    (item,) = read_suppressions(Source("run.sh", text))
    assert text[item.start : item.end] == "python train.py \\\n  --run.train_ratio 32"


def test_a_block_of_a_script_ends_at_an_empty_line() -> None:
    text = f"{WHY.replace('ignore[', 'ignore-block[')}\none\ntwo\n\nthree\n"
    (item,) = read_suppressions(Source("run.sh", text))
    assert text[item.start : item.end] == "one\ntwo"


@given(
    st.text(alphabet="a:# \n\"'[]{}-\\|\tdreamerguard: ignore[DG101] -- x", max_size=80),
    st.sampled_from(["x.yaml", "x.sh"]),
)
def test_any_text_is_read(text: str, name: str) -> None:
    for item in read_suppressions(Source(name, text)):
        assert 0 <= item.start <= item.end <= len(text)
        assert item.span.text.startswith("#")
