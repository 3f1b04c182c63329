"""Runs and exports of W&B are logs: read without the package, whole, damaged, growing and hostile."""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dreamerguard.logs import Follower, LogError
from dreamerguard.logs.follow import find_runs, read_run
from dreamerguard.regression.watch.verdict import State
from dreamerguard.regression.watch.watcher import Watcher

from ..regression.run_logs import walker
from .wandb_writer import BLOCK, HEAD, HEADER, config, field, history, log_bytes, run, write_wandb

CONFIG = {
    "task": "dmc_walker_walk",
    "seed": 3,
    "env": {"dmc": {"repeat": 2, "image": False, "proprio": True}},
    "run": {"steps": 250_000, "train_ratio": 512},
    "batch_size": 16,
    "batch_length": 64,
}
#: Program -> key of the scores, another key, frames per step.
PROGRAMS = {
    "danijar": ("episode/score", "fps/policy", 1),
    "nm512_torch": ("train_return", "model_loss", 1),
    "r2dreamer": ("episode/score", "fps/fps", 1),
    "sheeprl": ("Rewards/rew_avg", "Loss/policy_loss", 2),
    "torchrl": ("train/reward", "loss_actor", 2),
}


def rows(program: str = "danijar", gain: float = 1.0) -> list[tuple[int, dict[str, Any]]]:
    """Steps and rows of a run of walker-walk that repeats a published seed."""
    key, other, repeat = PROGRAMS[program]
    envelope, found = walker(), []
    for edge, value in zip(envelope.grid, envelope.curves[0], strict=True):
        for part in range(4):
            row = {key: (value or 0.0) * gain, other: 2.0, "train/opt/grad_norm": 3.0, "text": "x" * 300}
            found.append(((int(edge) - 8000 + 2500 * part) // repeat, row))
    return found


def records(program: str = "danijar", gain: float = 1.0) -> list[bytes]:
    return [run(CONFIG), *(history(row, step) for step, row in rows(program, gain))]


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("gain", [1.0, 0.2])
def test_an_offline_run_is_judged_as_the_programs_log(tmp_path: Path, program: str, gain: float) -> None:
    write_wandb(tmp_path, records(program, gain))
    status = Watcher(tmp_path, "dmc_walker_walk", "dmc_proprio", 2).look()
    assert status.log is not None and status.verdict is not None
    assert status.log.program == program
    assert len(status.log.train) == 4 * len(walker().grid)
    assert status.log.train.frames[-1] == pytest.approx(489_500, abs=500)
    assert status.verdict.state is (State.OK if gain == 1 else State.REGRESSED)


def test_facts_come_from_the_configuration_in_the_file(tmp_path: Path) -> None:
    path = write_wandb(tmp_path / "offline-run-1", records())
    facts = read_run(path).facts
    assert (facts.task, facts.suite, facts.seed, facts.action_repeat) == ("dmc_walker_walk", "dmc_proprio", 3, 2)
    assert (facts.frames, facts.train_ratio, facts.batch_steps) == (500_000, 512, 1024)
    assert Watcher(tmp_path / "offline-run-1").look().verdict is not None
    assert find_runs([tmp_path]) == [tmp_path / "offline-run-1"]


def test_losses_and_numbers_that_are_not_finite(tmp_path: Path) -> None:
    found = [
        history({"episode/score": float(i), "train/opt/updates": i, "train/opt/grad_norm": 2.0}, i) for i in range(90)
    ]
    found += [
        history({"train/opt/grad_norm": value, "a": {"b": 1}}, 95 + i) for i, value in enumerate((float("nan"), "NaN"))
    ]
    log = read_run(write_wandb(tmp_path, found))
    assert log.nonfinite["grad_norm/all"].count == 2
    assert log.series["updates"].last == 89


def test_a_file_that_grows_by_any_number_of_bytes(tmp_path: Path) -> None:
    data, rng = log_bytes(records()), random.Random(1)
    path = write_wandb(tmp_path, records()[:9])
    start = path.stat().st_size
    follower = Follower(tmp_path)
    follower.poll()
    at = start
    while at < len(data):
        at = min(at + rng.choice((1, 50, 4000, 40_000)), len(data))
        path.write_bytes(data[:at])
        follower.poll()
    assert follower.log is not None
    assert list(follower.log.train) == list(read_run(tmp_path).train)
    assert follower.log.problems == []
    assert not follower.poll()


def test_a_damaged_record_costs_that_record(tmp_path: Path) -> None:
    data = log_bytes(records())
    assert len(data) > BLOCK
    every = read_run(write_wandb(tmp_path / "whole", records()))
    for at in (BLOCK - 500, BLOCK // 2, len(data) - 900):
        broken = bytearray(data)
        broken[at] ^= 4
        (tmp_path / "run-x.wandb").write_bytes(broken)
        log = read_run(tmp_path)
        assert len(every.train) - 2 <= len(log.train) < len(every.train)
        assert set(log.train) <= set(every.train)
        (problem,) = log.problems
        assert (problem.kind, problem.loses_rows) == ("damaged record", True)


def test_no_flipped_bit_gives_a_score_that_was_not_logged(tmp_path: Path) -> None:
    data, rng = log_bytes(records()), random.Random(2)
    sound = set(read_run(write_wandb(tmp_path / "whole", records())).train)
    for _ in range(30):
        broken = bytearray(data)
        for _ in range(5):
            broken[rng.randrange(HEAD, len(broken))] ^= 1 << rng.randrange(8)
        (tmp_path / "run-x.wandb").write_bytes(broken)
        assert set(read_run(tmp_path).train) <= sound


def test_records_over_several_blocks_and_hostile_ones(tmp_path: Path) -> None:
    long = history({"media": "x" * 200_000, "episode/score": 1.0}, 5)
    huge = history({"media": "x" * (5 << 20)}, 6)
    hostile = [
        field(2, field(1, b"\xff" * 9)),
        field(2, b"\x0a\xff\xff\xff\xff\xff\x7f"),
        field(2, field(1, field(2, b"\xff") + field(16, b"1"))),
        field(17, field(4, field(1, field(16, b"[" * 10_000)))),
        config({"late": 1}),
        b"",
        field(2, field(2, field(1, 2**63))),
    ]
    after = [history({"episode/score": float(i)}, 10 + i) for i in range(50)]
    log = read_run(write_wandb(tmp_path, [long, huge, *hostile, *after]))
    assert next(iter(log.train)) == (5, 1)
    assert len(log.train) == 51


def test_nested_configuration_is_bounded(tmp_path: Path) -> None:
    deep: Any = 1
    for _ in range(900):
        deep = {"a": deep}
    log = read_run(write_wandb(tmp_path, [run(CONFIG | {"deep": deep}), *records()[1:]]))
    assert log.facts.task == "dmc_walker_walk"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"x", "run-a.wandb: it does not start as a W&B file does"),
        (HEADER, "run-a.wandb: it holds no row"),
        (log_bytes([history({"loss": 1.0}, 1)]), "it has no score of a supported program. It has loss, _step"),
    ],
)
def test_a_run_that_is_no_log_says_why(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "run-a.wandb").write_bytes(content)
    with pytest.raises(LogError) as error:
        read_run(tmp_path)
    assert says in str(error.value)
    assert says in Watcher(tmp_path).look().waiting


