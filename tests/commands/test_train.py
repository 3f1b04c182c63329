"""`dreamerguard train` and `eval` as users start them: refused, interrupted, killed, resumed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ..tensorboard_rows import assert_tensorboard_agrees

pytestmark = pytest.mark.integration

#: Seconds that only a program that hangs reaches.
SAFETY = 1800.0
TINY = """\
task: dmc_cartpole_balance
size: size200k
purpose: short
run: {frames: 1500, train_ratio: 8, envs: 2}
replay: {batch_size: 2, batch_length: 8}
model: {deter: 16, hidden: 8, stoch: 2, blocks: 4, units: 8, bins: 15, encoder_layers: 1, decoder_layers: 1}
loss: {imag_length: 3}
logging: {every: 0.2}
checkpoint: {every: 0.5}
runtime: {platform: cpu}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run file; its runs share compiled programs through one cache."""
    folder = tmp_path_factory.mktemp("train")
    (folder / "tiny.yaml").write_text(TINY)
    return folder


def start(folder: Path, *words: str, largest: int | None = None) -> subprocess.Popen[str]:
    """Starts the program; ``largest`` limits the bytes of a file, which acts like a full disk."""
    environment = os.environ | {
        "XDG_CACHE_HOME": str(folder / "cache"),
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",  # compiles in half the time; these runs are short
    }
    command = [sys.executable, "-m", "dreamerguard", *words]
    if largest is not None:
        limit = f"import resource, os, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({largest}, {largest}))"
        command = [sys.executable, "-c", f"{limit}; os.execv(sys.argv[1], sys.argv[1:])", *command]
    return subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=SAFETY)
    assert "Traceback" not in err, err
    return process.returncode, out, err


def run(folder: Path, *words: str) -> tuple[int, str, str]:
    return finish(start(folder, *words))


def rows(path: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def wait_for_checkpoint(process: subprocess.Popen[str], directory: Path) -> None:
    """Waits until a checkpoint is there, with some more training behind it."""
    deadline = time.monotonic() + SAFETY
    while (saved := newest_checkpoint(directory)) is None or logged_step(directory) <= saved:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "no checkpoint came"
        time.sleep(0.02)


def newest_checkpoint(directory: Path) -> int | None:
    return max((int(path.name) for path in directory.glob("checkpoints/*") if path.name.isdigit()), default=None)


def logged_step(directory: Path) -> float:
    whole, _, _ = (directory / "metrics.jsonl").read_text().rpartition("\n")
    return json.loads(whole.splitlines()[-1])["step"] if whole else 0


def assert_complete(directory: Path, frames: int) -> None:
    """The logs of a resumed run read as those of one that was never interrupted."""
    metrics, scores = rows(directory / "metrics.jsonl"), rows(directory / "scores.jsonl")
    for series in (metrics, scores):
        steps = [row["frames"] for row in series]
        assert steps == sorted(steps)
    assert metrics[-1]["frames"] == frames
    updates = [row["updates"] for row in metrics]
    assert updates == sorted(updates)
    # 8 replayed steps per agent step, 16 steps an update: one update every second step, none lost, none twice.
    assert metrics[-1]["train_ratio/achieved"] == pytest.approx(8, rel=0.02)
    assert_tensorboard_agrees(directory)


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


@pytest.fixture(scope="module")
def finished(folder: Path) -> Path:
    """A run that went to its end. Same shapes as the interrupted ones, so nothing compiles again."""
    code, _, err = run(folder, "train", "--config", "tiny.yaml", "--logdir", "finished")
    assert code == 0, err
    return folder / "finished"


def test_a_finished_run_is_not_trained_again(folder: Path, finished: Path) -> None:
    before = (finished / "metrics.jsonl").read_text()
    code, _, err = run(folder, "train", "--config", "tiny.yaml", "--logdir", "finished")
    assert code == 0
    assert "this run was already complete, and nothing was trained: 1,500 frames" in err
    assert "run.frames above 1,500 and --logdir finished" in err
    assert (finished / "metrics.jsonl").read_text() == before


def test_a_checkpoint_is_evaluated(folder: Path, finished: Path) -> None:
    code, out, _ = run(folder, "eval", str(finished), "--episodes", "3", "--json")
    assert code == 0
    played = json.loads(out)
    assert played["frames"] == 1500
    assert len(played["scores"]) == 3
    assert all(0 < score <= 1000 for score in played["scores"])


def test_a_damaged_run_file_is_written_again_by_the_same_command(folder: Path, finished: Path) -> None:
    directory, _ = copied(finished, "damaged-config")
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


def copied(finished: Path, name: str) -> tuple[Path, list[Path]]:
    """A copy of a run, and its checkpoints from the newest on."""
    run = finished.parent / name
    shutil.copytree(finished, run)
    found = [path for path in (run / "checkpoints").iterdir() if path.name.isdigit()]
    return run, sorted(found, key=lambda path: int(path.name), reverse=True)


def test_a_damaged_newest_checkpoint_costs_only_what_came_after_the_previous(folder: Path, finished: Path) -> None:
    directory, (newest, previous) = copied(finished, "damaged")
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
    directory, checkpoints = copied(finished, "all-damaged")
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
    words = ("train", "--config", "tiny.yaml", "--logdir", "full", "checkpoint.max_unsaved=0", "logging.every=30")
    code, _, err = finish(start(folder, *words, largest=100_000))
    assert code == 73, err
    assert "the run could not be saved: File too large" in err
    assert "there is no checkpoint" in err
    assert "bug" not in err
    assert list((folder / "full" / "checkpoints").iterdir()) == []


def test_shapes_that_do_not_fit_are_named_by_parameter(folder: Path, finished: Path) -> None:
    directory, _ = copied(finished, "other-shapes")
    stored = directory / "run.yaml"
    stored.write_text(stored.read_text().replace("units: 8", "units: 16").replace("frames: 1500", "frames: 2000"))
    code, _, err = run(folder, "eval", str(directory))
    assert code == 2
    assert "does not fit this run's configuration; in its learner differ:" in err
    assert "in the checkpoint, " in err and " in this run" in err and "params/" in err
    assert len(err.splitlines()) < 20


def test_another_configuration_does_not_continue_a_run(folder: Path, finished: Path) -> None:
    code, _, err = run(folder, "train", "--config", "tiny.yaml", "--logdir", str(finished), "optimizer.lr=1e-3")
    assert code == 2
    assert "optimizer.lr: 4e-05 in the run, 0.001 now" in err


def test_the_founding_mistake_is_refused_unless_a_reason_is_given(folder: Path) -> None:
    code, _, err = run(folder, "train", "dmc_walker_walk", "run.train_ratio=32")
    assert code == 78
    assert "low-train-ratio" in err
    assert not (folder / "runs").exists()
    words = ("train", "--config", "tiny.yaml", "run.train_ratio=1", "run.frames=300")
    assert run(folder, *words)[0] == 78
    code, _, err = run(folder, *words, "--allow", "low-train-ratio=to see it fail", "--logdir", "allowed")
    assert code == 0, err
    report = json.loads((folder / "allowed" / "lint.json").read_text())
    assert [item["allowed"] for item in report["findings"] if item["name"] == "low-train-ratio"] == ["to see it fail"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("train", "dmc_walker_wlak"), "dmc_walker_walk"),
        (("train", "dmc_walker_walk", "--allow", "low-train-ratio"), "the reason is missing"),
        (("train", "dmc_walker_walk", "--allow", "low-ratio=x"), "no rule"),
        (("train", "--config", "nowhere.yaml"), "nowhere.yaml"),
        (("eval", "nowhere"), "holds no run"),
        (("eval", "tiny.yaml"), "tiny.yaml is a file, not a run directory"),
        (
            ("train", "--config", "tiny.yaml", "--logdir", "tiny.yaml"),
            "the run directory tiny.yaml cannot be used: tiny.yaml is a file",
        ),
        (
            ("train", "--config", "tiny.yaml", "--logdir", "tiny.yaml/run"),
            "the run directory tiny.yaml/run cannot be used: tiny.yaml is a file",
        ),
    ],
)
def test_wrong_input_is_answered_in_words(folder: Path, words: tuple[str, ...], says: str) -> None:
    code, _, err = run(folder, *words)
    assert code in (2, 78)
    assert says in err


def wait_until(process: subprocess.Popen[str], true: Callable[[], object]) -> None:
    """Waits for something that a running process does."""
    while not true():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def test_a_finished_run_is_lengthened_by_one_process_at_a_time(folder: Path, finished: Path) -> None:
    words = ("train", "--config", "tiny.yaml", "--logdir", "longer", "run.frames=2500", "logging.every=0.3")
    shutil.copytree(finished, folder / "longer")
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


def test_logs_without_their_checkpoints_are_kept(folder: Path, finished: Path) -> None:
    shutil.copytree(finished, folder / "bare", ignore=shutil.ignore_patterns("checkpoints"))
    (folder / "bare" / "scores.jsonl").write_text('{"frames": 1000, "score": 1.0}\n')
    before = {path: path.read_bytes() for path in (folder / "bare").rglob("*") if path.is_file()}
    words = ("train", "--config", "tiny.yaml", "--logdir", "bare")
    for more in ((), ("--dry-run",)):
        code, _, err = run(folder, *words, *more)
        assert code == 65
        assert "bare has scores but no checkpoint" in err
        assert "--restart" in err
    assert {path: path.read_bytes() for path in (folder / "bare").rglob("*") if path.is_file()} == before
    code, _, err = run(folder, *words, "--restart", "run.frames=100")
    assert code == 0, err
    assert "the earlier run is now in bare/before-1" in err
    assert (folder / "bare" / "before-1" / "scores.jsonl").read_text() == '{"frames": 1000, "score": 1.0}\n'
    assert rows(folder / "bare" / "metrics.jsonl")[-1]["frames"] == 100


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


def test_nothing_is_written_through_links(folder: Path, finished: Path) -> None:
    shutil.copytree(finished, folder / "linked")
    outside = folder / "outside.json"
    (folder / "linked" / "status.json").rename(outside)
    (folder / "linked" / "status.json").symlink_to(outside)
    before = outside.read_bytes()
    code, _, err = run(folder, "train", "--config", "tiny.yaml", "--logdir", "linked")
    assert code == 65
    assert "not written through links: linked/status.json" in err
    assert outside.read_bytes() == before
