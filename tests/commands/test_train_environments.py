"""`dreamerguard train` with a custom environment of the user's folder, in worker processes."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from .train_runs import TINY, run

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(os.name != "posix", reason="worker processes need Linux or macOS"),
]
MAKERS = Path(__file__).parents[1] / "agent" / "custom_envs" / "my_envs.py"
RUN = TINY.replace("dmc_cartpole_balance", "my_room") + (
    "env: {make: 'my_envs:room', backend: process, workers: 2, action_repeat: 1, image_size: 48}\n"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environments")
    (folder / "room.yaml").write_text(RUN.replace("bins: 15", "bins: 15, depth: 2, image_blocks: 4"))
    shutil.copy(MAKERS, folder)
    return folder


def test_an_environment_that_raises_ends_the_run_with_exit_code_71(folder: Path) -> None:
    words = ("train", "--config", "room.yaml", "--logdir", "fails", "--allow", "slow-on-cpu=test")
    code, _, err = run(folder, *words, "run.frames=2000", "env.kwargs.length=9", "env.kwargs.fails_at=60")
    assert code == 71, err
    assert err.count("the floor gave way") == 4  # three workers are started again, then the run ends
    last = [line for line in err.splitlines() if line.startswith("error:")]
    assert len(last) == 1 and "my_room: step() raised RuntimeError: the floor gave way" in last[0]
    assert any((folder / "fails" / "checkpoints").iterdir())
    rows = [json.loads(line) for line in (folder / "fails" / "scores.jsonl").read_text().splitlines()]
    assert rows and all("log/coins/max" in row for row in rows)


def test_a_module_that_is_not_there_is_one_message_and_nothing_is_left(folder: Path) -> None:
    code, _, err = run(folder, "train", "--config", "room.yaml", "--logdir", "none", "env.make=no_envs:room")
    assert code == 2
    assert "error: env.make=no_envs:room: there is no module no_envs, neither installed nor in " in err
    assert not (folder / "none" / "run.yaml").exists()