def write_exports(folder: Path) -> list[Path]:
    """The same run in every form of export."""
    found = [{"_step": step, "episode/score": row["episode/score"], "_runtime": 1.0} for step, row in rows()]
    with (folder / "history.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["", *found[0]])
        writer.writeheader()
        writer.writerows(found)
    lines = [f'"{row["_step"]}","{row["episode/score"]}","1","2"' for row in found]
    head = ",".join(f'"sunny - sky-1 - episode/score{end}"' for end in ("", "__MIN", "__MAX"))
    (folder / "chart.csv").write_text("\ufeff" + "\n".join(['"Step",' + head, *lines, ""]), encoding="utf-8")
    (folder / "list.json").write_text(json.dumps(found))
    (folder / "history.json").write_text(json.dumps({"history": found}))
    columns = {key: {str(i): row[key] for i, row in enumerate(found)} for key in found[0]}
    (folder / "columns.json").write_text(json.dumps(columns))
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in found))
    return sorted(folder.iterdir())


def test_every_export_of_a_run_gives_the_same_log(tmp_path: Path) -> None:
    expected = [(float(step), row["episode/score"]) for step, row in rows()]
    exports = write_exports(tmp_path)
    assert len(exports) == 6
    for path in exports:
        log = read_run(path)
        assert (list(log.train), log.problems) == (expected, []), path
        verdict = Watcher(path, "dmc_walker_walk", "dmc_proprio", 2).look().verdict
        assert verdict is not None and verdict.state is State.OK


