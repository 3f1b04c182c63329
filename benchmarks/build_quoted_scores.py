"""Rebuilds ``task_defaults/reference/quoted.json``: the figures of the published Atari 100k table, per game and seed.

Usage: ``python -m benchmarks.build_quoted_scores CHECKOUT [--commit COMMIT] [-o OUT]`` with a checkout or bare
repository of https://github.com/danijar/dreamerv3. A seed's figure is the mean of its episodes that end after 390,000
and up to 400,000 frames (danijar/dreamerv3#138, answer 2623751297); a seed without such an episode has none.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import subprocess
from pathlib import Path
from statistics import fmean
from typing import Any

COMMIT = "e3f02248693a79dc8b0ebd62c93683888ddaccfe"
FILE = "scores/atari100k-dreamerv3.json.gz"
FROM, TO = 390_000, 400_000


def table(runs: list[dict[str, Any]]) -> dict[str, list[float | None]]:
    """Returns task -> figure of each seed; None for a seed without an episode in these frames."""
    found: dict[str, list[float | None]] = {}
    for run in runs:
        pairs = zip(run["xs"], run["ys"], strict=True)
        scores = [y for x, y in pairs if FROM < x <= TO and y is not None and math.isfinite(y)]
        task = run["task"].replace("atari_", "atari100k_", 1)
        found.setdefault(task, []).append(float(f"{fmean(scores):.6g}") if scores else None)
    return dict(sorted(found.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path, help="checkout or bare repository of danijar/dreamerv3")
    parser.add_argument("--commit", default=COMMIT, help="commit to read (default: %(default)s)")
    default = Path(__file__).resolve().parent.parent / "task_defaults" / "reference" / "quoted.json"
    parser.add_argument("-o", "--out", type=Path, default=default, help="file to write (default: %(default)s)")
    args = parser.parse_args()
    show = ["git", "-C", str(args.checkout), "show", f"{args.commit}:{FILE}"]
    packed = subprocess.run(show, check=True, capture_output=True).stdout
    tasks = table(json.loads(gzip.decompress(packed)))
    data = {"format": 1, "commit": args.commit, "file": FILE, "from": FROM, "to": TO, "tasks": tasks}
    args.out.write_text(json.dumps(data, separators=(",", ":"), allow_nan=False) + "\n", encoding="utf-8")
    print(f"{args.out}: {len(tasks)} tasks, {args.out.stat().st_size / 1024:.1f} KiB")


if __name__ == "__main__":
    main()
