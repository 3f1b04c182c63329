"""A finished run for all tests that only look at one, or go on from a copy of it."""

from pathlib import Path

import pytest

from .train_runs import folder_of, run


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that went to its end. Tests that change it copy it."""
    folder = folder_of(tmp_path_factory, "finished")
    code, _, err = run(folder, "train", "--config", "tiny.yaml", "--logdir", "finished")
    assert code == 0, err
    return folder / "finished"
