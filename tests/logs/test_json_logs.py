"""The four programs that log JSON lines, as they write them, and everything that can happen to such a file."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest

from dreamerguard.logs import Follower, LogError, RunLog, read_run
from dreamerguard.logs.lines import lines_with

from ..regression.run_logs import append


def _kinds(log: RunLog) -> set[str]:
    return {problem.kind for problem in log.problems}


def _train(log: RunLog) -> list[tuple[float, float]]:
    return list(log.train)


def test_native(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(
        "task: dmc_walker_walk\nedition: paper-2025\nseed: 3\nenv: {action_repeat: 2}\n"
        "run: {train_ratio: 512, frames: 500000}\nreplay: {batch_size: 16, batch_length: 64}\n"
    )
    same = {"frames": 16000, "step": 8000, "length": 501, "updates": 10, "time": 1.0}
    append(tmp_path / "scores.jsonl", [same | {"env": 0, "score": 10.0}, same | {"env": 1, "score": 20}])
    append(tmp_path / "metrics.jsonl", [
        {"frames": 20000, "updates": 1500, "train_ratio/achieved": 511.0, "loss/dyn": 1.5, "ent/action": 2.0,
         "rand/action": 0.5, "opt/grad_norm": 4.0, "fps/frames": 100.0, "time/left": None},
    ])  # fmt: skip
    append(tmp_path / "eval.jsonl", [{"frames": 20000, "updates": 1500, "score": 15.0, "scores": [10.0, 20.0]}])
    log = read_run(tmp_path)
    assert log.program == "native"
    assert _train(log) == [(16000, 10), (16000, 20)]  # two environments ended at one step: both count
    assert list(log.evals) == [(20000, 15)]
    assert log.frames == 20000
    assert {name: series.last for name, series in log.series.items()} == {
        "updates": 1500, "train_ratio": 511, "loss/dyn": 1.5, "entropy/action": 2, "randomness/action": 0.5,
        "grad_norm/all": 4, "fps_frames": 100,
    }  # fmt: skip
    facts = log.facts
    assert (facts.task, facts.edition, facts.seed, facts.action_repeat) == ("dmc_walker_walk", "paper-2025", 3, 2)
    assert (facts.train_ratio, facts.batch_steps, facts.frames) == (512, 1024, 500_000)
    assert log.problems == []


def test_danijar(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        "task: dmc_walker_walk\nseed: 1\nbatch_size: 16\nbatch_length: 64\nreplay_context: 1\n"
        "run: {steps: 1.1e6, train_ratio: 256.0}\nenv: {dmc: {repeat: 1, proprio: false, image: true}}\n"
    )
    append(tmp_path / "scores.jsonl", [{"step": 1000, "episode/score": 5.0}, {"step": 2000, "episode/score": 7.0}])
    metrics = {
        "train/opt/updates": 100.0,
        "replay/replay_ratio": 260.0,
        "train/loss/rep": 1.0,
        "train/rand/action": 0.9,
    }
    append(tmp_path / "metrics.jsonl", [
        {"step": 1000, "episode/score": 5.0, "episode/length": 501.0}, {"step": 1500, **metrics, "fps/policy": 50.0},
    ])  # fmt: skip
    log = read_run(tmp_path)
    assert log.program == "danijar"
    assert _train(log) == [(1000, 5), (2000, 7)]
    assert {name: series.last for name, series in log.series.items()} == {
        "updates": 100, "train_ratio": 260, "loss/rep": 1, "randomness/action": 0.9, "fps_steps": 50,
    }  # fmt: skip
    assert (log.facts.suite, log.facts.action_repeat, log.facts.frames) == ("dmc_vision", 1, 1.1e6)
    # the replay logs (length + context) / length of the setting: embodied/core/replay.py
    assert log.facts.train_ratio == 260


def test_nm512_torch(tmp_path: Path) -> None:
    append(tmp_path / "metrics.jsonl", [
        {"step": 5000, "train_return": 30.0, "train_length": 500.0, "train_episodes": 1.0},
        {"step": 6000, "eval_return": 60.0, "eval_length": 500.0, "eval_episodes": 10.0},
        {"step": 6002, "update_count": 250.0, "model_loss": 8.0, "model_grad_norm": 2.0, "kl": 3.0, "fps": 90.0},
        {"step": 9000, "train_return": 40.0, "train_length": 500.0},
        {"step": 9000, "train_return": 44.0, "train_length": 500.0},
    ])  # fmt: skip
    log = read_run(tmp_path)
    assert log.program == "nm512_torch"
    assert _train(log) == [(5000, 30), (9000, 40), (9000, 44)]
    assert list(log.evals) == [(6000, 60)]
    assert log.scores == (log.train, "train")
    assert log.series["updates"].last == 250
    assert log.facts.task is None


def test_the_ratio_of_a_torch_log_without_a_config_assumes_the_usual_batch(tmp_path: Path) -> None:
    append(tmp_path / "metrics.jsonl", [
        {"step": 5000, "train_return": 30.0, "train_length": 500.0},
        *({"step": 2000 * i, "update_count": 500.0 * i, "model_loss": 8.0} for i in range(3, 11)),
    ])  # fmt: skip
    assert "train_ratio" not in read_run(tmp_path).series  # the action repeat is not known
    log = read_run(tmp_path, action_repeat=2)
    assert log.facts.batch_steps is None
    # 500 updates of 16 x 64 steps in 2000 frames, which are 1000 agent steps
    assert log.series["train_ratio"].last == pytest.approx(512)


def test_r2dreamer(tmp_path: Path) -> None:
    hydra = tmp_path / ".hydra" / "config.yaml"
    hydra.parent.mkdir()
    hydra.write_text(
        "batch_size: 16\nbatch_length: 64\nseed: 0\n"
        "trainer: {steps: '${env.steps}', train_ratio: '${env.train_ratio}'}\n"
        "env: {task: dmc_walker_walk, action_repeat: 2, train_ratio: 512, steps: 1.01e6,"
        " encoder: {mlp_keys: '$^', cnn_keys: image}}\n"
    )
    append(tmp_path / "metrics.jsonl", [
        {"step": 16000, "episode/score": 10.0, "episode/length": 500.0},
        {"step": 16001, "episode/score": 12.0, "episode/length": 500.0},
        {"step": 20000, "episode/eval_score": 50.0, "episode/eval_length": 500.0},
        *({"step": 20000 + 2000 * i, "train/opt/updates": 500.0 * i, "train/loss/dyn": 1.0, "fps/fps": 5.0}
          for i in range(1, 8)),
    ])  # fmt: skip
    log = read_run(tmp_path)
    assert log.program == "r2dreamer"
    assert _train(log) == [(16000, 10), (16001, 12)]
    assert list(log.evals) == [(20000, 50)]
    assert (log.facts.suite, log.facts.train_ratio, log.facts.frames) == ("dmc_vision", 512, 1.01e6)
    assert log.series["train_ratio"].last == pytest.approx(512)  # 500 updates x 1024 / (2000 / 2) steps


def test_a_backlog_is_sampled_but_every_score_and_nan_is_read(tmp_path: Path) -> None:
    rows: list[dict[str, Any] | str] = []
    filler = {f"m{i}": i / 7 for i in range(12)}
    for i in range(30_000):
        rows.append({"step": 10 * i, "train_return": float(i), "train_length": 5.0})
        loss = math.nan if i in (20_000, 20_001) else 1.0
        rows.append({"step": 10 * i + 5, "update_count": float(i), "model_loss": loss, **filler})
    append(tmp_path / "metrics.jsonl", rows)
    log = read_run(tmp_path)
    assert list(log.train.values) == [float(i) for i in range(30_000)]
    assert 500 < len(log.series["updates"]) < 8200
    assert log.series["updates"].last == 29_999
    assert log.nonfinite["loss/model"].count == 2
    assert log.nonfinite["loss/model"].first == 200_005


def test_fast_and_slow_reading_agree(tmp_path: Path) -> None:
    rows: list[dict[str, Any] | str] = [
        {"frames": i, "score": i / 3 - 50, "length": 1, "updates": 1e-7 * i} for i in range(1, 3000)
    ]
    append(tmp_path / "fast" / "scores.jsonl", rows)
    append(tmp_path / "slow" / "scores.jsonl", [*rows, {"nested": {"score": 1}, "frames": 5000, "score": 2.5}])
    fast, slow = read_run(tmp_path / "fast"), read_run(tmp_path / "slow")
    assert _train(fast) == _train(slow)[:-1] == [(i, i / 3 - 50) for i in range(1, 3000)]
    assert _train(slow)[-1] == (5000, 2.5)


def test_a_torn_line_never_mixes_two_rows(tmp_path: Path) -> None:
    good = [{"frames": i, "score": float(i)} for i in range(5)]
    append(
        tmp_path / "scores.jsonl",
        [*good, '{"frames": 7, "sco{"frames": 8, "score": 800.0}\n', {"frames": 9, "score": 9.0}],
    )
    log = read_run(tmp_path)
    assert _train(log) == [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (9, 9)]
    assert [problem.count for problem in log.problems if problem.kind == "unreadable line"] == [1]


def test_an_unfinished_last_line_counts_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl"
    append(path, [{"frames": 1, "score": 1.0}, '{"frames": 2, "sc'])
    follower = Follower(tmp_path)
    assert follower.poll()
    log = follower.log
    assert log is not None
    assert (_train(log), _kinds(log)) == ([(1, 1)], {"truncated line"})
    assert not follower.poll()
    append(path, ['ore": 2.0}\n'])
    assert follower.poll()
    assert (_train(log), _kinds(log)) == ([(1, 1), (2, 2)], set())


def test_scores_that_are_no_numbers_are_left_out_and_told(tmp_path: Path) -> None:
    bad = [f'{{"frames": {i}, "score": {word}}}\n' for i, word in ((2, "NaN"), (4, "-Infinity"))]
    append(tmp_path / "scores.jsonl", [{"frames": 1, "score": None}, bad[0], {"frames": 3, "score": 3.0}, bad[1]])
    log = read_run(tmp_path)
    assert _train(log) == [(3, 3)]
    assert [(problem.kind, problem.count) for problem in log.problems] == [("non-finite score", 3)]


def test_nan_counts_only_once_updates_run_and_only_in_losses(tmp_path: Path) -> None:
    append(tmp_path / "metrics.jsonl", [
        {"step": 1, "train_return": 1.0},
        '{"step": 2, "update_count": NaN, "model_loss": NaN}\n',  # no update between two logs: mean over nothing
        '{"step": 3, "update_count": 5, "model_loss": 1.0, "cont_neg_acc": NaN}\n',
        '{"step": 4, "update_count": 6, "model_loss": Infinity}\n',
    ])  # fmt: skip
    log = read_run(tmp_path)
    assert {name: (bad.count, bad.first) for name, bad in log.nonfinite.items()} == {"loss/model": (1, 4)}


def test_a_file_that_is_cut_back_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl"
    append(path, [{"frames": 100 * i, "score": float(i)} for i in range(20)])
    follower = Follower(tmp_path)
    follower.poll()
    lines = path.read_bytes().splitlines(keepends=True)
    with path.open("r+b") as file:
        file.truncate(sum(map(len, lines[:10])))
    append(path, [{"frames": 950 + 100 * i, "score": -1.0} for i in range(30)])  # longer than before by now
    assert follower.poll()
    log = follower.log
    assert log is not None
    assert list(log.train.frames) == [100.0 * i for i in range(10)] + [950.0 + 100 * i for i in range(30)]
    assert "cut back" in _kinds(log)


def test_a_rotated_file_keeps_its_history(tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl"
    append(path, [{"frames": 100, "score": 1.0}, {"frames": 200, "score": 2.0}])
    follower = Follower(tmp_path)
    follower.poll()
    path.rename(tmp_path / "scores.jsonl.1")
    append(path, [{"frames": 300, "score": 3.0}])
    assert follower.poll()
    assert follower.log is not None
    assert list(follower.log.train.frames) == [100, 200, 300]
    assert "replaced file" in _kinds(follower.log)


def test_a_removed_run_stays_readable_and_may_come_back(tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl"
    rows: list[dict[str, Any] | str] = [{"frames": 100, "score": 1.0}, {"frames": 200, "score": 2.0}]
    append(path, rows)
    follower = Follower(tmp_path)
    follower.poll()
    path.unlink()
    assert follower.poll()
    assert not follower.poll()
    log = follower.log
    assert log is not None
    assert "removed" in _kinds(log)
    append(path, rows)
    assert follower.poll()
    assert _train(log) == [(100, 1), (200, 2)]


def test_a_directory_that_is_not_there_yet(tmp_path: Path) -> None:
    run = tmp_path / "run"
    follower = Follower(run)
    assert not follower.poll()
    run.mkdir()
    assert not follower.poll()
    append(run / "scores.jsonl", [{"frames": 1, "score": 1.0}])
    assert follower.poll()


def test_a_file_that_grows_while_it_is_read_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl"
    follower, written = Follower(tmp_path), 0
    for size in (1, 13, 200, 3):
        text = "".join(json.dumps({"frames": i, "score": i / 2}) + "\n" for i in range(written, written + size))
        for cut in range(0, len(text), 37):  # writes that end inside a line
            append(path, [text[cut : cut + 37]])
            follower.poll()
        written += size
    assert follower.log is not None
    assert _train(follower.log) == [(i, i / 2) for i in range(written)]
    assert follower.log.problems == []


def test_errors_say_what_and_how_to_mend(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="does not exist"):
        read_run(tmp_path / "nothing")
    with pytest.raises(LogError, match=r"has no log .* expected scores\.jsonl"):
        read_run(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(LogError, match="is a file, not a directory: give the directory"):
        Follower(tmp_path / "file").poll()


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_log_without_permission(tmp_path: Path) -> None:
    append(tmp_path / "scores.jsonl", [{"frames": 1, "score": 1.0}])
    (tmp_path / "scores.jsonl").chmod(0)
    with pytest.raises(LogError, match="no permission"):
        Follower(tmp_path).poll()


def test_garbage_is_no_log(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_bytes(bytes(range(256)) * 50)
    with pytest.raises(LogError):
        read_run(tmp_path)
    append(tmp_path / "scores.jsonl", [{"frames": 1, "score": 1.0}])
    log = read_run(tmp_path)
    assert _train(log) == [(1, 1)]
    assert "unreadable line" in _kinds(log)


def test_lines_with_a_word() -> None:
    block = b"a x\nb\nxx x\n\nc x"
    assert lines_with(block, b"x") == [b"a x", b"xx x", b"c x"]
    assert lines_with(b"", b"x") == []


def test_a_look_without_news_only_asks_for_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append(tmp_path / "scores.jsonl", [{"frames": 1, "score": 1.0}])
    follower = Follower(tmp_path)
    follower.poll()

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a file was opened")

    monkeypatch.setattr(os, "open", forbidden)
    assert not any(follower.poll() for _ in range(5))


def test_the_last_of_two_values_of_one_name_counts_in_any_block(tmp_path: Path) -> None:
    """As in JSON, whether the fast reader of flat rows or the exact one sees the row."""
    rows = '{"frames": 10, "score": 1.0, "length": 5}\n{"frames": 20, "score": 2.0, "score": 3.0}\n'
    (tmp_path / "run.yaml").write_text("task: dmc_walker_walk\n")
    (tmp_path / "scores.jsonl").write_text(rows)
    assert _train(read_run(tmp_path)) == [(10, 1.0), (20, 3.0)]
    (tmp_path / "scores.jsonl").write_text(rows + '{"frames": 30, "score": 4.0, "more": {"x": 1}}\n')
    assert _train(read_run(tmp_path)) == [(10, 1.0), (20, 3.0), (30, 4.0)]
