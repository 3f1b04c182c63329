"""Measures the CPU time of ``dreamerguard check`` on trees of several sizes below an ordinary ``.gitignore``.

    python -m benchmarks.check_speed --files 1200 10000

Half of the files are data that no pattern excludes: every pattern is tried on them.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

_PATTERNS = (
    "*.py[cod]", "*$py.class", "*.so", "lib/", "*.egg-info/", ".coverage.*", "docs/_build/", "*.log", "/site",
    "**/out/*.bin",
)  # fmt: skip
_RUN = "python dreamerv3/main.py --logdir x --configs dmc_proprio --task dmc_walker_walk\n"


def patterns(number: int) -> Iterator[str]:
    """Yields patterns of usual kinds, each a little different."""
    for index in range(number):
        text = _PATTERNS[index % len(_PATTERNS)]
        yield text if index < len(_PATTERNS) else f"{text[: text.rfind('/') + 1]}x{index}{text[text.rfind('/') + 1 :]}"


def tree(root: Path, files: int, lines: int) -> None:
    """Writes a tree of data files, one script and one ``.gitignore``."""
    (root / ".gitignore").write_text("\n".join(patterns(lines)) + "\n")
    (root / "run.sh").write_text(_RUN)
    for index in range(files):
        folder = root / "assets" / f"kind{index % 60:02d}" / "meshes"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"part{index}.{'obj' if index % 2 else 'log'}").write_bytes(b"")


def seconds(root: Path) -> float:
    """Returns the CPU seconds of one check of a tree."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = [sys.executable, "-m", "dreamerguard", "check", "--no-config", str(root)]
    subprocess.run(words, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> None:
    """Prints one JSON object for each size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--files", type=int, nargs="+", default=[1200, 10_000])
    parser.add_argument("--lines", type=int, default=120)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    for files in arguments.files:
        with tempfile.TemporaryDirectory() as folder:
            tree(Path(folder), files, arguments.lines)
            times = sorted(seconds(Path(folder)) for _ in range(arguments.repeats))
        print(json.dumps({"files": files, "lines": arguments.lines, "cpu_seconds": [round(item, 2) for item in times]}))


if __name__ == "__main__":
    main()
