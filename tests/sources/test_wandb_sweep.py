"""Sweep files of Weights & Biases as commands."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import UNKNOWN, Command
from dreamerguard.sources.commands.wandb_sweep import is_wandb_sweep, read_wandb_sweep

PARAMETERS = """parameters:
  ratio: {value: 32}
  flag: {values: [true, false]}
  size: {min: 1, max: 3}
  lr: {distribution: log_uniform_values, min: 0.1, max: 1.0}
"""


def read(text: str) -> Command:
    (command,) = read_wandb_sweep(Source("sweep.yaml", text))
    return command


def texts(command: Command, *picked: int) -> list[str]:
    return [word.text for word in command.pick(picked).words]


def with_macro(macro: str) -> Command:
    return read(f'program: main.py\nmethod: random\ncommand: ["${{program}}", a, "${{{macro}}}"]\n{PARAMETERS}')


def test_the_default_command() -> None:
    command = read(f"program: main.py\nmethod: random\n{PARAMETERS}")
    assert [(axis.name, axis.labels) for axis in command.axes] == [
        ("flag", ("True", "False")),
        ("size", ("1", "2", "3")),
    ]
    words = ["/usr/bin/env", "python", "main.py", "--ratio=32", "--flag=False", "--size=3", f"--lr={UNKNOWN}"]
    assert texts(command, 1, 2) == words
    assert command.unlisted == ("lr",)


@pytest.mark.parametrize(
    ("macro", "words"),
    [
        ("args", ["--ratio=32", "--flag=False", "--size=1", f"--lr={UNKNOWN}"]),
        ("args_no_hyphens", ["ratio=32", "flag=False", "size=1", f"lr={UNKNOWN}"]),
        ("args_no_boolean_flags", ["--ratio=32", "--size=1", f"--lr={UNKNOWN}"]),
        ("args_no_equals", ["--ratio", "32", "--flag", "False", "--size", "1", "--lr", UNKNOWN]),
    ],
)
def test_the_macros_for_parameters(macro: str, words: list[str]) -> None:
    command = with_macro(macro)
    assert texts(command, 1, 0) == ["main.py", "a", *words]
    assert [word.index for word in command.pick((1, 0)).words] == list(range(len(words) + 2))


@pytest.mark.parametrize("macro", ["args_json", "args_json_file"])
def test_parameters_in_a_file_may_set_anything(macro: str) -> None:
    assert with_macro(macro).open


def test_parameters_that_are_not_passed_may_set_anything() -> None:
    assert read(f"program: main.py\ncommand: [python, main.py]\n{PARAMETERS}").open


def test_nested_parameters_are_one_unknown_word() -> None:
    command = read("program: main.py\nparameters:\n  opt:\n    parameters:\n      lr: {value: 1}\n")
    assert command.open
    assert command.unlisted == ("opt",)


def test_places_and_texts_are_those_of_the_file() -> None:
    command = read("program: main.py\nparameters:\n  a: {values: [1e-5, '32', null, [1, 2]]}\n")
    assert [choice[0].text for choice in command.axes[0].choices] == ["--a=1e-5", "--a=32", "--a=None", "--a=[1, 2]"]
    assert [choice[0].span.text for choice in command.axes[0].choices][:3] == ["1e-5", "'32'", "null"]


def test_environment_variables_are_unknown() -> None:
    command = read(
        'program: a.py\ncommand: [python, "${program}", --x, "/d/${envvar:X}"]\nparameters: {a: {value: 1}}\n'
    )
    assert texts(command)[3] == f"/d/{UNKNOWN}"


def test_what_is_a_sweep_file() -> None:
    assert is_wandb_sweep(f"program: a.py\n{PARAMETERS}")
    assert not is_wandb_sweep("env:\n  program: x\nparameters: {}\n")
    assert not is_wandb_sweep("parameters: {}\n")
    assert read_wandb_sweep(Source("a", "program: x\nparameters: 3\n")) == []
    assert read_wandb_sweep(Source("a", "program: x\nparameters: {a: [\n")) == []


@settings(deadline=None, max_examples=150)
@given(st.text(alphabet="program:\n paetsvlun[]{}-1$,&*'\"", max_size=120))
def test_no_text_breaks_the_reader(text: str) -> None:
    for prefix in ("", "program: a.py\nparameters:\n", "program: a.py\nparameters: {a: {values: ["):
        for command in read_wandb_sweep(Source("a.yaml", prefix + text)):
            command.pick([0] * len(command.axes))
