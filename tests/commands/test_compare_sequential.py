"""`compare --sequential` on run directories: the plan is kept between calls, and swapped runs are refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dreamerguard.commands.app import app

from ..regression.run_logs import append, native_run

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five seeds of a release, five of a worse one, five as good, and one that has not ended."""
    folder = tmp_path_factory.mktemp("pool")
    for seed in range(5):
        native_run(folder / "old" / f"s{seed}", seed)
        native_run(folder / "low" / f"s{seed}", seed, gain=0.85)
        native_run(folder / "good" / f"s{seed}", seed, noise=5.0)
    native_run(folder / "half", 1, gain=0.85, cells=20)
    return folder


@pytest.fixture
def gate(pool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(pool / "old", tmp_path / "old")
    return pool


def _bring(source: Path, *seeds: int) -> None:
    for seed in seeds:
        shutil.copytree(source / f"s{seed}", Path("new") / f"s{seed}")


def _run(*words: str) -> Result:
    result = CliRunner().invoke(app, ["compare", "new", "--baseline", "old", *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_the_same_command_with_more_runs_comes_to_a_verdict(gate: Path) -> None:
    _bring(gate / "low", 0, 1)
    first = _run("--sequential")
    assert first.exit_code == 4
    assert first.stdout.startswith("INCONCLUSIVE: go on. Run 2 more candidate seeds, then type the same command again")
    _bring(gate / "low", 2, 3)
    second = _run("--sequential")
    assert second.exit_code == 1
    assert second.stdout.startswith(
        "WORSE: stop. The final score is lower with p = 0.0079 (4 candidate seeds against 5"
    )
    assert "1 planned seed saved" in second.stdout
    _bring(gate / "good", 4)
    assert _run("--sequential").stdout.splitlines()[0] == second.stdout.splitlines()[0]


def test_json_holds_the_plan_the_looks_and_the_missing_seeds(gate: Path) -> None:
    _bring(gate / "good", 0, 1, 2)
    data = json.loads(_run("--sequential", "--looks", "4,5", "--output-format", "json").stdout)
    assert data["outcome"] == "INCONCLUSIVE"
    assert data["sequential"]["needed"] == [
        {"suite": "dmc_proprio", "task": "dmc_walker_walk", "candidate": 1, "baseline": 0}
    ]
    assert data["sequential"]["plan"]["looks"] == [4, 5]
    _bring(gate / "good", 3)
    result = _run("--sequential", "--output-format", "json")
    data = json.loads(result.stdout)
    assert (result.exit_code, data["outcome"], data["sequential"]["stop"]) == (0, "NON-INFERIOR", True)
    stored = json.loads(Path("sequential-plan.json").read_text())
    assert stored["looks"] == data["sequential"]["looks"]
    assert stored["plan"] == data["sequential"]["plan"]
    assert len(stored["runs"]) == 9


@pytest.mark.parametrize("form", ["markdown", "junit"])
def test_other_formats(gate: Path, form: str) -> None:
    _bring(gate / "low", 0, 1, 2, 3)
    result = _run("--sequential", "--output-format", form)
    assert "stop. The final score is lower" in result.stdout
    assert "stored in sequential-plan.json" in result.stdout


def test_runs_must_not_be_swapped_between_looks(gate: Path) -> None:
    _bring(gate / "low", 0, 1)
    _run("--sequential")
    shutil.rmtree("new/s1")
    _bring(gate / "low", 2, 3, 4)
    missing = _run("--sequential")
    assert missing.exit_code == 2
    assert "candidate new/s1 counted at an earlier look and is not given now" in missing.stderr
    _bring(gate / "good", 1)
    other = _run("--sequential")
    assert other.exit_code == 2
    assert "candidate new/s1 has other scores than at an earlier look" in other.stderr
    assert _run("--sequential", "--plan", "second.json").exit_code in (0, 1, 4)


def test_a_run_may_be_moved_and_may_go_on(gate: Path) -> None:
    _bring(gate / "low", 0, 1)
    _run("--sequential")
    Path("new/s1").rename("new/moved")
    append(Path("new/moved/scores.jsonl"), [{"frames": 600_000, "score": 1.0, "length": 501}])
    _bring(gate / "low", 2, 3)
    assert _run("--sequential").exit_code == 1


def test_copies_are_no_new_seeds(gate: Path) -> None:
    _bring(gate / "low", 0, 1)
    shutil.copytree("new/s0", "new/s9")
    result = _run("--sequential")
    assert result.exit_code == 2
    assert "new/s9 has exactly the scores of new/s0: copies are no new seeds" in result.stderr


def test_an_unfinished_run_waits(gate: Path) -> None:
    _bring(gate / "low", 0, 2, 3)
    shutil.copytree(gate / "half", "new/half")
    result = _run("--sequential")
    assert result.exit_code == 4
    assert "note: new/half has 200,000 of 490,000 frames: not counted yet" in result.stdout
    assert "Run 1 more candidate seed" in result.stdout
    shutil.rmtree("new/half")
    _bring(gate / "low", 4)
    assert (
        "new/half was too short at an earlier call and is not given now: is this meant?" in _run("--sequential").stdout
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--margin", "0.1"), "has --margin 0.05, fixed before its first look: leave --margin out"),
        (("--max-seeds", "8"), "has --max-seeds 5, fixed"),
        (("--looks", "3,5"), "has --looks 4,5, fixed"),
    ],
)
def test_options_of_a_later_call_must_fit_the_plan(gate: Path, words: tuple[str, ...], message: str) -> None:
    _bring(gate / "low", 0)
    _run("--sequential")
    result = _run("--sequential", *words)
    assert result.exit_code == 2
    assert message in result.stderr


def test_wrong_files_and_options_are_refused(gate: Path) -> None:
    _bring(gate / "low", 0)
    assert "need --sequential" in _run("--max-seeds", "8").stderr
    assert "write numbers of seeds with commas" in _run("--sequential", "--looks", "2-5").stderr
    Path("sequential-plan.json").write_text("[1]")
    broken = _run("--sequential")
    assert broken.exit_code == 2
    assert "is not a plan of `compare --sequential`" in broken.stderr
    Path("sequential-plan.json").unlink()
    assert _run("--sequential").exit_code == 4
    stored = Path("sequential-plan.json").read_text()
    for before, after in (('"margin": 0.05', '"margin": "x"'), ('"seed": 0', '"seed": 0.5'), ("0.0158", "0.5")):
        assert before in stored
        Path("sequential-plan.json").write_text(stored.replace(before, after))
        edited = _run("--sequential")
        assert edited.exit_code == 2
        assert "is not a plan of `compare --sequential`" in edited.stderr
    missing = _run("--sequential", "--plan", "no/such/folder/plan.json")
    assert (missing.exit_code, "cannot be written" in missing.stderr) == (2, True)


def test_published_curves_are_a_baseline_that_does_not_grow(gate: Path) -> None:
    _bring(gate / "low", 0, 1, 2)
    words = ["compare", "new", "--reference", "2024", "--sequential"]
    first = CliRunner().invoke(app, words)
    assert first.exit_code == 4, first.output
    assert "Run 1 more candidate seed, then" in first.stdout
    _bring(gate / "low", 3)
    second = CliRunner().invoke(app, words)
    assert (second.exit_code, second.stdout[:6]) == (1, "WORSE:")
    assert "compares with --reference 2024" in _run("--sequential").stderr
