"""CSV files of torchrl, evaluations among training episodes, and folders of programs that are not read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dreamerguard.logs import Follower, LogError, read_run
from dreamerguard.logs.follow import find_runs
from dreamerguard.regression.watch.verdict import State
from dreamerguard.regression.watch.watcher import Watcher

from ..regression.run_logs import append, walker
from .event_writer import event, write_events


def csv(path: Path, rows: list[tuple[object, object]]) -> None:
    """Appends rows as torchrl's CSVLogger writes them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write("".join(f"{x},{y}\n" for x, y in rows))


def danijar(directory: Path, script: str | None, *, metrics: bool = True, evaluation: float = 5000.0) -> None:
    """A log of danijar/dreamerv3: an evaluation of 999 points at every 5000 steps, episodes of 100 points between."""
    directory.mkdir(parents=True, exist_ok=True)
    if script:
        (directory / "config.yaml").write_text(json.dumps({"task": "dmc_walker_walk", "script": script}))
    for step in range(0, 50_000, 1000):
        evaluated = step % evaluation == 0
        append(directory / "scores.jsonl", [{"step": step, "episode/score": 999.0 if evaluated else 100.0}])
        if metrics:
            row = {"step": step, "fps/policy": 100.0} | ({"eval/openloop": 1.0, "report/x": 2.0} if evaluated else {})
            append(directory / "metrics.jsonl", [row])


@pytest.mark.parametrize("script", ["train_eval", None])
def test_evaluations_are_split_from_training_episodes(tmp_path: Path, script: str | None) -> None:
    danijar(tmp_path, script)
    log = read_run(tmp_path)
    assert (len(log.train), len(log.evals)) == (40, 10)
    assert set(log.train.values) == {100.0}
    assert set(log.evals.values) == {999.0}
    assert log.scores[1] == "train"
    (problem,) = log.problems
    assert (problem.kind, problem.count, problem.loses_rows) == ("mixed episodes", 10, False)
    assert "not counted as training scores" in problem.text


