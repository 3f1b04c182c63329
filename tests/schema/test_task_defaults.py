"""The suite files: complete, sourced, and equal to the facts that the papers and programs state."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from dreamerguard.schema import RunConfig, tasks
from dreamerguard.schema.publish import field
from dreamerguard.schema.task_data import check_suite_data
from dreamerguard.schema.tasks import UnknownTask, data_dir, find_task, load_suite, prefixes, suite_names, task_names

#: suite, edition, ratio, repeat, environments, frames, size, gradient updates per 1000 frames. Written down from the
#: tables of arXiv 2301.04104v1 and of Nature 640 (2025), from the presets of danijar/dreamerv3 and NM512/r2dreamer, and
#: from nicklashansen/tdmpc2 (environments, issue 68).
FACTS = """
dmc_proprio paper-2023 512  2 4  500000    size12m  250
dmc_proprio paper-2025 512  2 16 500000    size12m  250
dmc_proprio head       1024 1 16 1100000   size1m   1000
dmc_vision  paper-2023 512  2 4  1000000   size12m  250
dmc_vision  paper-2025 512  2 16 1000000   size12m  250
dmc_vision  head       256  1 16 1100000   size200m 250
atari       paper-2023 64   4 8  200000000 size200m 15.625
atari       paper-2025 32   4 16 200000000 size200m 7.8125
atari       head       32   4 16 204000000 size200m 7.8125
atari100k   paper-2023 1024 4 1  400000    size12m  250
atari100k   paper-2025 128  4 1  400000    size200m 31.25
atari100k   head       256  4 1  440000    size200m 62.5
crafter     paper-2023 512  1 1  1000000   size200m 500
crafter     head       512  1 1  1100000   size200m 500
minecraft   paper-2023 16   1 16 100000000 size200m 15.625
minecraft   paper-2025 32   1 64 100000000 size200m 31.25
minecraft   head       32   1 16 -         size200m 31.25
dmlab       paper-2023 64   4 8  50000000  size200m 15.625
dmlab       paper-2025 32   4 16 100000000 size200m 7.8125
dmlab       head       32   4 16 104000000 size200m 7.8125
procgen     paper-2025 64   1 16 50000000  size200m 62.5
procgen     head       64   1 16 110000000 size200m 62.5
bsuite      paper-2023 1024 1 1  -         size200m 1000
bsuite      paper-2025 1024 1 1  -         size200m 1000
bsuite      head       1024 1 1  -         size200m 1000
loconav     paper-2023 512  2 4  -         size200m 250
loconav     head       256  1 16 -         size200m 250
memorymaze  head       32   1 16 -         size200m 31.25
memorymaze  r2dreamer  512  2 1  100100000 size12m  250
metaworld   r2dreamer  512  2 16 1010000   size12m  250
metaworld   tdmpc2     512  2 4  2000000   size12m  250
tdmpc2      tdmpc2     512  2 4  4000000   size12m  250
myosuite    tdmpc2     512  1 4  2000000   size12m  500
maniskill   tdmpc2     512  2 4  4000000   size12m  250
"""
ROWS = [tuple(line.split()) for line in FACTS.strip().splitlines()]
KEYS = ("run.train_ratio", "env.action_repeat", "run.envs", "run.frames", "size")

#: Tasks of the papers, and of all others.
COUNTS = {
    "dmc_proprio": (18, 33),
    "dmc_vision": (20, 31),
    "atari": (57, 51),
    "atari100k": (26, 82),
    "crafter": (1, 1),
    "minecraft": (1, 2),
    "dmlab": (30, 0),
    "procgen": (16, 0),
    "bsuite": (23, 0),
    "loconav": (0, 12),
    "memorymaze": (0, 4),
    "metaworld": (0, 50),
    "tdmpc2": (0, 11),
    "myosuite": (0, 10),
    "maniskill": (0, 5),
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}-{row[1]}")
def test_numbers_are_those_of_the_sources(row: tuple[str, ...]) -> None:
    suite, edition, *expected, rate = row
    task = find_task(task_names(suite)[0], suite)
    values = task.values(edition)  # type: ignore[arg-type]
    found = [str(values[key].value) if key in values else "-" for key in KEYS]
    assert found == expected
    assert task.updates_per_1000_frames(edition) == float(rate)  # type: ignore[arg-type]


def test_the_table_of_facts_covers_every_edition() -> None:
    assert {(row[0], row[1]) for row in ROWS} == {(s, e) for s in suite_names() for e in load_suite(s).editions}


@pytest.mark.parametrize("suite", suite_names())
def test_every_source_is_used_and_every_value_fits_run_config(suite: str) -> None:
    data = load_suite(suite)
    tables = [data.editions, *(entry.editions for entry in data.tasks.values())]
    cited = {value.source for table in tables for values in table.values() for value in values.values()}
    cited |= {time.source for time in data.gpu_time.values()} | {e.source for e in data.tasks.values() if e.source}
    assert cited == data.sources.keys()
    for table in tables:
        for values in table.values():
            RunConfig.model_validate({"task": "x", **_nested({key: v.value for key, v in values.items()})})
            assert all(_same_type(key, value.value) for key, value in values.items())


@pytest.mark.parametrize("suite", suite_names())
def test_task_lists(suite: str) -> None:
    data = load_suite(suite)
    published = sum(entry.published for entry in data.tasks.values())
    assert (published, len(data.tasks) - published) == COUNTS[suite]
    assert all(task.startswith(f"{data.prefix}_") for task in data.tasks)
    assert suite in prefixes()[data.prefix]
    assert all(suite in prefixes()[prefix] for prefix in data.other_prefixes)


def test_files_and_names_agree() -> None:
    assert {path.stem for path in data_dir().glob("*.yaml")} == set(suite_names())
    assert all(load_suite(suite).suite == suite for suite in suite_names())


def test_walker_walk_follows_the_setting_of_its_published_curve() -> None:
    task = find_task("dmc_walker_walk")
    assert (task.suite, task.default_edition) == ("dmc_proprio", "paper-2025")
    assert (task.values()["run.train_ratio"].value, task.values()["env.action_repeat"].value) == (512, 2)
    assert task.values("head")["run.train_ratio"].value == 1024
    assert find_task("dmc_walker_walk", "dmc_vision").values()["env.observation"].value == "vision"


@pytest.mark.parametrize(
    ("name", "suite", "found"),
    [
        ("dmc_cup_catch", None, ("dmc_proprio", "dmc_ball_in_cup_catch")),
        ("atari_pong", None, ("atari", "atari_pong")),
        ("atari_pong", "atari100k", ("atari100k", "atari100k_pong")),
        ("atari100k_james_bond", None, ("atari100k", "atari100k_jamesbond")),
        ("memorymaze_9x9", None, ("memorymaze", "memmaze_9x9")),
        ("bsuite_mnist", None, ("bsuite", "bsuite_mnist/0")),
        ("bsuite_mnist/7", None, ("bsuite", "bsuite_mnist/7")),
        ("metaworld_door-open", None, ("metaworld", "metaworld_door-open")),
    ],
)
def test_other_names_of_a_task(name: str, suite: str | None, found: tuple[str, str]) -> None:
    task = find_task(name, suite)
    assert (task.suite, task.name) == found


def test_a_task_may_have_an_edition_that_its_suite_lacks() -> None:
    assert set(load_suite("dmc_proprio").editions) == set(find_task("dmc_walker_walk").editions)
    for task, frames in (("dmc_dog_run", 14_000_000), ("dmc_quadruped_walk", 4_000_000)):
        values = find_task(task).values("tdmpc2")
        assert (values["run.frames"].value, values["run.train_ratio"].value) == (frames, 512)
        assert find_task(task).default_edition == "paper-2025"


def test_a_task_may_differ_from_its_suite() -> None:
    assert find_task("bsuite_cartpole").values("paper-2023")["run.train_ratio"].value == 128
    assert find_task("bsuite_catch").values("paper-2023")["run.train_ratio"].value == 1024


@pytest.mark.parametrize(
    ("name", "suite", "first"),
    [
        ("dmc_walker_wakl", None, "dmc_walker_walk"),
        ("walker_walk", None, "dmc_walker_walk"),
        ("atari_pongg", "atari100k", "atari100k_pong"),
        ("dmc_walker_walk", "dmcvision", "dmc_vision"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(name: str, suite: str | None, first: str) -> None:
    with pytest.raises(UnknownTask) as error:
        find_task(name, suite)
    assert error.value.suggestions[0] == first
    assert f"Did you mean {first}" in str(error.value)


def test_nothing_near_an_unknown_name() -> None:
    for name in ("qqq", "dmc_nothing"):
        with pytest.raises(UnknownTask, match="dreamerguard tasks") as error:
            find_task(name)
        assert error.value.suggestions == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sources": {}}, "sources do not name"),
        ({"default_edition": "head"}, "default_edition head has no values"),
        ({"tasks": {"t_a": {"sparse": True}}}, "needs a reason"),
        ({"surprise": 1}, "Unexpected keyword argument"),
        ({"tasks": {"t_a": {"published": "perhaps"}}}, "valid boolean"),
        ({"default_reason": "why"}, "at least 20 characters"),
        ({"sources": {"s": {"title": "S", "url": "ftp://example.org"}}}, "https address"),
        ({"gpu_time": {"head": {"days": 0, "source": "s"}}}, "above 0 days"),
    ],
)
def test_a_broken_file_is_refused(change: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {
        "suite": "t",
        "title": "T",
        "prefix": "t",
        "observation": "vectors",
        "default_edition": "paper-2023",
        "default_reason": "the only edition there is",
        "sources": {"s": {"title": "S", "url": "https://example.org"}},
        "editions": {"paper-2023": {"run.envs": {"value": 4, "source": "s"}}},
        "tasks": {"t_a": {}},
    }
    assert check_suite_data(good).tasks["t_a"].published
    with pytest.raises(ValidationError, match=message):
        check_suite_data(good | change)


@pytest.mark.parametrize("suite", suite_names())
def test_every_suite_file_has_the_right_types(suite: str) -> None:
    raw = yaml.safe_load((data_dir() / f"{suite}.yaml").read_text(encoding="utf-8"))
    assert check_suite_data(raw) == load_suite(suite)


def test_one_look_up_reads_one_file() -> None:
    load_suite.cache_clear()
    find_task("dmc_walker_walk")
    assert load_suite.cache_info().currsize == 1


def _nested(flat: dict[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in flat.items():
        *sections, last = key.split(".")
        node = tree
        for section in sections:
            node = node.setdefault(section, {})
        node[last] = value
    return tree


def _same_type(key: str, value: object) -> bool:
    """No number may hide in text: YAML 1.1 reads 5e5 as a string, which pydantic would turn into a number silently."""
    annotation = field(key).annotation
    if annotation in (int, float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, bool) if annotation is bool else isinstance(value, str)


def test_a_suite_file_that_is_dropped_in_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (data_dir() / "crafter.yaml").read_text(encoding="utf-8")
    shutil.copytree(data_dir(), tmp_path / "data")
    new = text.replace("suite: crafter", "suite: lab").replace("prefix: crafter", "prefix: lab  # ours")
    new = re.sub(r"^order: .*\n", "", new, flags=re.MULTILINE).replace("  crafter_", "  lab_")
    (tmp_path / "data" / "lab.yaml").write_text(new, encoding="utf-8")
    monkeypatch.setattr(tasks, "data_dir", lambda: tmp_path / "data")
    tasks.prefixes.cache_clear()
    try:
        assert suite_names()[-1] == "lab" and suite_names()[:2] == ["dmc_proprio", "dmc_vision"]
        assert find_task("lab_reward").suite == "lab"
    finally:
        monkeypatch.undo()
        tasks.prefixes.cache_clear()
        load_suite.cache_clear()
