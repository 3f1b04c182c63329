"""`dreamerguard train` interrupted, killed, moved away, lengthened: the same command continues the run."""

import json
import signal
from pathlib import Path

import pytest

from .train_runs import (
    assert_complete,
    copied,
    finish,
    folder_of,
    logged_step,
    newest_checkpoint,
    rows,
    run,
    start,
    wait_for_checkpoint,
    wait_until,
)

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run file."""
    return folder_of(tmp_path_factory, "resume")


@pytest.mark.parametrize("kind", [signal.SIGTERM, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)])
def test_an_interrupted_run_continues_to_its_end(folder: Path, kind: signal.Signals) -> None:
    name = f"run-{kind.name}"
    words = ("train", "--config", "tiny.yaml", "run.frames=4000", "--logdir", name)  # long enough to be interrupted
    process = start(folder, *words)
    wait_for_checkpoint(process, folder / name)
    process.send_signal(kind)
    code, _, err = finish(process)
    if kind == signal.SIGTERM:
        assert code == 128 + signal.SIGTERM
        assert "the same command continues" in err
    else:
        assert code == -signal.SIGKILL
    code, _, err = run(folder, *words)
    assert code == 0, err
    assert "finished: 4,000 frames" in err
    assert_complete(folder / name, 4000)
    assert len(json.loads((folder / name / "manifest.json").read_text())) == 2
    assert (folder / name / "curve.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_finished_run_is_lengthened_by_one_process_at_a_time(folder: Path, finished: Path) -> None:
    words = ("train", "--config", "tiny.yaml", "--logdir", "longer", "run.frames=2500", "logging.every=0.3")
    copied(finished, folder, "longer")
    process = start(folder, *words)
    wait_until(process, (folder / "longer" / "run.lock").exists)
    code, _, err = run(folder, *words)
    assert code == 75
    assert f"longer is in use by process {process.pid} since" in err
    code, _, err = finish(process)
    assert code == 0, err
    assert "continues with changed settings: logging.every 0.2 -> 0.3, run.frames 1500 -> 2500" in err
    assert "finished: 2,500 frames" in err
    assert_complete(folder / "longer", 2500)
    starts = json.loads((folder / "longer" / "manifest.json").read_text())
    assert starts[-1]["changed"] == {"logging.every": [0.2, 0.3], "run.frames": [1500, 2500]}
    assert not (folder / "longer" / "run.lock").exists()


@pytest.mark.slow
def test_a_run_whose_directory_is_removed_is_saved_again(folder: Path) -> None:
    words = ("train", "--config", "tiny.yaml", "run.frames=4000", "--logdir", "removed")
    process = start(folder, *words)
    wait_for_checkpoint(process, folder / "removed")
    (folder / "removed").rename(folder / "moved")
    code, _, err = finish(process)
    assert code == 74
    assert "removed or replaced while the run trained. The run was saved again at the same place" in err
    assert "finished" not in err
    moved, saved = rows(folder / "moved" / "metrics.jsonl"), rows(folder / "removed" / "metrics.jsonl")
    assert saved[: len(moved)] == moved
    code, _, err = run(folder, *words)
    assert code == 0, err
    assert "finished: 4,000 frames" in err
    assert_complete(folder / "removed", 4000)


@pytest.mark.slow
def test_a_start_that_never_saved_begins_again(folder: Path) -> None:
    words = ("train", "--config", "tiny.yaml", "checkpoint.every=1e6", "--logdir", "early", "run.frames=1500")
    process = start(folder, *words)
    wait_until(process, lambda: logged_step(folder / "early") if (folder / "early" / "metrics.jsonl").exists() else 0)
    process.kill()
    finish(process)
    logged = (folder / "early" / "metrics.jsonl").read_bytes()
    assert newest_checkpoint(folder / "early") is None
    code, _, err = run(folder, *words)
    assert code == 0, err
    assert "ended before its first checkpoint: starts from the beginning; its logs are in early/before-1" in err
    assert (folder / "early" / "before-1" / "metrics.jsonl").read_bytes() == logged
    assert_complete(folder / "early", 1500)