def test_evaluations_are_split_while_the_log_grows_in_any_order(tmp_path: Path) -> None:
    follower = Follower(tmp_path)
    append(tmp_path / "scores.jsonl", [{"step": 0, "episode/score": 999.0}, {"step": 900, "episode/score": 1.0}])
    follower.poll()
    assert follower.log is not None
    assert len(follower.log.train) == 2
    append(tmp_path / "metrics.jsonl", [{"step": 0, "eval/x": 1.0}, {"step": 5000, "eval/x": 1.0}])
    follower.poll()
    append(tmp_path / "scores.jsonl", [{"step": 5000, "episode/score": 998.0}, {"step": 5900, "episode/score": 2.0}])
    follower.poll()
    assert list(follower.log.train) == [(900, 1), (5900, 2)]
    assert list(follower.log.evals) == [(0, 999), (5000, 998)]
    before = list(follower.log.evals)
    text = (tmp_path / "scores.jsonl").read_text()
    (tmp_path / "scores.jsonl").write_text(text[: len(text) // 2])
    follower.poll()
    (tmp_path / "scores.jsonl").write_text(text)
    follower.poll()
    assert list(follower.log.evals) == before


def test_other_scripts_are_not_split_and_unsplittable_logs_are_noted(tmp_path: Path) -> None:
    danijar(tmp_path / "holdout", "train_holdout")
    assert (len(read_run(tmp_path / "holdout").train), read_run(tmp_path / "holdout").problems) == (50, [])
    danijar(tmp_path / "bare", "train_eval", metrics=False)
    (problem,) = read_run(tmp_path / "bare").problems
    assert "no metrics show which are which" in problem.text


def test_evaluations_of_the_first_release_have_a_key_of_their_own(tmp_path: Path) -> None:
    rows = [{"step": 1000 * i, "episode/score": 1.0} for i in range(1, 20)]
    evaluations = [{"step": 1000 * i, "eval_episode/score": 9.0} for i in range(0, 20, 5)]
    append(tmp_path / "scores.jsonl", sorted([*rows, *evaluations], key=lambda row: row["step"]))
    append(tmp_path / "metrics.jsonl", [{"step": 1000 * i, "eval/loss": 1.0, "fps/policy": 1.0} for i in range(20)])
    log = read_run(tmp_path)
    assert (len(log.train), len(log.evals), log.problems) == (19, 4, [])


def test_csv_files_of_torchrl_are_read_and_followed(tmp_path: Path) -> None:
    run = tmp_path / "csv_logs" / "walker"
    envelope = walker()
    pairs = list(zip(envelope.grid, envelope.curves[0], strict=True))
    for edge, value in pairs[:-1]:
        csv(run / "scalars" / "train" / "reward.csv", [(int(edge - 8000 + 2500 * i) // 2, value) for i in range(4)])
    csv(run / "scalars" / "eval" / "reward.csv", [(1000 * i, 7.0) for i in range(1, 9)])
    watcher = Watcher(run, "dmc_walker_walk", "dmc_proprio", 2)
    status = watcher.look()
    assert status.log is not None
    assert status.verdict is not None
    assert (status.log.program, len(status.log.train), len(status.log.evals)) == ("torchrl", 4 * 48, 8)
    assert status.log.train.frames[0] == 2000
    assert status.verdict.state is State.OK
    assert status.log.problems == []
    csv(run / "scalars" / "train" / "reward.csv", [(245_000, 1.0), ("x", 2.0), (245_001, "nan")])
    log = watcher.look().log
    assert log is not None
    assert (len(log.train), log.frames) == (193, 490_000)
    assert {problem.kind for problem in log.problems} == {"unreadable line", "non-finite score"}


def test_csv_steps_without_an_action_repeat_are_not_taken_for_frames(tmp_path: Path) -> None:
    csv(tmp_path / "scalars" / "score.csv", [(1000 * i, 1.0) for i in range(1, 9)])
    csv(tmp_path / "scalars" / "train" / "reward.csv", [(1000 * i, 2.0) for i in range(1, 9)])
    log = read_run(tmp_path)
    assert set(log.train.values) == {1.0}  # one of two names counts
    (problem,) = log.problems
    assert (problem.kind, "--action-repeat" in problem.text) == ("no config", True)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("result.json", '{"training_iteration": 1, "env_runners": {}}\n', "it is a folder of RLlib (result.json)"),
        ("experiment_state-2026.json", "{}", "it is a folder of Ray Tune (an experiment of RLlib)"),
        ("0.monitor.csv", "#{}\nr,l,t\n", "it is a folder of Stable-Baselines3"),
        ("progress.csv", "training_iteration,x\n1,2\n", "it is a folder of RLlib (progress.csv)"),
        ("scalars/loss.csv", "1,2\n", "torchrl's CSVLogger (scalars/) without a known score. It has loss;"),
    ],
)
def test_folders_that_are_not_read_are_named(tmp_path: Path, name: str, text: str, says: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    with pytest.raises(LogError, match="has no log of a supported program: it is a folder of") as error:
        read_run(tmp_path)
    assert says in str(error.value)
    assert says in Watcher(tmp_path).look().waiting


@pytest.mark.parametrize("junk", ["\n", "{\n", "\0"])
def test_many_damaged_lines_before_the_first_row_do_not_hide_the_program(tmp_path: Path, junk: str) -> None:
    (tmp_path / "metrics.jsonl").write_text(700 * junk)
    append(tmp_path / "metrics.jsonl", [{"step": 1000 * i, "episode/score": 1.0} for i in range(1, 9)])
    assert len(read_run(tmp_path).train) == 8


@pytest.mark.parametrize(
    ("tag", "program"),
    [
        ("ray/tune/env_runners/episode_return_mean", "RLlib"),
        ("rollout/ep_rew_mean", "Stable-Baselines3"),
        ("charts/episodic_return", "CleanRL"),
    ],
)
def test_event_files_of_other_programs_are_named(tmp_path: Path, tag: str, program: str) -> None:
    write_events(tmp_path, [event(100 * i, tag, 1.0) for i in range(10)])
    with pytest.raises(LogError, match=rf"no score of a supported program \(it is a log of {program}\). It has {tag}"):
        read_run(tmp_path)


def test_a_log_far_below_the_folder_is_named(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "dreamer_v3" / "walker_walk" / "2026-01-01" / "version_0"
    write_events(run, [event(100 * i, "Rewards/rew_avg", 1.0) for i in range(10)])
    with pytest.raises(LogError, match=r"its folder runs/dreamer_v3/walker_walk/2026-01-01/version_0 has one"):
        read_run(tmp_path)


@pytest.mark.parametrize("name", ["metrics.jsonl", "events.out.tfevents.1700000000.host.1"])
def test_a_log_file_of_a_run_stands_for_its_directory(tmp_path: Path, name: str) -> None:
    rows: list[dict[str, float] | str] = [{"step": 100 * i, "train_return": 1.0} for i in range(10)]
    append(tmp_path / "run" / "metrics.jsonl", rows)
    write_events(tmp_path / "run", [event(100 * i, "train_return", 1.0) for i in range(10)])
    assert find_runs([tmp_path / "run" / name]) == [tmp_path / "run"]
    (tmp_path / "export.jsonl").write_text('{"_step": 1, "train_return": 1}\n')
    assert find_runs([tmp_path / "export.jsonl"]) == [tmp_path / "export.jsonl"]
