"""How long linting takes: the start of the command against ``yamllint --version``, and files in one process.

    python -m benchmarks.lint_speed --yamllint /path/to/yamllint

Both commands alternate, so that other work on the machine hits both; the ratio is the median over pairs. CPU time of
the children, user and system.
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

COMMANDS = {
    "native": ["dreamerguard", "train", "dmc_walker_walk", "run.train_ratio=32"],
    "danijar": ["python", "dreamerv3/main.py", "--configs", "dmc_proprio", "--run.train_ratio", "32"],
}
RUN_FILE = "# {comment}\ntask: dmc_walker_walk\nrun:\n  frames: 5e5\n  train_ratio: {ratio}  # ratio\nseed: {seed}\n"


def cpu(words: Sequence[str], folder: str) -> float:
    """CPU milliseconds of a command and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def start(yamllint: str | None, pairs: int, command: Sequence[str]) -> dict[str, float]:
    """Cold starts of ``dreamerguard lint -- COMMAND``, and the ratio to yamllint's where it is there."""
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
    """Native run files checked one after the other in this process."""
    from dreamerguard.engine import check_native

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for index in range(count):
            text = RUN_FILE.format(comment="x" * 5800, ratio=512 if index % 2 else 32, seed=index)
            (folder / f"run{index}.yaml").write_text(text, encoding="utf-8")
        check_native(file="run0.yaml", folder=folder)
        began = time.process_time()
        for index in range(count):
            check_native(file=f"run{index}.yaml", folder=folder)
        return count / (time.process_time() - began)


def main() -> None:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--yamllint", default=shutil.which("yamllint"), help="yamllint to compare with")
    parser.add_argument("--pairs", type=int, default=11)
    parser.add_argument("--files", type=int, default=300)
    options = parser.parse_args()
    os.environ.pop("DREAMERGUARD_TRACEBACK", None)
    rows = {name: start(options.yamllint, options.pairs, words) for name, words in COMMANDS.items()}
    print(json.dumps({"start": rows, "files_per_cpu_second": round(files_per_second(options.files), 1)}, indent=2))


if __name__ == "__main__":
    main()
