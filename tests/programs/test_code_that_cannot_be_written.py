"""Code that Python reads and cannot write again: numbers of thousands of digits, and deep expressions."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from dreamerguard.lint.engine import check_command
from dreamerguard.rules.helpers.example_files import with_preset, with_torch_preset
from dreamerguard.sources.argv import read_command
from dreamerguard.sources.python.python_files import parse

ODD = [f"0x{'f' * 5000}", f"{'a+' * 2500}a"]
TORCH = """import argparse
{odd_test}
def make_env(config, mode):
    suite, task = config.task.split("_", 1)
    if suite == "dmc":
        env = make(task)
        kept[{odd}] = env
    else:
        raise NotImplementedError(suite)
    return env
def main(config):
    make_env(config, "train")
if {odd}:
    main({odd})
if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--configs", nargs="+")
    parser.add_argument("--name", required=True)
    main(parser.parse_args())
"""
JAX = """import elements
@wraps({odd})
def main(argv=None):
    flags, argv = elements.Flags(configs=["defaults"]).parse_known(argv)
    config = elements.Flags(elements.Config(CONFIGS["defaults"])).parse(argv)
    run(config[{odd}])
if {odd}:
    main()
"""


@pytest.mark.parametrize("odd", ODD, ids=["number", "depth"])
@pytest.mark.parametrize("program", ["dreamer.py", "dreamerv3/main.py"])
def test_a_script_with_such_code_is_linted(program: str, odd: str, tmp_path: Path) -> None:
    torch = program == "dreamer.py"
    for name, text in (with_torch_preset if torch else with_preset)("seed: 1").items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    script = (TORCH if torch else JAX).replace("{odd_test}", f"if {odd}:\n    pass").replace("{odd}", odd)
    assert parse(script) is not None
    (tmp_path / program).write_text(script)
    command = f"python {program} --configs mine --task dmc_walker_walk --logdir x"
    result = check_command(read_command(shlex.split(command)), folder=tmp_path)
    assert result.dialect == ("nm512_torch" if torch else "danijar")
    assert ("missing-option" in {item.name for item in result.active}) is torch
