"""`check --against`: what a change adds, and which points it costs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dreamerguard.commands.app import app

SOUND = "task: dmc_walker_walk\n"
LOW = "task: dmc_walker_walk\nrun.train_ratio: 32\n"
LESS_LOW = "task: dmc_walker_walk\nrun.train_ratio: 64\n"
MISSPELLED = "task: dmc_cartpole_balance\nrun.train_ration: 512\n"


@pytest.fixture
def versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    after.mkdir()
    monkeypatch.chdir(after)
    return before, after


def check(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["check", "--no-config", *words])
    return result.exit_code, result.stdout + result.stderr


def test_a_change_states_the_points_that_it_costs(versions: tuple[Path, Path]) -> None:
    before, after = versions
    (before / "run.yaml").write_text(SOUND)
    (after / "run.yaml").write_text(LOW)
    code, out = check("--against", str(before))
    assert code == 1
    assert "This change costs dmc_walker_walk about 785 points: the expected score is about 155" in out
    _, comment = check("--against", str(before), "--output-format", "markdown")
    assert "**This change costs dmc\\_walker\\_walk about 785 points**: the expected score" in comment
    data = json.loads(CliRunner().invoke(app, ["check", "--against", str(before), "--output-format", "json"]).stdout)
    assert data["change"][0].startswith("This change costs dmc_walker_walk about 785 points")


def test_only_what_the_change_adds_counts(versions: tuple[Path, Path]) -> None:
    before, after = versions
    (before / "old.yaml").write_text(MISSPELLED)
    (after / "moved.yaml").write_text(MISSPELLED)
    code, out = check("--against", str(before))
    assert (code, "This change adds no finding" in out) == (0, True)
    (after / "second.yaml").write_text(MISSPELLED)
    assert check("--against", str(before))[0] == 1


def test_a_worse_value_of_a_known_finding_counts_by_its_difference(versions: tuple[Path, Path]) -> None:
    before, after = versions
    (before / "run.yaml").write_text(LESS_LOW)
    (after / "run.yaml").write_text(LOW)
    code, out = check("--against", str(before))
    assert code == 1
    points = int(out.partition("costs dmc_walker_walk about ")[2].partition(" points")[0])
    assert 0 < points < 785


def test_a_better_value_costs_nothing(versions: tuple[Path, Path]) -> None:
    before, after = versions
    (before / "run.yaml").write_text(LOW)
    (after / "run.yaml").write_text(SOUND)
    code, out = check("--against", str(before))
    assert code == 0
    assert "This change adds no finding" in out and "1 finding of the version before is gone" in out


def test_given_paths_are_compared_with_the_same_paths(versions: tuple[Path, Path]) -> None:
    before, after = versions
    for name, text in (("a.yaml", SOUND), ("b.yaml", LOW)):
        (before / name).write_text(text)
    (after / "a.yaml").write_text(LOW)
    (after / "b.yaml").write_text(LOW)
    assert check("a.yaml", "--against", str(before))[0] == 1
    assert check("b.yaml", "--against", str(before))[0] == 0
    (after / "new.yaml").write_text(LOW)
    assert check("new.yaml", "--against", str(before))[0] == 1


@pytest.mark.parametrize("option", ["--fix", "--diff"])
def test_it_only_reports(versions: tuple[Path, Path], option: str) -> None:
    code, out = check("--against", str(versions[0]), option)
    assert code == 2 and "--against only reports" in out


def test_a_missing_folder_is_named(versions: tuple[Path, Path]) -> None:
    code, out = check("--against", "nosuch")
    assert (code, out.strip()) == (2, "error: --against nosuch: there is no such folder")
