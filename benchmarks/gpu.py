"""Times updates on a GPU: this trainer, other programs, XLA settings and several seeds, all in turns in one run.

    python -m benchmarks.gpu --json FILE [--peer NAME=CHECKOUT=PYTHON ...] [--minutes 6] [--compile-minutes 4]
    python -m benchmarks.gpu --small    # on a CPU: tiny shapes, few rows, to see that it runs
    python -m benchmarks.gpu --show benchmarks/results/gpu.json

Peers are ``danijar`` and ``torchrl``; ``peer_*.py`` list the needs of their environments. All programs compile at the
same time. Those that are ready then do updates in turns, so that anything else on the machine slows all equally. One
that fails, or is not ready in time, is a row with its error. The file is written again after every round; a run is
added to those that it holds.

Rows of a group are compared with its first row. ``digest`` is a hash of all parameters after the first updates: rows
of this trainer with the same digest computed the same bits.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.workers import ROOT, Worker, WorkerEnded, summary

#: Group of the first rows.
FIRST = "size1m, update"
#: Settings of XLA that may turn the loops of an update into one CUDA graph, by name.
LOOPS = "--xla_gpu_enable_command_buffer=+WHILE"
UNROLLED = f"{LOOPS} --xla_gpu_command_buffer_unroll_loops=true"
AT_ONCE = "--xla_gpu_command_buffer_scheduling_mode=CONCURRENT"
FREE = "--xla_gpu_deterministic_ops=false"
SETTINGS = {
    "loops in a graph": LOOPS,
    "loops unrolled in a graph": UNROLLED,
    "unrolled, graphs of 1 kernel": f"{UNROLLED} --xla_gpu_graph_min_graph_size=1",
    "independent kernels at once": AT_ONCE,
    "unrolled, independent kernels at once": f"{UNROLLED} {AT_ONCE}",
    "unrolled, no graph updates": f"{UNROLLED} --xla_gpu_command_buffer_update_mode=SKIP_TEMP",
    "not deterministic": FREE,
    "not deterministic, unrolled, independent kernels at once": f"{FREE} {UNROLLED} {AT_ONCE}",
}
#: Ways in which a peer can run, by its name: what to add to the name and to the command.
VARIANTS = {
    "torchrl": {
        ", scan compiled and captured": ["--compile", "graph", "--limit", "1000"],
        "": ["--limit", "1000"],
        ", only captured": ["--compile", "capture", "--limit", "1000"],
    }
}


@dataclass(frozen=True, eq=False)
class Row:
    """One program to time: its group, name and command, and variables of its environment."""

    group: str
    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)


def rows(options: argparse.Namespace) -> Iterator[Row]:
    """Yields the rows, those that matter most first within their group."""
    small, (size, larger) = options.small, ("size1m", "size12m")
    shape = ["--batch", "2", "--length", "8"] if small else []

    def own(group: str, name: str, *arguments: str, flags: str = "", module: str = "update_worker") -> Row:
        command = [sys.executable, "-m", f"benchmarks.{module}", "--dtype", options.dtype, *shape, *arguments]
        return Row(group, f"dreamerguard{name}", command, {"XLA_FLAGS": flags} if flags else {})

    settings = dict(list(SETTINGS.items())[1:2]) if small else SETTINGS
    yield own(FIRST, "")
    yield from peers(options, FIRST, size, shape)
    yield from (own(FIRST, f", {name}", flags=flags) for name, flags in settings.items())
    yield own(f"{size}, with replay", "", module="replay_worker")
    yield from peers(options, f"{size}, with replay", size, [*shape, "--replay"])
    if small:
        yield own(FIRST, ", 2 seeds", "--seeds", "2")
        return
    for name, flags in ((", independent kernels at once", AT_ONCE), (", unrolled", UNROLLED)):
        yield own(f"{size}, with replay", name, flags=flags, module="replay_worker")
    for seeds in (4, 16):
        yield own(FIRST, f", {seeds} seeds", "--seeds", str(seeds))
    for name, flags in ((", independent kernels at once", AT_ONCE), (", unrolled", UNROLLED)):
        yield own(FIRST, f", 16 seeds{name}", "--seeds", "16", flags=flags)
    yield own(f"{larger}, update", "", "--size", larger)
    yield from peers(options, f"{larger}, update", larger, shape)
    for name, flags in ((", independent kernels at once", AT_ONCE), (", unrolled", UNROLLED)):
        yield own(f"{larger}, update", name, "--size", larger, flags=flags)
    yield own(f"{larger}, update", ", 5 seeds", "--size", larger, "--seeds", "5")


def peers(options: argparse.Namespace, group: str, size: str, arguments: list[str]) -> Iterator[Row]:
    """Yields a row for every peer and way to run it; of replay and large sizes only the first way."""
    for peer in options.peer:
        name, checkout, python = peer.split("=")
        script = str(ROOT / "benchmarks" / f"peer_{name}.py")
        command = [python, script, "--checkout", checkout, "--size", size, "--dtype", options.dtype, *arguments]
        ways = {"": ["--cpu"]} if options.small else VARIANTS.get(name, {"": []})
        for way, more in ways.items() if group == FIRST else list(ways.items())[:1]:
            yield Row(group, name + way, [*command, *more])


class Table:
    """All rows and what was measured of them so far."""

    def __init__(self, wanted: list[Row], folder: Path, options: argparse.Namespace) -> None:
        self._options, self._wanted = options, wanted
        # Many processes share the device: none may take most of its memory at the start.
        environment = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
        self._workers = {
            row: Worker.launch(row.name, row.command, environment | row.environment, folder / f"{number}.txt")
            for number, row in enumerate(wanted)
        }
        self._errors: dict[Row, str] = {}

    def wait(self, until: float) -> None:
        """Waits until every program is compiled, or failed, or the time is over."""
        for row in self._wanted:
            self._try(row, lambda worker: worker.wait(until))
            self._say(row, "is ready")

    def warm_up(self, until: float) -> None:
        """Does the first updates of every program, which are not counted."""
        for row in self._wanted:
            self._try(row, lambda worker: worker.run(self._options.warmup, until))

    def turn(self, until: float) -> None:
        """Does one turn of every program."""
        for row in self._wanted:
            self._try(row, lambda worker: worker.turns.append(worker.run(self._options.turn, until)))

    def stop(self) -> None:
        """Ends all programs."""
        for worker in self._workers.values():
            worker.stop()

    def result(self) -> list[dict[str, Any]]:
        """Returns a row of figures or an error for every program."""
        return [{"group": row.group, **self._figures(row), "environment": row.environment} for row in self._wanted]

    def _figures(self, row: Row) -> dict[str, Any]:
        if row in self._errors:
            return {"name": row.name, "error": self._errors[row]}
        worker = self._workers[row]
        first = next(other for other in self._wanted if other.group == row.group and other not in self._errors)
        if not worker.turns:
            return {"name": row.name, "error": "not timed"}
        return {**summary(worker, self._workers[first]), "updates": sum(map(len, worker.turns))}

    def _try(self, row: Row, action: Any) -> None:
        if row in self._errors:
            return
        try:
            action(self._workers[row])
        except WorkerEnded as ended:
            self._errors[row] = str(ended)
            self._workers[row].stop()

    def _say(self, row: Row, text: str) -> None:
        failed = self._errors.get(row)
        print(f"{row.group}: {row.name} {'FAILED ' + failed[-300:] if failed else text}", file=sys.stderr, flush=True)


def about(options: argparse.Namespace) -> dict[str, Any]:
    """Describes the machine and the measurement."""
    card = ""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        query = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
        card = subprocess.run(query, capture_output=True, text=True, check=True, timeout=20).stdout.strip()
    return {
        "card": card, "cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version(),
        "dtype": options.dtype, "turn": options.turn, "batch": 2 if options.small else 16,
        "length": 8 if options.small else 64, "load": os.getloadavg(),
    }  # fmt: skip


def show(found: list[dict[str, Any]]) -> None:
    """Prints the table."""
    group = None
    for row in found:
        if row["group"] != group:
            group = row["group"]
            print(f"{group:58}{'ms':>9}{'least':>9}{'ratio':>8}{'updates':>9}{'compile s':>11}")
        if "error" in row:
            print(f"  {row['name'][:54]:56}  failed: {row['error'].splitlines()[-1][:90]}")
        else:
            figures = f"{row['wall_ms']:9.2f}{row['wall_ms_min']:9.2f}{row['wall_ratio']:8.3f}{row['updates']:9}"
            print(f"  {row['name'][:54]:56}{figures}{row['compile_s']:11.1f}  {row.get('digest', '')}")


def measure(options: argparse.Namespace, write: Callable[[list[dict[str, Any]]], None]) -> list[dict[str, Any]]:
    """Measures all rows; calls ``write`` with what is known after every round."""
    started = time.monotonic()
    end = started + 60 * options.minutes
    wanted = [row for row in rows(options) if not options.only or f"{row.group}: {row.name}" in options.only]
    with tempfile.TemporaryDirectory() as folder:
        table = Table(wanted, Path(folder), options)
        try:
            table.wait(started + 60 * options.compile_minutes)
            table.warm_up(end)
            for _ in range(options.rounds):
                table.turn(end + 30)
                write(table.result())
                if time.monotonic() >= end:
                    break
        finally:
            table.stop()
        return table.result()


def main() -> None:
    """Measures, prints the table and writes JSON as it goes; or prints what was measured."""
    options = _options()
    if options.show:
        for run in json.loads(options.show.read_text())["runs"]:
            print(f"\n{run['about']['card']}, {run['about']['cores']} cores, {run['about']['dtype']}")
            show(run["rows"])
        return
    facts = about(options)
    stored = options.json and options.json.exists()
    earlier = json.loads(options.json.read_text())["runs"] if stored else []

    def write(found: list[dict[str, Any]]) -> None:
        if options.json:
            runs = [*earlier, {"about": facts, "rows": found}]
            options.json.write_text(json.dumps({"runs": runs}, indent=1) + "\n")

    show(measure(options, write))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", nargs="*", default=[], metavar="NAME=CHECKOUT=PYTHON")
    parser.add_argument("--minutes", type=float, default=6.0, help="ends after this time")
    parser.add_argument("--compile-minutes", type=float, default=4.0, help="time for all to compile")
    parser.add_argument("--rounds", type=int, default=20, help="turns of every program at most")
    parser.add_argument("--turn", type=int, default=5, help="updates of one program per turn")
    parser.add_argument("--warmup", type=int, default=5)
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--small", action="store_true", help="tiny shapes on a CPU")
    parser.add_argument("--show", type=Path, help="only print the runs in this file")
    parser.add_argument("--only", nargs="+", default=[], metavar="GROUP: NAME", help="rows to time; by default all")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
