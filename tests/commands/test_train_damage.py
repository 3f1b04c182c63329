"""`dreamerguard train` and `eval` on a run that was damaged, or that cannot be saved."""

import json
import shutil
from pathlib import Path

import pytest

from .train_runs import assert_complete, copied, finish, folder_of, rows, run, start

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run file."""
    return folder_of(tmp_path_factory, "damage")


def test_a_damaged_run_file_is_written_again_by_the_same_command(folder: Path, finished: Path) -> None:
    directory, _ = copied(finished, folder, "damaged-config")
    (directory / "run.yaml").write_text("task: [\n", encoding="utf-8")
    words = ("train", "--config", "tiny.yaml", "--logdir", "damaged-config")
    for command in (("eval", "damaged-config"), words):
        code, _, err = run(folder, *command)
        assert code == 2
        assert "line 1: no ] closes this [\nRestore this file. Or remove it and repeat" in err
    (directory / "run.yaml").unlink()
    code, _, err = run(folder, *words)
    assert code == 0 and "already complete" in err
    assert (directory / "run.yaml").read_bytes() == (finished / "run.yaml").read_bytes()


def test_a_damaged_newest_checkpoint_costs_only_what_came_after_the_previous(folder: Path, finished: Path) -> None:
    directory, (newest, previous) = copied(finished, folder, "damaged")
    manifest = newest / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:-100])
    code, out, err = run(folder, "eval", str(directory), "--episodes", "1", "--json")
    assert code == 0, err
    assert f"checkpoint {newest.name} is damaged (manifest.json" in err
    assert json.loads(out)["frames"] < 1500
    assert newest.exists()  # a reader changes nothing
    code, _, err = run(folder, "train", "--config", "tiny.yaml", "--logdir", str(directory))
    assert code == 0, err
    repeated = int(newest.name) - int(previous.name)
    assert f"warning: checkpoint {newest.name} is damaged (manifest.json" in err
    assert f"renamed to damaged-{newest.name}; the run continues from checkpoint {previous.name}, and " in err
    assert repeated > 0
    assert "finished: 1,500 frames" in err
    assert_complete(directory, 1500)


def test_a_run_without_a_sound_checkpoint_is_refused_and_left_alone(folder: Path, finished: Path) -> None:
    directory, checkpoints = copied(finished, folder, "all-damaged")
    for path in checkpoints:
        (path / "learner.bin").unlink()
    before = {path: path.read_bytes() for path in directory.rglob("*.jsonl")}
    code, _, err = run(folder, "train", "--config", "tiny.yaml", "--logdir", str(directory))
    assert code == 65
    assert "no checkpoint in" in err and "learner.bin: no such file or directory" in err
    assert "bug" not in err
    assert {path: path.read_bytes() for path in directory.rglob("*.jsonl")} == before
    assert all(path.exists() for path in checkpoints)


def test_a_run_that_cannot_be_saved_ends_with_the_reason(folder: Path, finished: Path) -> None:
    words = ("train", "--config", "tiny.yaml", "--logdir", "full", "checkpoint.max_unsaved=0", "checkpoint.every=300")
    words += ("logging.every=300",)
    code, _, err = finish(start(folder, *words, largest=60_000))
    assert code == 73, err
    assert "the run could not be saved: File too large" in err
    assert "there is no checkpoint" in err
    assert "bug" not in err
    assert list((folder / "full" / "checkpoints").iterdir()) == []


def test_shapes_that_do_not_fit_are_named_by_parameter(folder: Path, finished: Path) -> None:
    directory, _ = copied(finished, folder, "other-shapes")
    stored = directory / "run.yaml"
    stored.write_text(stored.read_text().replace("units: 8", "units: 16").replace("frames: 1500", "frames: 2000"))
    code, _, err = run(folder, "eval", str(directory))
    assert code == 2
    assert "does not fit this run's configuration; in its learner differ:" in err
    assert "in the checkpoint, " in err and " in this run" in err and "params/" in err
    assert len(err.splitlines()) < 20


def test_logs_without_their_checkpoints_are_kept(folder: Path, finished: Path) -> None:
    directory, _ = copied(finished, folder, "bare")
    shutil.rmtree(directory / "checkpoints")
    (folder / "bare" / "scores.jsonl").write_text('{"frames": 1000, "score": 1.0}\n')
    before = {path: path.read_bytes() for path in (folder / "bare").rglob("*") if path.is_file()}
    words = ("train", "--config", "tiny.yaml", "--logdir", "bare")
    for more in ((), ("--dry-run",)):
        code, _, err = run(folder, *words, *more)
        assert code == 65
        assert "bare has scores but no checkpoint" in err
        assert "--restart" in err
    assert {path: path.read_bytes() for path in (folder / "bare").rglob("*") if path.is_file()} == before
    code, _, err = run(folder, *words, "--restart", "run.frames=200")
    assert code == 0, err
    assert "the earlier run is now in bare/before-1" in err
    assert (folder / "bare" / "before-1" / "scores.jsonl").read_text() == '{"frames": 1000, "score": 1.0}\n'
    assert rows(folder / "bare" / "metrics.jsonl")[-1]["frames"] == 200
