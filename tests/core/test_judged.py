"""What of a run was judged, in every report that says so."""

import json
from pathlib import Path

import pytest

from dreamerguard import lint_command
from dreamerguard.core.result import Result
from dreamerguard.lint.repository import check_tree
from dreamerguard.lint.settings.model import Settings
from dreamerguard.reports import render
from dreamerguard.reports.repository_summary import render_tree


def result_of(folder: Path, line: str) -> Result:
    (folder / "run.sh").write_text(f"{line}\n")
    (result,) = check_tree([folder]).results
    return result


UNKNOWN_TASK = "python dreamerv3/main.py --logdir x --configs dmc_proprio --task $1"


def test_a_task_from_the_shell_is_named(tmp_path: Path) -> None:
    result = result_of(tmp_path, UNKNOWN_TASK)
    assert (result.judged.task, result.judged.ratio, result.judged.budget) == (False, True, True)
    assert result.judged.text == "the task is `$1`, which is only known to the shell: task not judged"
    said = "the task is `$1`, which is only known to the shell"
    for name in ("full", "concise", "json", "markdown", "sarif"):
        text = render(name, [result])
        assert said in text.replace("\\", "") and "no problems found" not in text, name
    assert json.loads(render("json", [result]))["judged"]["reason"] == said


def test_a_task_of_several_words_is_named_whole(tmp_path: Path) -> None:
    text = "```sh\npython dreamerv3/main.py --logdir {log dir} --configs dmc_proprio --task <your task>\n```\n"
    (tmp_path / "README.md").write_text(text)
    (result,) = check_tree([tmp_path]).results
    assert result.judged.text == "the task is `<your task>`, which is only known to the shell: task not judged"
    assert not [finding.rule.name for finding in result.findings if finding.rule.name == "wrong-type"]


def test_a_repository_says_how_many_runs(tmp_path: Path) -> None:
    (tmp_path / "run.sh").write_text(f"{UNKNOWN_TASK}\ndreamerguard train dmc_walker_walk\n")
    text = render_tree(check_tree([tmp_path]))
    assert "nothing found in what was judged; checked 2 commands" in text
    assert "  1 of 2 runs: the task is `$1`" in text


@pytest.mark.parametrize(
    "line",
    [
        "dreamerguard train dmc_walker_walk",
        "python dreamerv3/main.py --logdir x --configs dmc_proprio --task dmc_walker_walk",
        "python dreamerv3/main.py --logdir x --configs dmc_proprio --task dmc_walker_walk --script eval_only",
    ],
)
def test_a_run_that_is_judged_says_nothing_of_it(tmp_path: Path, line: str) -> None:
    result = result_of(tmp_path, line)
    assert result.judged.everything and result.judged.text == ""
    assert "judged" not in render("full", [result]) and "note" not in render("concise", [result])


@pytest.mark.parametrize("line", ["sheeprl exp=$E", "dreamerguard train $1"])
def test_nothing_is_known(tmp_path: Path, line: str) -> None:
    assert result_of(tmp_path, line).judged.nothing


def test_a_task_without_published_scores_is_known_but_not_compared() -> None:
    judged = lint_command("python dreamerv3/main.py --configs dmc_proprio --task mine_run").judged
    assert judged.task and not judged.ratio and "nothing is published for mine_run" in judged.text


def test_what_is_below_the_threshold_is_not_called_allowed(tmp_path: Path) -> None:
    from dreamerguard.core.finding import Severity

    (tmp_path / "run.sh").write_text("dreamerguard train dmc_walker_walk run.train_ratio=32\n")
    text = render_tree(check_tree([tmp_path], settings=Settings(min_severity=Severity.ERROR)))
    assert "1 below --min-severity" in text and "allowed" not in text


def test_a_preset_for_debugging_is_named_as_the_reason(tmp_path: Path) -> None:
    command = "python dreamerv3/main.py --logdir x --configs dmc_proprio{} --task dmc_walker_walk"
    said = "the preset debug makes a short trial, which is not compared with a published run"
    assert result_of(tmp_path, command.format(" debug")).judged.reason == said
    assert result_of(tmp_path, command.format("")).judged.everything
