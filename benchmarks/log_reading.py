"""Measures time and memory until the first verdict on a log of a million lines, and the cost of an idle look.

Usage: ``python -m benchmarks.log_reading [LINES]``. Each case runs in a separate process, from a temporary file.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.published import write_result

_CASES = {"native": "scores.jsonl", "nm512_torch": "metrics.jsonl", "danijar": "metrics.jsonl"}

_MEASURE = """
import json, resource, sys, time
from pathlib import Path
start = time.perf_counter()
from dreamerguard.regression.watch.watcher import Watcher
watcher = Watcher(Path(sys.argv[1]), "dmc_walker_walk", "dmc_proprio", action_repeat=2)
status = watcher.look()
wall, cpu = time.perf_counter() - start, time.process_time()
begin = time.process_time()
for _ in range(1000):
    watcher.look()
idle = (time.process_time() - begin) / 1000
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"format": status.log.program, "episodes": len(status.log.train),
                  "verdict": status.verdict.state.value,
                  "wall s": round(wall, 2), "cpu s": round(cpu, 2), "memory MB": round(memory),
                  "idle look ms": round(1000 * idle, 4)}))
"""


def lines(case: str, count: int) -> Iterator[str]:
    """Yields a log as the program writes it: native: scores; others: episodes, speeds and metrics in turn."""
    losses = {f"train/loss/part{i}" if case == "danijar" else f"part{i}_loss": i / 7 for i in range(30)}
    for i in range(count):
        score, frames = 900 * (1 - math.exp(-i / count * 5)), (i + 1) * 490_000 // count
        if case == "native":
            yield json.dumps(
                {"frames": frames, "step": i, "env": 0, "score": score, "length": 501, "updates": i, "time": 0.5}
            )
        elif i % 3 == 0:
            key = "episode/score" if case == "danijar" else "train_return"
            yield json.dumps({"step": frames, key: score, "length": 500.0})
        elif i % 3 == 1:
            yield json.dumps({"step": frames, "fps/policy" if case == "danijar" else "fps": 100.0})
        else:
            updates = "train/opt/updates" if case == "danijar" else "update_count"
            yield json.dumps({"step": frames, updates: float(i), **losses})


def main() -> None:
    """Measures every case and writes the result file."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    result: dict[str, object] = {"lines": count}
    for case, name in _CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            with path.open("w") as file:
                file.writelines(line + "\n" for line in lines(case, count))
            if case == "danijar":
                scores = (line for line in path.open() if "episode/score" in line)
                (Path(folder) / "scores.jsonl").write_text("".join(scores))
            size = path.stat().st_size / 1e6
            done = subprocess.run([sys.executable, "-c", _MEASURE, folder], check=True, capture_output=True, text=True)
        result[case] = {"MB": round(size)} | json.loads(done.stdout)
        print(result[case])
    write_result("log_reading", result)


if __name__ == "__main__":
    main()
