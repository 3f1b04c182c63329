"""Sweeps of Weights & Biases in Python code."""

from pathlib import Path

import pytest

from dreamerguard.core.source import Source
from dreamerguard.lint.repository import check_tree
from dreamerguard.sources.argv import UNKNOWN
from dreamerguard.sources.commands.python import read_python, unread_launches

COMMAND = '["${env}", "python", "${program}", "--configs", "dmc_proprio", "--task", "dmc_walker_walk", "${args}"]'
SWEEP = f"""
import wandb
config = {{
    "program": "dreamerv3/main.py",
    "method": "grid",
    "command": {COMMAND},
    "parameters": {{"run.train_ratio": {{"values": [32, 1024]}}, "seed": {{"value": 1}}}},
}}
wandb.sweep(config, project="x")
"""


def read(text: str) -> list[tuple[list[str], list[tuple[str, ...]]]]:
    found = read_python(Source("a.py", text))
    return [([word.text for word in one.words], [axis.labels for axis in one.axes]) for one in found]


def test_each_value_is_a_run(tmp_path: Path) -> None:
    (tmp_path / "sweep.py").write_text(SWEEP)
    findings = [item for result in check_tree([tmp_path]).results for item in result.findings]
    (warned,) = [item for item in findings if item.severity != "info"]
    assert (warned.name, warned.primary.span.line) == ("low-train-ratio", 7)
    assert "1 of 2 runs" in warned.message


@pytest.mark.parametrize(
    "code",
    [
        "p = {'lr': {'values': [1, 2]}}\nc = {'method': 'grid', 'program': 'a.py', 'parameters': p}",
        "c = {'method': 'grid', 'program': 'a.py'}\nc['parameters'] = {'lr': {'values': [1, 1 + 1]}}",
        "N = 2\nc = dict(a=1)\nwandb.sweep({'program': 'a.py', 'parameters': {'lr': {'values': (1, N)}}})",
    ],
)
def test_ways_to_write_one(code: str) -> None:
    assert read(f"import wandb\n{code}\n") == [(["/usr/bin/env", "python", "a.py", "--lr=1"], [("1", "2")])]


def test_what_is_not_literal_is_unknown() -> None:
    code = "c = {'program': path, 'parameters': {'lr': {'values': values}, 'b': {'value': True}}}"
    assert read(code) == [(["/usr/bin/env", "python", UNKNOWN, f"--lr={UNKNOWN}", "--b=True"], [])]


def test_a_sweep_over_a_function_is_named() -> None:
    code = "# dreamer\nc = {'method': 'grid', 'parameters': {'lr': {'values': [1]}}}\nwandb.agent(c, function=main)\n"
    assert read(code) == []
    assert [line for line, _ in unread_launches(Source("a.py", code))] == [2]


@pytest.mark.parametrize(
    "code", ["c = {'parameters': 3}", "c = {'parameters': {}, 'name': 'x'}", "x['parameters'] = 1"]
)
def test_other_dictionaries_are_no_sweeps(code: str) -> None:
    assert read(code) == [] and list(unread_launches(Source("a.py", f"# dreamer\n{code}"))) == []
