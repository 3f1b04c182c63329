"""The runs that show that the trainer learns: their files pass lint, and random actions are played in their tasks."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.learning.__main__ import CASES, FOLDER, random_scores, show
from dreamerguard.core.finding import Severity
from dreamerguard.lint.engine import check_command
from dreamerguard.sources.argv import read_command


@pytest.mark.parametrize("case", CASES)
def test_lint_finds_nothing_in_the_run(case: str, tmp_path: Path) -> None:
    result = check_command(read_command(["dreamerguard", "train", "--config", str(FOLDER / f"{case}.yaml")]))
    assert [item.name for item in result.active if item.severity in (Severity.ERROR, Severity.WARNING)] == []
    assert result.run.config is not None


@pytest.mark.parametrize(("case", "least", "most"), [("cartpole", 8, 80), ("minigrid", 0, 1)])
def test_random_actions_score_what_the_task_allows(case: str, least: float, most: float) -> None:
    result = check_command(read_command(["dreamerguard", "train", "--config", str(FOLDER / f"{case}.yaml")]))
    assert result.run.config is not None
    scores = random_scores(result.run.config, 3)
    assert scores == random_scores(result.run.config, 3) and all(least <= score <= most for score in scores)


def test_the_table_shows_every_seed_and_its_evaluation(capsys: pytest.CaptureFixture[str]) -> None:
    curve = {"frames": [*range(30)], "scores": [0.0] * 10 + [5.0] * 20}
    seeds = [{"seed": 0, **curve, "evaluated": [9.0, 10.0]}, {"seed": 1, **curve}]  # the second as stored before
    show({"task": "gym:X", "frames": 300, "random": [1.0, 2.0], "seeds": seeds})
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[1] for line in lines[2:]] == [
        "random actions", "seed 0, at the end", "seed 0, evaluated", "seed 1, at the end"
    ]  # fmt: skip
    assert "9.50   2 episodes, lowest 9.00" in lines[4] and "5.00   mean of the last 20" in lines[5]
