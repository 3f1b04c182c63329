"""What a command loads: watching a run needs no linter, and linting needs nothing heavy."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

#: Packages that make up the linter.
LINTER = ("dreamerguard.lint", "dreamerguard.rules", "dreamerguard.reports", "dreamerguard.sources.commands")
HEAVY = {"jax", "numpy", "mujoco", "flax", "torch", "matplotlib"}

LOGS = {
    "danijar": ("scores.jsonl", {"step": 1000, "episode/score": 5.0}),
    "native": ("scores.jsonl", {"frames": 1000, "score": 5.0, "length": 1000}),
    "nm512_torch": ("metrics.jsonl", {"step": 1000, "train_return": 5.0}),
    "r2dreamer": ("metrics.jsonl", {"step": 1000, "episode/score": 5.0, "fps/fps": 10.0}),
}
CODE = """
import sys
from dreamerguard.cli import main
try:
    main()
finally:
    sys.stderr.write("MODULES " + " ".join(sys.modules))
"""


def loaded(folder: Path, *words: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", CODE.replace("main()", f"sys.argv[1:] = {list(words)!r}; main()", 1)],
        capture_output=True,
        text=True,
        cwd=folder,
        env=os.environ | {"COLUMNS": "100"},
    )
    assert "MODULES" in done.stderr, done.stderr
    return set(done.stderr.rpartition("MODULES ")[2].split())


@pytest.mark.parametrize("program", LOGS)
def test_watching_loads_no_linter(program: str, tmp_path: Path) -> None:
    name, line = LOGS[program]
    lines = [json.dumps({**line, next(iter(line)): 1000 * i}) + "\n" for i in range(1, 60)]
    (tmp_path / name).write_text("".join(lines), encoding="utf-8")
    modules = loaded(tmp_path, "watch", ".", "--once", "--task", "dmc_walker_walk", "--action-repeat", "2")
    ours = {name for name in modules if name.startswith("dreamerguard.")}
    assert "dreamerguard.regression.watch.verdict" in ours
    assert {name for name in ours if name.startswith(LINTER)} == set()
    assert {name for name in ours if name.endswith(".program")} == set()
    assert not HEAVY & modules


def test_linting_loads_no_watcher(tmp_path: Path) -> None:
    modules = loaded(tmp_path, "lint", "--", "dreamerguard", "train", "dmc_walker_walk", "run.train_ratio=32")
    assert not HEAVY & modules
    assert not any(name.startswith(("dreamerguard.regression.watch", "dreamerguard.logs")) for name in modules)
