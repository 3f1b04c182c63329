"""The cost of a low train ratio: an estimate and a report that disagree give one range."""

import pytest

from dreamerguard import lint_command
from dreamerguard.core.finding import Finding

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
