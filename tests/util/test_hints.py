"""Twenty mistakes that people make, and the key that they mean."""

import pytest

from dreamerguard.programs.native.keys import NATIVE_RENAMES, native_keys
from dreamerguard.schema.tasks import task_names
from dreamerguard.util.hints import nearest, nearest_key

MISTAKES = [
    ("run.train_ration", "run.train_ratio"),
    ("run.trian_ratio", "run.train_ratio"),
    ("run.train-ratio", "run.train_ratio"),
    ("Run.Train_Ratio", "run.train_ratio"),
    ("run.frame", "run.frames"),
    ("runs.frames", "run.frames"),
    ("replay.batchsize", "replay.batch_size"),
    ("replay.batch_lenght", "replay.batch_length"),
    ("replay.batch_len", "replay.batch_length"),
    ("env.repeat_action", "env.action_repeat"),
    ("env.actionrepeat", "env.action_repeat"),
    ("models.deter", "model.deter"),
    ("deter", "model.deter"),
    ("model.dter", "model.deter"),
    ("optimiser.lr", "optimizer.lr"),
    ("optimizer.learningrate", None),
    ("loss.scale.rep", "loss.scales.rep"),
    ("scales.rep", "loss.scales.rep"),
    ("sead", "seed"),
    ("purpos", "purpose"),
    ("every", None),
    ("completely.different", None),
]


@pytest.mark.parametrize(("written", "meant"), MISTAKES)
def test_mistakes(written: str, meant: str | None) -> None:
    assert nearest_key(written, native_keys()) == meant


@pytest.mark.parametrize("written", ["learning_rate", "batch_size", "replay_ratio", "run.steps", "jax.platform"])
def test_habits_are_in_the_table(written: str) -> None:
    assert written in NATIVE_RENAMES


def test_tasks() -> None:
    assert nearest("dmc_walker_wlak", task_names()) == ["dmc_walker_walk"]
    assert nearest("zzzzzz", task_names()) == []


def test_the_nearest_number_counts() -> None:
    sizes = ["size200k", "size1m", "size12m", "size25m", "size200m", "size400m"]
    assert nearest("size13m", sizes) == ["size12m"]
    assert nearest("size300m", sizes, 2) == ["size400m", "size200m"]
    assert nearest("siez12m", sizes) == ["size12m"]
    assert nearest("bsuite_catch/23", ["bsuite_catch/0", "bsuite_catch/19"]) == ["bsuite_catch/19"]


def test_long_numbers_in_names() -> None:
    digits = "1" * 400
    assert nearest(f"size{digits}m", ["size12m", "size200m", f"size{digits}1m"]) is not None
    assert nearest("size13m", [f"size{digits}m", "size12m"])[0] == "size12m"
