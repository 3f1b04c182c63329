"""The cost of a low train ratio: an estimate and a report that disagree give one range."""

from pathlib import Path

import pytest

from dreamerguard import lint_command
from dreamerguard.core.finding import Finding, Severity
from dreamerguard.lint.engine import check_command
from dreamerguard.rules.helpers.example_files import COMMAND, with_preset
from dreamerguard.sources.argv import read_command

DANIJAR = "python dreamerv3/main.py --configs"


def finding(command: str) -> Finding:
    (item,) = [item for item in lint_command(command.split()).findings if item.name == "low-train-ratio"]
    return item


@pytest.mark.parametrize(
    ("command", "scores"),
    [
        (
            f"{DANIJAR} dmc_proprio --task dmc_walker_walk --run.train_ratio 32",
            "is about 200 to 742 instead of 940 points",
        ),
        ("dreamerguard train dmc_walker_walk run.train_ratio=32", "is about 155 to 300 instead of 940 points"),
        (f"{DANIJAR} dmc_proprio --task dmc_walker_walk --run.train_ratio 64", "is about "),
        (f"{DANIJAR} dmc_proprio --task dmc_cheetah_run --run.train_ratio 32", "is about "),
    ],
)
def test_the_reported_run_widens_the_estimate_of_its_own_setting(command: str, scores: str) -> None:
    harm = finding(command).harm
    assert harm is not None
    assert scores in harm.text


def test_the_report_is_evidence_for_its_suite_only() -> None:
    kinds = [item.kind for item in finding(f"{DANIJAR} crafter --run.train_ratio 32").evidence]
    assert "reported" not in kinds


@pytest.mark.parametrize(
    ("lines", "severity"),
    [
        (["run.train_ratio: 16"], Severity.WARNING),
        (["run:", "  train_ratio: 16", "  # train_ratio: 512"], Severity.INFO),
        (["# run.train_ratio: 512", "run.train_ratio: 16"], Severity.INFO),
        (["run.train_ratio: 16  # 512 is too slow here"], Severity.INFO),
        (["run.train_ratio: 16  # slow"], Severity.WARNING),
        (["# batch_size: 512", "run.train_ratio: 16"], Severity.WARNING),
    ],
)
def test_the_published_value_in_a_comment_shows_a_choice(tmp_path: Path, lines: list[str], severity: Severity) -> None:
    for name, text in with_preset("task: crafter_reward", *lines).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    result = check_command(read_command(COMMAND.split()), folder=tmp_path)
    assert [item.severity for item in result.findings if item.name == "low-train-ratio"] == [severity]


@pytest.mark.parametrize(
    ("words", "severity"),
    [
        ("atari --task atari_pong --run.steps 1e5", Severity.WARNING),
        ("atari --task atari_pong --run.steps 1e6", Severity.INFO),
        ("atari --task atari_pong --run.steps 1e5 --run.train_ratio 256", Severity.INFO),
    ],
)
def test_a_run_of_the_length_of_another_benchmark(words: str, severity: Severity) -> None:
    found = lint_command(f"{DANIJAR} {words}".split()).findings
    assert [item.severity for item in found if item.name == "low-update-budget"] == [severity]
