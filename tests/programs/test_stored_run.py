"""A log directory or a checkpoint that belongs to another run."""

import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamerguard.core.finding import Finding
from dreamerguard.core.source import Source
from dreamerguard.lint.engine import check_command
from dreamerguard.programs.shared.stored_run import StoredRun, read_stored
from dreamerguard.sources.argv import read_command

MAIN = "python dreamerv3/main.py --configs dmc_proprio --task dmc_walker_walk"
TORCH = "python dreamer.py --configs dmc_vision --task dmc_walker_walk"
STORED = "task: {task}\nrun: {{train_ratio: {ratio}, steps: 1.1e6}}\nagent: {{dyn: {{rssm: {{deter: {deter}}}}}}}\n"


def other(command: str, folder: Path) -> list[Finding]:
    result = check_command(read_command(shlex.split(command)), folder=folder)
    return [item for item in result.findings if item.name == "another-run"]


def store(folder: Path, name: str, task: str = "dmc_walker_walk", ratio: str = "1024.0", deter: str = "512") -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(STORED.format(task=task, ratio=ratio, deter=deter), encoding="utf-8")


def test_the_same_run_goes_on(tmp_path: Path) -> None:
    store(tmp_path, "old/config.yaml")
    assert other(f"{MAIN} --logdir old --run.steps 2e6", tmp_path) == []


@pytest.mark.parametrize(
    ("values", "old", "new"),
    [({"task": "dmc_cheetah_run"}, "dmc_cheetah_run", "dmc_walker_walk"), ({"ratio": "512"}, "512", "1024"),
     ({"deter": "8192"}, "8192", "512")],
)  # fmt: skip
def test_both_values_and_both_places_are_named(tmp_path: Path, values: dict[str, str], old: str, new: str) -> None:
    store(tmp_path, "old/config.yaml", **values)
    (finding,) = other(f"{MAIN} --logdir old", tmp_path)
    assert old in finding.message
    assert new in finding.message
    assert "old/config.yaml" in {label.span.source.name for label in finding.secondary}


@pytest.mark.parametrize("path", ["old/ckpt/20260101T1", "old/checkpoint.ckpt"])
def test_a_checkpoint_of_another_task_is_reported(tmp_path: Path, path: str) -> None:
    store(tmp_path, "old/config.yaml", task="dmc_cheetah_run")
    command = f"{MAIN} --logdir new --script eval_only --run.from_checkpoint {path}"
    assert len(other(command, tmp_path)) == 1


def test_the_ratio_of_an_evaluated_run_does_not_matter(tmp_path: Path) -> None:
    store(tmp_path, "old/config.yaml", ratio="32")
    assert other(f"{MAIN} --logdir new --script eval_only --run.from_checkpoint old/ckpt/1", tmp_path) == []


@pytest.mark.parametrize("logdir", ["old/{timestamp}", "$HOME/old", "''"])
def test_a_directory_that_only_the_start_knows_is_not_read(tmp_path: Path, logdir: str) -> None:
    store(tmp_path, "old/config.yaml", task="dmc_cheetah_run")
    assert other(f"{MAIN} --logdir {logdir}", tmp_path) == []


def test_a_fork_of_dreamerv3_torch_that_stores_its_configuration(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old/config.yaml").write_text("task: dmc_cheetah_run\ntrain_ratio: 512\n", encoding="utf-8")
    assert len(other(f"{TORCH} --logdir old", tmp_path)) == 1


def test_references_of_a_stored_configuration_are_followed(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("a: ${b.c}\nb: {c: '${d}'}\nd: 3\ne: ${e}\n", encoding="utf-8")
    stored = read_stored(path, "config.yaml")
    assert stored is not None
    assert (found := stored.find("a")) is not None
    assert found.value == 3
    assert stored.find("e") is not None


@given(text=st.text(max_size=300))
def test_no_text_of_a_stored_file_stops_the_check(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("stored") / "config.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    stored = read_stored(path, Source("x", "").name)
    assert stored is None or isinstance(stored, StoredRun)


RESUME = "sheeprl exp=dreamer_v3_dmc_walker_walk checkpoint.resume_from=v0/checkpoint/1.ckpt"


def test_sheeprl_stops_at_another_environment(tmp_path: Path) -> None:
    (tmp_path / "v0").mkdir()
    (tmp_path / "v0/config.yaml").write_text("env: {id: cheetah_run}\n", encoding="utf-8")
    (finding,) = other(RESUME, tmp_path)
    assert (finding.severity, "cheetah_run" in finding.message) == ("error", True)


def test_a_resumed_run_of_sheeprl_is_judged_by_its_stored_configuration(tmp_path: Path) -> None:
    (tmp_path / "v0").mkdir()
    path = tmp_path / "v0/config.yaml"
    path.write_text("seed: 5\nalgo: {replay_ratio: 0.01, name: dreamer_v3}\n", encoding="utf-8")
    result = check_command(read_command(shlex.split(f"{RESUME} algo.replay_ratio=0.5 seed=5")), folder=tmp_path)
    found = {item.name: item for item in result.findings}
    assert found["low-train-ratio"].primary.span.source.name == "v0/config.yaml"
    assert found["ignored-on-resume"].primary.span.text == "algo.replay_ratio=0.5"
    assert "seed" not in found["ignored-on-resume"].message


def test_hydra_stored_the_configuration_of_another_run(tmp_path: Path) -> None:
    (tmp_path / "old/.hydra").mkdir(parents=True)
    path = tmp_path / "old/.hydra/config.yaml"
    path.write_text("env: {task: dmc_cheetah_run}\ntrainer: {train_ratio: '${env.train_ratio}'}\n", encoding="utf-8")
    command = "python train.py env=dmc_vision env.task=dmc_walker_walk logdir=old"
    (finding,) = other(command, tmp_path)
    assert "dmc_cheetah_run" in finding.message
    path.write_text("env: {task: dmc_walker_walk, train_ratio: 512}\n", encoding="utf-8")
    assert other(command, tmp_path) == []
    assert "256" in other(f"{command} env.train_ratio=256", tmp_path)[0].message
