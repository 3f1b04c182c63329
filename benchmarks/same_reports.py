"""Checks that two checkouts give the same reports, byte by byte, as after a change that only moves code.

    python -m benchmarks.same_reports path/to/collection path/to/other/checkout

Runs ``check`` on every folder of the collection and ``lint`` on every command (see `benchmarks.corpus`) in several
formats, once with each checkout, and prints the differences. Exit code 1 if there are any.
"""

from __future__ import annotations

import argparse
import csv
import difflib
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
FORMATS = ("full", "concise", "json", "sarif", "markdown")


def calls(collection: Path) -> Iterator[tuple[Path, list[str]]]:
    """Yields folder and arguments of every call."""
    configs = collection / "configs"
    for folder in sorted(path for kind in sorted(configs.iterdir()) for path in kind.iterdir() if path.is_dir()):
        for name in FORMATS:
            yield folder, ["check", ".", "--output-format", name, "--no-config"]
    with (collection / "commands.tsv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream, delimiter="\t"):
            folder = configs / row["kind"] / row["source"].split()[0].replace("/", "+")
            try:
                words = shlex.split(row["command"])
            except ValueError:
                continue
            yield folder if folder.is_dir() else configs, ["lint", "--no-config", "--", *words]


def report(checkout: Path, folder: Path, arguments: list[str]) -> str:
    """Returns the exit code, output and messages of one call."""
    path = os.pathsep.join([str(checkout), str(checkout / "agent")])
    done = subprocess.run(
        [sys.executable, "-m", "dreamerguard", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path, "COLUMNS": "120"},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    return f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}".replace(str(checkout), "CHECKOUT")


def main() -> int:
    """Prints each difference and the number of equal reports."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("collection", type=Path)
    parser.add_argument("other", type=Path, help="the other checkout")
    given = parser.parse_args()
    todo = list(calls(given.collection.resolve()))
    with ThreadPoolExecutor(2) as pool:
        pairs = pool.map(lambda call: (report(given.other.resolve(), *call), report(HERE, *call)), todo)
        different = 0
        for (folder, arguments), (other, ours) in zip(todo, pairs, strict=True):
            if other != ours:
                different += 1
                print(f"--- {folder.name}: {shlex.join(arguments)}")
                lines = difflib.unified_diff(other.splitlines(), ours.splitlines(), "other", "this", lineterm="", n=0)
                print("\n".join(list(lines)[:40]))
    print(f"{len(todo) - different} of {len(todo)} reports are equal")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
