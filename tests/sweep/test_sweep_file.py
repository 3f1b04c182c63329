"""A sweep file: what it may say, and how a fault in it is reported."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from dreamerguard.core.source import Source, SourceError
from dreamerguard.sweep.plan.read_file import parse_sweep, read_sweep_file
from dreamerguard.sweep.plan.sweep_file import sweep_schema

LEAST = "tasks: [a]\nseeds: 1\n"


def parse(text: str):
    return parse_sweep(Source("s.yaml", text))


def test_one_name_and_a_number_of_seeds_are_enough() -> None:
    sweep = parse("tasks: dmc_walker_walk\nseeds: 3\n")
    assert (sweep.tasks, sweep.seed_list) == (("dmc_walker_walk",), (0, 1, 2))


def test_repeated_seeds_count_once() -> None:
    assert parse("tasks: [a]\nseeds: [4, 2, 4]\n").seed_list == (4, 2)


def test_values_are_typed_as_in_run_files() -> None:
    block = parse(LEAST + "vary:\n  - grid: {lr: [1e-4, 2e-4], mode: [on, 'off'], units: [[1, 2]]}\n").vary[0]
    assert block.grid == {"lr": (1e-4, 2e-4), "mode": ("on", "off"), "units": ((1, 2),)}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tasks: [a]\nseeds: 1\nsedes: 2\n", "s.yaml:3: sedes does not exist"),
        ("tasks: [a]\nseeds: 0\n", "the number of seeds is 0"),
        ("tasks: [a]\nseeds: x\n", "write the seeds, [0, 1, 2], or their number, 3"),
        ("tasks: [a]\nseeds: [1, -2]\n", "seeds.1 is -2; it must be at least 0"),
        ("tasks: []\nseeds: 1\n", "tasks"),
        ("tasks: [a\nseeds: 1\n", "no ] closes this ["),
        (LEAST + "vary:\n  - {grid: {a: [1]}, zip: {b: [1]}}\n", "exactly one of the keys grid, zip, list, random"),
        (LEAST + "vary:\n  - zip: {a: [1, 2], b: [1]}\n", "a has 2, b has 1"),
        (LEAST + "vary:\n  - list: [{a: 1}, {b: 1}]\n", "the same settings in each"),
        (LEAST + "vary:\n  - random: {count: 2, draw: {a: {log_uniform: [0, 1]}}}\n", "must be greater than 0"),
        (LEAST + "vary:\n  - random: {count: 2, draw: {a: {uniform: [2, 1]}}}\n", "above the upper bound"),
        (LEAST + "vary:\n  - grid: {a: 3}\n", "s.yaml:4: vary.0.grid.a is 3; it must be a list"),
        (LEAST + "engine: {kind: cloud}\n", "'embedded', 'ray' or 'slurm'"),
        (LEAST + "engine: {gpus_per_run: 1.5}\n", "must be a whole number"),
        (LEAST + "command: train {logdir}\nsettings: {a: 1}\n", "leave out config, settings and task_settings"),
        (LEAST + "frames: 100\n", "they need command"),
        (LEAST + "task_settings: {b: {x: 1}}\n", "names b, which is not among the tasks"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(SourceError) as raised:
        parse(text)
    assert told in raised.value.message
    assert raised.value.message.startswith("s.yaml:")


def test_the_run_file_is_relative_to_the_sweep_file(tmp_path: Path) -> None:
    (tmp_path / "sweep.yaml").write_text(LEAST + "config: base.yaml\n")
    sweep, _ = read_sweep_file(tmp_path / "sweep.yaml")
    assert sweep.config == str(tmp_path / "base.yaml")


def test_the_json_schema_accepts_what_the_reader_accepts() -> None:
    schema = sweep_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    good = {"tasks": ["a"], "seeds": 3, "vary": [{"grid": {"x": [1, "two", None]}}], "watch": {"against": ["best"]}}
    jsonschema.validate(good, schema)
    jsonschema.validate({**good, "seeds": [1, 2]}, schema)
    for wrong in ({"seeds": "x"}, {"sedes": 1}, {"engine": {"kind": "cloud"}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**good, **wrong}, schema)
