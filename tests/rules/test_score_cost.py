"""What a finding says about the cost, and about a run that ends before training starts."""

import pytest

from dreamerguard import lint_command, lint_run
from dreamerguard.core.finding import Finding


def only(task: str, name: str, *overrides: str) -> Finding:
    (finding,) = [item for item in lint_run(task, overrides=overrides).findings if item.name == name]
    return finding


@pytest.mark.parametrize("task", ["dmc_cartpole_balance_sparse", "dmc_pendulum_swingup", "dmc_reacher_easy"])
def test_scores_that_look_equal_are_not_stated_as_a_loss(task: str) -> None:
    harm = only(task, "low-update-budget", "run.train_ratio=200").harm
    assert harm is not None
    assert "the curve shows no loss of score" in harm.text and "instead of" not in harm.text


def test_a_loss_has_two_different_scores() -> None:
    harm = only("dmc_walker_walk", "low-update-budget", "run.frames=1e5").harm
    assert harm is not None
    low, high = harm.text.split("about ")[1].split(" points")[0].split(" instead of ")
    assert float(low) < float(high)


def test_a_run_that_is_too_short_gets_the_length_that_is_not() -> None:
    help = only("dmc_walker_walk", "run-too-short", "run.frames=1000", "purpose=short").help
    assert help == "raise run.frames above 4096, or lower run.envs or replay.batch_size or replay.batch_length"
    words = "python dreamerv3/main.py --configs dmc_proprio --task dmc_walker_walk --run.steps 1000"
    (finding,) = [item for item in lint_command(words).findings if item.name == "run-too-short"]
    assert finding.help.startswith("raise run.steps above ") and "batch_size" in finding.help