def test_exports_that_grow_or_change_are_read_again(tmp_path: Path) -> None:
    for path in write_exports(tmp_path):
        text = path.read_text(encoding="utf-8")
        follower = Follower(path)
        assert follower.poll()
        assert not follower.poll()
        assert follower.log is not None
        before = len(follower.log.train)
        if path.suffix == ".json":
            path.write_text(text + "\n")
        elif path.suffix == ".jsonl":
            path.write_text(text + '{"_step": 499000, "episode/score": 1}\n')
        else:
            row = "499000,1,1,1\n" if path.name == "chart.csv" else ",499000,1,1\n"
            path.write_text(text + row, encoding="utf-8", newline="")
        assert follower.poll()
        assert len(follower.log.train) == before + (path.suffix != ".json"), path


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.csv", "Step,a - episode/score,b - episode/score\n1,2,3\n", "it holds 2 runs (a, b): export each run to"),
        ("a.csv", "Name,State,episode/score\nx,finished,3\n", "it has no column of steps (trainer/global_step, "),
        ("a.csv", "_step,loss\n1,2\n", "it has no score of a supported program. It has _step, loss"),
        ("a.csv", "", "it holds no row"),
        ("a.json", "{", "it is not valid JSON"),
        ("a.json", "[1]", "it is neither a list of rows nor a table by column"),
        ("a.json", "[" * 100_000, "it is not valid JSON"),
        ("progress.csv", "training_iteration,episode_reward_mean\n1,2\n", "it is a file of RLlib"),
    ],
)
def test_exports_that_are_no_log_say_why(tmp_path: Path, name: str, text: str, says: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(LogError) as error:
        read_run(tmp_path / name)
    assert says in str(error.value)
    assert says in Watcher(tmp_path / name).look().waiting


def test_a_folder_of_rllib_without_result_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "progress.csv").write_text("training_iteration,episode_reward_mean\n1,2\n")
    with pytest.raises(LogError, match=r"it is a folder of RLlib \(progress.csv\)"):
        read_run(tmp_path)


def test_commands_take_runs_and_exports_of_wandb(tmp_path: Path) -> None:
    for number in range(2):
        write_wandb(tmp_path / "wandb" / f"offline-run-{number}", records(gain=1 - number / 50))
    write_exports(tmp_path)

    def call(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "dreamerguard", *words], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode in (0, 4), done.stderr + done.stdout
        return done.stdout

    assert call("watch", "wandb", "--once").count("OK: dmc_walker_walk") == 2
    assert "OK: dmc_walker_walk" in call("watch", "chart.csv", "--once", "--task", "dmc_walker_walk")
    assert "dmc_walker_walk" in call("compare", "wandb", "--baseline", "history.csv", "--task", "dmc_walker_walk")
    call("report", "wandb/offline-run-0", "rows.jsonl", "--task", "dmc_walker_walk", "-o", "page.html")
    assert (tmp_path / "page.html").stat().st_size > 10_000


REAL = """
import math, wandb
settings = wandb.Settings(console="off", mode="offline")
run = wandb.init(project="p", dir=".", config={config!r}, settings=settings)
for step in range(1, 300):
    row = {{"episode/score": 3.0 * step, "train/loss/dyn": 1.0, "train/opt/updates": step * 10}}
    row["train/opt/grad_norm"] = math.nan if step == 50 else 2.0
    wandb.log(row, step=1000 * step)
    if step == 10:
        wandb.log({{"histogram": wandb.Histogram([1, 2, 3]), "text": "x" * 100_000}}, step=1000 * step)
run.finish()
"""


@pytest.mark.slow
@pytest.mark.parametrize("version", ["0.31.0"])
def test_files_of_the_real_package(tmp_path: Path, version: str) -> None:
    packages = tmp_path / "packages"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(packages), f"wandb=={version}"]
    subprocess.run(pip, check=True)
    env = os.environ | {"PYTHONPATH": str(packages), "HOME": str(tmp_path), "WANDB_MODE": "offline"}
    subprocess.run([sys.executable, "-c", REAL.format(config=CONFIG)], cwd=tmp_path, env=env, check=True)
    (found,) = find_runs([tmp_path / "wandb"])
    log = read_run(found)
    assert list(log.train) == [(1000.0 * step, 3.0 * step) for step in range(1, 300)]
    assert (log.facts.task, log.facts.action_repeat, log.facts.frames) == ("dmc_walker_walk", 2, 500_000)
    assert log.nonfinite["grad_norm/all"].count == 1
    assert log.problems == []
