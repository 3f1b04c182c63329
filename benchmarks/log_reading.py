"""Measures time and memory until the first verdict on a log of a million rows, and the cost of an idle look.

Usage: ``python -m benchmarks.log_reading [--rows N] [CASE ...]``. A case is a format, a slash and a program; without
one, all are measured and ``results/log_reading.json`` is written. Each case runs in three separate processes, from a
temporary file; the one with the least CPU time counts. An idle look is one of the command ``watch``: files, state of
the channels, metrics file.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import log_files
from benchmarks.published import write_result

_FORMATS: dict[str, tuple[Callable[[Path, str, int], None], str, tuple[str, ...]]] = {
    "lines": (log_files.write_lines, ".", ("native", "danijar", "nm512_torch", "r2dreamer", "torchrl")),
    "events": (log_files.write_events, ".", tuple(name for name in log_files.KEYS if name != "native")),
    "events, scores only": (log_files.write_scores_only, ".", ("torchrl",)),
    "CSVLogger": (log_files.write_scalars, ".", ("torchrl",)),
    "wandb": (log_files.write_wandb, ".", ("danijar", "nm512_torch", "r2dreamer", "sheeprl", "torchrl")),
    "csv": (log_files.write_csv, "export.csv", ("danijar", "sheeprl")),
    "csv of a chart": (log_files.write_chart, "export.csv", ("torchrl",)),
    "jsonl": (log_files.write_exported_lines, "export.jsonl", ("danijar", "sheeprl")),
    "json": (log_files.write_json, "export.json", ("torchrl",)),
}

_MEASURE = """
import json, resource, sys, time
from pathlib import Path
start = time.perf_counter()
from dreamerguard.regression.watch.watcher import Watcher
watcher = Watcher(Path(sys.argv[1]), "dmc_walker_walk", "dmc_proprio", action_repeat=1)
status = watcher.look()
wall, cpu = time.perf_counter() - start, time.process_time()
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
numpy = "numpy" in sys.modules
from dreamerguard.notify.channel import Channel
from dreamerguard.notify.listeners import Listeners
from dreamerguard.notify.metrics_file import MetricsFile
from dreamerguard.notify.notifier import Notifier
from dreamerguard.commands.shared.watch_screen import Screen
metrics = MetricsFile(Path(sys.argv[2]), print)
listeners = Listeners([metrics, Notifier([Channel("json://localhost", "a test")], print, remember=True)])
screen = Screen(live=False)
def look():
    statuses = [watcher.look()]
    listeners.look(statuses)
    screen.changed(statuses, "")
look()
begin = time.process_time()
for _ in range(200):
    look()
idle = (time.process_time() - begin) / 200
print(json.dumps({"program": status.log.program, "episodes": len(status.log.train),
                  "verdict": status.verdict.state.value, "wall s": round(wall, 2), "cpu s": round(cpu, 2),
                  "memory MB": round(memory), "idle look ms": round(1000 * idle, 3), "numpy": numpy}))
"""


def measure(case: str, count: int) -> dict[str, object]:
    """Writes the log of a case, and returns the figures of reading it."""
    form, _, program = case.rpartition("/")
    write, path, _ = _FORMATS[form]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "run"
        folder.mkdir()
        write(folder, program, count)
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
        words = [sys.executable, "-c", _MEASURE, str(folder / path), str(Path(name) / "state.prom")]
        env = os.environ | {"XDG_CACHE_HOME": name}
        tries = [subprocess.run(words, check=True, capture_output=True, text=True, env=env).stdout for _ in range(3)]
    return {"MB": round(size), **min(map(json.loads, tries), key=lambda found: float(found["cpu s"]))}


def main() -> None:
    """Measures the cases and writes the result file."""
    cases = [f"{form}/{program}" for form, (_, _, programs) in _FORMATS.items() for program in programs]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", choices=[*cases, []], metavar="CASE", help=", ".join(cases))
    parser.add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    result: dict[str, object] = {"rows": given.rows}
    print(f"{'case':28} {'MB':>5} {'episodes':>9} {'verdict':>9} {'cpu s':>6} {'memory MB':>9} {'idle look ms':>12}")
    for case in given.cases or cases:
        found = measure(case, given.rows)
        result[case] = found
        print(
            f"{case:28} {found['MB']:5} {found['episodes']:9} {found['verdict']:>9} {found['cpu s']:6}"
            f" {found['memory MB']:9} {found['idle look ms']:12}",
            flush=True,
        )
    stored = Path(__file__).with_name("results") / "log_reading.json"
    if given.cases and stored.exists():
        result = json.loads(stored.read_text()) | result
    write_result("log_reading", result)


if __name__ == "__main__":
    main()
