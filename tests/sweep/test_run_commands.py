"""Names and commands of the runs of a sweep."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamerguard.core.source import Source, SourceError
from dreamerguard.sweep.plan.combinations import combinations
from dreamerguard.sweep.plan.read_file import parse_sweep
from dreamerguard.sweep.plan.run_commands import check_command, run_name, run_words

FOLDER = Path("/s")


def words(text: str) -> tuple[str, ...]:
    sweep = parse_sweep(Source("s", text))
    combination = combinations(sweep)[0]
    check_command(sweep, combination)
    return run_words(sweep, FOLDER, sweep.tasks[0], combination, sweep.seed_list[0])


def test_a_name_says_what_the_run_is() -> None:
    assert run_name("dmc_walker_walk", {"run.train_ratio": "32"}, 4) == "dmc_walker_walk-run.train_ratio=32-s4"
    assert run_name("t", {}, 0) == "t-s0"


@given(st.lists(st.tuples(st.text(max_size=150), st.integers(0, 9)), max_size=6))
def test_names_are_safe_and_differ(runs: list[tuple[str, int]]) -> None:
    distinct = list(dict.fromkeys(runs))
    names = [run_name("task", {"k": value}, seed) for value, seed in distinct]
    assert len(set(names)) == len(names)
    assert all("/" not in name and not name.startswith(".") and len(name.encode()) <= 120 for name in names)


def test_a_command_of_the_bundled_trainer_has_the_settings_in_order_of_strength() -> None:
    text = (
        "tasks: [t]\nseeds: [7]\nconfig: base.yaml\nsettings: {a.x: 1, a.y: true}\ntask_settings: {t: {a.x: 2}}\n"
        'vary:\n  - grid: {a.y: [false]}\nallow: {some-rule: "a reason"}\n'
    )
    assert words(text) == (
        "dreamerguard", "train", "t", "--config", "/s/config.yaml", "a.x=2", "a.y=false", "seed=7",
        "--logdir", "/s/runs/t-a.y=false-s7", "--allow", "some-rule=a reason",
    )  # fmt: skip


def test_a_command_of_another_program_is_filled_in() -> None:
    text = (
        "tasks: [t]\nseeds: [7]\ncommand: python main.py --task {task} --seed={seed} --logdir '{logdir}' --x {a.b}"
        " hydra.run.dir=${now} {{literal}} {name}\nvary:\n  - grid: {a.b: [2 3]}\n"
    )
    name = run_name("t", {"a.b": "2 3"}, 7)
    assert words(text) == (
        "python", "main.py", "--task", "t", "--seed=7", "--logdir", f"/s/runs/{name}", "--x", "2 3",
        "hydra.run.dir=${now}", "{literal}", name,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("run {task} {seed} {a}", "does not use {logdir}"),
        ("run {task} {seed} {logdir}", "does not use {a}"),
        ("run {task} {logdir} {a}", "does not use {seed}"),
        ("run {seed} {logdir} {a}", "does not use {task}"),
        ("run {task} {seed} {logdir} {a} {sede}", "uses {sede}, which nothing fills in"),
        ("run {task} {seed} {logdir} {a} '", "cannot be split into words"),
    ],
)
def test_a_setting_that_would_have_no_effect_is_refused(command: str, told: str) -> None:
    text = f'tasks: [t, u]\nseeds: 2\ncommand: "{command}"\nvary:\n  - grid: {{a: [1]}}\n'
    with pytest.raises(SourceError) as raised:
        words(text)
    assert told in raised.value.message


def test_one_task_and_one_seed_need_no_placeholder() -> None:
    assert words("tasks: [t]\nseeds: [3]\ncommand: run {logdir}\n") == ("run", "/s/runs/t-s3")
