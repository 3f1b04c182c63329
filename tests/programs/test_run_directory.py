"""The run directory: which changes a run may go on with, what its manifest says, and setting files aside."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dreamerguard.programs.native import run_directory as rundir
from dreamerguard.programs.native.manifest import describe_start, differences, never_saved, note_first_save, read_starts
from dreamerguard.programs.native.old_files import LOGS, RUN, find_links, set_aside, why_not_continued
from dreamerguard.schema import RunConfig

CONFIG = RunConfig(task="dmc_cartpole_balance", size="size200k")
SEEDS = CONFIG.model_copy(update={"seeds": 2})


def changed(config: RunConfig = CONFIG, **settings: Any) -> RunConfig:
    values = config.model_dump()
    for key, value in settings.items():
        section, _, name = key.partition("__")
        if name:
            values[section][name] = value
        else:
            values[section] = value
    return RunConfig(**values)


@pytest.mark.parametrize(
    "settings",
    [
        {"logging__every": 3.0},
        {"logging__tensorboard": False},
        {"checkpoint__every": 7.0},
        {"checkpoint__keep": 5},
        {"eval__every": 1000},
        {"guard__warn_update_budget": 0.5},
        {"purpose": "short"},
        {"env__workers": 3},
        {"replay__storage": "disk"},
        {"replay__scratch": "/tmp"},
        {"runtime__compilation_cache": False},
        {"runtime__platform": "cpu"},
        {"run__frames": 2_000_000},
    ],
)
@pytest.mark.parametrize("config", [CONFIG, SEEDS], ids=["alone", "seeds"])
def test_a_run_goes_on_with_settings_that_compute_the_same(
    tmp_path: Path, config: RunConfig, settings: dict[str, Any]
) -> None:
    rundir.prepare_agents(tmp_path, config, {}, {})
    new = changed(config, **settings)
    (key,) = settings
    dotted = key.replace("__", ".")
    assert list(rundir.prepare_agents(tmp_path, new, {}, {})) == [dotted]
    assert rundir.load_config(tmp_path) == new
    for folder, alone in rundir.agents(tmp_path, new).items():
        assert rundir.load_config(folder) == alone
        old, now = rundir.flatten_config(config.model_dump())[dotted], settings[key]
        assert read_starts(folder)[-1]["changed"] == {dotted: [old, now]}
    if key != "run__frames":
        assert rundir.default_directory(new) == rundir.default_directory(config)


@pytest.mark.parametrize(
    "settings",
    [{"run__frames": 999_999}, {"run__envs": 8}, {"runtime__dtype": "bfloat16"}, {"optimizer__lr": 1e-3}, {"seed": 1}],
)
def test_a_run_does_not_go_on_with_settings_that_compute_another_one(tmp_path: Path, settings: dict[str, Any]) -> None:
    rundir.prepare_agents(tmp_path, SEEDS, {}, {})
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    new = changed(SEEDS, **settings, logging__every=3.0)
    with pytest.raises(rundir.ConfigChanged) as failed:
        rundir.prepare_agents(tmp_path, new, {}, {})
    assert [key for key, _, _ in failed.value.differences] == [next(iter(settings)).replace("__", ".")]
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert rundir.default_directory(new) != rundir.default_directory(SEEDS)


def test_the_manifest_shows_what_differs_from_the_last_start(tmp_path: Path) -> None:
    start = {"dreamerguard": "1", "host": "a", "device": "x", "versions": {"jax": "0.1", "numpy": "2"}, "git": None}
    assert differences(tmp_path, start) == []
    rundir.prepare(tmp_path, CONFIG, {}, start)
    assert differences(tmp_path, start) == []
    now = start | {"host": "b", "versions": {"jax": "0.2", "numpy": "2"}, "git": "abc"}
    assert differences(tmp_path, now) == ["host a -> b", "jax 0.1 -> 0.2"]
    (tmp_path / "manifest.json").write_text('[1, {"versions": 7, "host": ["x"]}]')
    assert differences(tmp_path, now) == ["host ['x'] -> b"]


def run_with(directory: Path, *, saved: bool | None, checkpoint: bool = False, scores: bool = True) -> None:
    """A run directory; ``saved`` is what the manifest says of checkpoints, None for an old manifest."""
    rundir.prepare_agents(directory, SEEDS, {}, {} if saved is None else {"first_save": None})
    if saved:
        note_first_save(directory, 128)
    if checkpoint:
        (directory / "checkpoints" / "64").mkdir(parents=True)
    (directory / "seed1" / "metrics.jsonl").write_text("{}\n")
    (directory / "seed1" / "scores.jsonl").write_text("{}\n" if scores else "")


@pytest.mark.parametrize(
    ("facts", "goes_on"),
    [
        ({"saved": True}, False),
        ({"saved": None}, False),
        ({"saved": False}, True),
        ({"saved": True, "checkpoint": True}, True),
        ({"saved": None, "scores": False}, True),
        ({"saved": False, "scores": False}, True),
        ({"saved": True, "scores": False}, False),
    ],
)
def test_scores_whose_checkpoints_are_gone_are_not_replaced(
    tmp_path: Path, facts: dict[str, Any], goes_on: bool
) -> None:
    run_with(tmp_path, **facts)
    reason = why_not_continued(tmp_path)
    assert (reason is None) == goes_on
    assert reason is None or "--restart" in reason


def test_a_manifest_without_starts_proves_nothing(tmp_path: Path) -> None:
    assert not never_saved(tmp_path)
    (tmp_path / "manifest.json").write_text("{}")
    assert not never_saved(tmp_path)


def test_files_are_set_aside_under_a_new_name_each_time(tmp_path: Path) -> None:
    run_with(tmp_path, saved=True, checkpoint=True)
    first = set_aside(tmp_path, LOGS)
    assert first == tmp_path / "before-1"
    assert sorted(str(path.relative_to(first)) for path in first.rglob("*.*")) == [
        "seed1/metrics.jsonl",
        "seed1/scores.jsonl",
    ]
    assert set_aside(tmp_path, LOGS) is None
    second = set_aside(tmp_path, RUN)
    assert second == tmp_path / "before-2"
    assert rundir.load_config(second) == SEEDS
    assert rundir.has_checkpoint(second)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["before-1", "before-2", "seed0", "seed1"]


def test_links_are_found_in_the_folders_of_all_seeds(tmp_path: Path) -> None:
    run, outside = tmp_path / "run", tmp_path / "outside"
    run_with(run, saved=True)
    outside.mkdir()
    assert find_links(run) == []
    (run / "checkpoints").symlink_to(outside)
    (run / "seed1" / "tensorboard").symlink_to(outside)
    (run / "seed7").symlink_to(outside)
    assert {path.name for path in find_links(run)} == {"checkpoints", "tensorboard", "seed7"}
    linked = tmp_path / "link"
    (run / "checkpoints").unlink()
    linked.symlink_to(run)
    assert {path.name for path in find_links(linked)} == {"tensorboard", "seed7"}


def test_files_that_were_removed_are_put_back(tmp_path: Path) -> None:
    rundir.prepare_agents(tmp_path, SEEDS, {"a": 1}, {"host": "x"})
    assert rundir.put_back(tmp_path, SEEDS, {"a": 1}, [{"host": "x"}]) == []
    (tmp_path / "run.yaml").unlink()
    (tmp_path / "seed1" / "manifest.json").unlink()
    written = rundir.put_back(tmp_path, SEEDS, {"a": 1}, [{"host": "x"}])
    assert written == [str(tmp_path / "run.yaml"), str(tmp_path / "seed1" / "manifest.json")]
    assert rundir.load_config(tmp_path) == SEEDS
    assert json.loads((tmp_path / "seed1" / "manifest.json").read_text()) == [{"host": "x"}]


def test_a_removed_run_directory_is_not_made_again(tmp_path: Path) -> None:
    """It may be removed between the check of a save and this call; the run is saved elsewhere then."""
    with pytest.raises(FileNotFoundError):
        rundir.put_back(tmp_path / "run", SEEDS, {"a": 1}, [{"host": "x"}])
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("setting", ["core.fsmonitor", "filter.x.clean", "filter.x.process"])
def test_the_commit_is_read_without_running_programs_of_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    def git(*words: str) -> None:
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=tmp_path, check=True)

    (tmp_path / "program").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\ncat\n")
    (tmp_path / "program").chmod(0o755)
    (tmp_path / "file.txt").write_text("a")
    git("init", "-q")
    git("add", "file.txt")
    git("commit", "-qm", "first")
    (tmp_path / ".gitattributes").write_text("*.txt filter=x\n")
    git("config", setting, str(tmp_path / "program"))
    (tmp_path / "file.txt").write_text("b")
    monkeypatch.chdir(tmp_path)
    commit = describe_start([], {})["git"]
    assert not (tmp_path / "ran").exists()
    assert len(commit.removesuffix("-dirty")) == 40
    assert commit.endswith("-dirty") == (setting == "core.fsmonitor")
