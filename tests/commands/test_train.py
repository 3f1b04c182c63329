"""`dreamerguard train` and `eval` as users start them: on a finished run, with wrong input, refused by a rule."""

import json
from pathlib import Path

import pytest

from .train_runs import copied, folder_of, run

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run file."""
    return folder_of(tmp_path_factory, "train")


def test_a_finished_run_is_not_trained_again(folder: Path, finished: Path) -> None:
    copied(finished, folder, "finished")
    before = (folder / "finished" / "metrics.jsonl").read_text()
    code, _, err = run(folder, "train", "--config", "tiny.yaml", "--logdir", "finished")
    assert code == 0
    assert "this run was already complete, and nothing was trained: 1,500 frames" in err
    assert "run.frames above 1,500 and --logdir finished" in err
    assert (folder / "finished" / "metrics.jsonl").read_text() == before


def test_a_checkpoint_is_evaluated(folder: Path, finished: Path) -> None:
    code, out, _ = run(folder, "eval", str(finished), "--episodes", "3", "--json")
    assert code == 0
    played = json.loads(out)
    assert played["frames"] == 1500
    assert len(played["scores"]) == 3
    assert all(0 < score <= 1000 for score in played["scores"])


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


def test_nothing_is_written_through_links(folder: Path, finished: Path) -> None:
    copied(finished, folder, "linked")
    outside = folder / "outside.json"
    (folder / "linked" / "status.json").rename(outside)
    (folder / "linked" / "status.json").symlink_to(outside)
    before = outside.read_bytes()
    code, _, err = run(folder, "train", "--config", "tiny.yaml", "--logdir", "linked")
    assert code == 65
    assert "not written through links: linked/status.json" in err
    assert outside.read_bytes() == before
