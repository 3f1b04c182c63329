"""Measures the time of linting: a start of the command compared with ``yamllint --version``, and files in one process.

    python -m benchmarks.lint_speed --yamllint /path/to/yamllint

Both commands alternate, so that other work on the machine affects both; the ratio is the median over pairs. Times are
CPU times of the child processes, user and system.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from dreamerguard.lint.engine import check_command
from dreamerguard.lint.preset_check import check_presets
from dreamerguard.programs.shared.key_tables import load_table
from dreamerguard.sources.argv import read_command

COMMANDS = {
    "native": ["dreamerguard", "train", "dmc_walker_walk", "run.train_ratio=32"],
    "danijar": ["python", "dreamerv3/main.py", "--configs", "dmc_proprio", "--run.train_ratio", "32"],
}
RUN_FILE = "# {comment}\ntask: dmc_walker_walk\nrun:\n  frames: 5e5\n  train_ratio: {ratio}  # ratio\nseed: {seed}\n"


def cpu(words: Sequence[str], folder: str) -> float:
    """Returns the CPU milliseconds of a command and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def start(yamllint: str | None, pairs: int, command: Sequence[str]) -> dict[str, float]:
    """Measures starts of ``dreamerguard lint -- COMMAND``, and the ratio to yamllint if it is installed."""
    own = [str(Path(sys.executable).with_name("dreamerguard")), "lint", "--no-config", "--", *command]
    with tempfile.TemporaryDirectory() as folder:
        cpu(own, folder)
        ours, theirs = [], []
        for _ in range(pairs):
            if yamllint:
                theirs.append(cpu([yamllint, "--version"], folder))
            ours.append(cpu(own, folder))
    row = {"least_ms": min(ours), "median_ms": statistics.median(ours)}
    if yamllint:
        ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
        row |= {"yamllint_median_ms": statistics.median(theirs), "ratio": statistics.median(ratios)}
    return {name: round(value, 2) for name, value in row.items()}


def files_per_second(count: int) -> float:
    """Returns the run files per CPU second, checked one after the other in this process."""
    from dreamerguard import lint_run

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for index in range(count):
            text = RUN_FILE.format(comment="x" * 5800, ratio=512 if index % 2 else 32, seed=index)
            (folder / f"run{index}.yaml").write_text(text, encoding="utf-8")
        lint_run(file="run0.yaml", folder=folder)
        began = time.process_time()
        for index in range(count):
            lint_run(file=f"run{index}.yaml", folder=folder)
        return count / (time.process_time() - began)


def presets() -> str:
    """Builds a file of presets like that of danijar/dreamerv3 from its key table: defaults and about 20 presets."""
    table = load_table("danijar_2025")
    nested: dict[str, Any] = {}
    for path, value in table.defaults.items():
        *groups, leaf = path.split(".")
        place = nested
        for group in groups:
            place = place.setdefault(group, {})
        place[leaf] = _plain(value)
    plain = {name: {key: _plain(value) for key, value in block.items()} for name, block in table.presets.items()}
    return yaml.safe_dump({"defaults": nested, **plain}, sort_keys=False)


def checkouts_per_second(count: int) -> float:
    """Returns the checkouts per CPU second: one command is checked in each checkout with its file of presets."""
    text, command = presets(), read_command(COMMANDS["danijar"])
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name) / str(index) for index in range(count)]
        for index, folder in enumerate(folders):
            (folder / "dreamerv3").mkdir(parents=True)
            (folder / "dreamerv3" / "configs.yaml").write_text(f"{text}\n# {index}\n", encoding="utf-8")
            (folder / "dreamerv3" / "main.py").touch()
        check_command(command, folder=folders[0])
        began = time.process_time()
        for folder in folders:
            check_command(command, folder=folder)
        return count / (time.process_time() - began)


def presets_per_second(count: int) -> dict[str, float]:
    """Returns the files of presets and the runs per CPU second; every preset is checked as a separate run."""
    text = presets()
    with tempfile.TemporaryDirectory() as name:
        files = [Path(name) / f"{index}" / "configs.yaml" for index in range(count)]
        for index, file in enumerate(files):
            file.parent.mkdir()
            file.write_text(f"{text}\n# {index}\n", encoding="utf-8")
        check_presets(files[0])
        began = time.process_time()
        for file in files:
            check_presets(file)
        seconds = time.process_time() - began
    runs = len(load_table("danijar_2025").presets) * count
    return {"bytes": len(text), "files_per_cpu_second": count / seconds, "runs_per_cpu_second": runs / seconds}


def repository(count: int) -> dict[str, float]:
    """Times ``dreamerguard check`` on a repository of ``count`` files: run files, scripts, pages, presets, Python."""
    command = "python dreamerv3/main.py --configs dmc_proprio --task dmc_walker_walk --logdir logs/{index}\n"
    kinds = {
        "run{index}.yaml": RUN_FILE.format(comment="x", ratio=512, seed=1),
        "go{index}.sh": f"#!/bin/sh\nset -e\n{command}",
        "page{index}.md": f"# Page\n\n```sh\n{command}```\n",
        "module{index}.py": "import numpy as np\n\n\ndef f(x):\n    return np.tanh(x)\n" * 40,
        "data{index}.json": json.dumps({"values": list(range(300))}),
    }
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "dreamerv3").mkdir()
        (Path(name) / "dreamerv3" / "configs.yaml").write_text(presets(), encoding="utf-8")
        for index in range(count - 1):
            file, text = list(kinds.items())[index % len(kinds)]
            (Path(name) / file.format(index=index)).write_text(text.replace("{index}", str(index)), encoding="utf-8")
        own = [str(Path(sys.executable).with_name("dreamerguard")), "check", "--no-config", "."]
        cpu(own, name)
        began = time.perf_counter()
        busy = cpu(own, name)
        return {"files": count, "wall_s": time.perf_counter() - began, "cpu_s": busy / 1000}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def main() -> None:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--yamllint", default=shutil.which("yamllint"), help="yamllint to compare with")
    parser.add_argument("--pairs", type=int, default=11)
    parser.add_argument("--files", type=int, default=300)
    options = parser.parse_args()
    for name in ("DREAMERGUARD_TRACEBACK", "PYTHONDONTWRITEBYTECODE"):
        os.environ.pop(name, None)  # an installed package has compiled files, as yamllint does
    rows = {name: start(options.yamllint, options.pairs, words) for name, words in COMMANDS.items()}
    figures: dict[str, Any] = {"start": rows, "run_files_per_cpu_second": files_per_second(options.files)}
    figures |= {"checkouts_per_cpu_second": checkouts_per_second(options.files)}
    figures |= {"presets": presets_per_second(options.files // 10), "repository": repository(500)}
    print(json.dumps(figures, indent=2, default=lambda value: round(value, 1)))


if __name__ == "__main__":
    main()
