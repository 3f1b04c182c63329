"""Times updates on a GPU: this trainer, other programs, XLA settings and several seeds, all in turns in one run.

    python -m benchmarks.gpu --json FILE [--peer NAME=CHECKOUT=PYTHON ...] [--minutes 6]
    python -m benchmarks.gpu --small    # on a CPU: tiny shapes, few rows, to see that it runs

Peers are ``danijar`` and ``torchrl``; ``peer_*.py`` list the needs of their environments. All programs compile at the
same time. Those that are ready then do updates in turns, so that anything else on the machine slows all equally. One
that fails, or is not ready in time, is a row with its error. The file is written again after every round.

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
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.workers import ROOT, Worker, WorkerEnded, summary

#: Settings of XLA that may turn the loops of an update into one CUDA graph, by name.
LOOPS = "--xla_gpu_enable_command_buffer=+WHILE"
UNROLLED = f"{LOOPS} --xla_gpu_command_buffer_unroll_loops=true"
SETTINGS = {
    "loops in a graph": LOOPS,
    "loops unrolled in a graph": UNROLLED,
    "graphs of 1 kernel": "--xla_gpu_graph_min_graph_size=1",
    "unrolled, graphs of 1 kernel": f"{UNROLLED} --xla_gpu_graph_min_graph_size=1",
    "unrolled, independent kernels at once": f"{UNROLLED} --xla_gpu_command_buffer_scheduling_mode=CONCURRENT",
    "unrolled, no graph updates": f"{UNROLLED} --xla_gpu_command_buffer_update_mode=SKIP_TEMP",
    "no graphs": "--xla_gpu_enable_command_buffer=",
    "products by cuBLAS only": "--xla_gpu_enable_triton_gemm=false",
    "not deterministic": "--xla_gpu_deterministic_ops=false",
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
    yield own(f"{size}, update", "")
    yield from peers(options, f"{size}, update", size, shape)
    yield from (own(f"{size}, update", f", {name}", flags=flags) for name, flags in settings.items())
    yield own(f"{size}, update", ", scan unrolled by 8", "--unroll", "8")
    yield own(f"{size}, with replay", "", module="replay_worker")
    yield from peers(options, f"{size}, with replay", size, [*shape, "--replay"])
    if small:
        yield own(f"{size}, update", ", 2 seeds", "--seeds", "2")
        return
    yield own(f"{size}, with replay", ", unrolled", flags=UNROLLED, module="replay_worker")
    for seeds in (4, 16):
        yield own(f"{size}, update", f", {seeds} seeds", "--seeds", str(seeds))
    yield own(f"{size}, update", ", 16 seeds, unrolled", "--seeds", "16", flags=UNROLLED)
    yield own(f"{larger}, update", "", "--size", larger)
    yield from peers(options, f"{larger}, update", larger, shape)
    yield own(f"{larger}, update", ", unrolled", "--size", larger, flags=UNROLLED)
    yield own(f"{larger}, update", ", 5 seeds", "--size", larger, "--seeds", "5")


def peers(options: argparse.Namespace, group: str, size: str, arguments: list[str]) -> Iterator[Row]:
    """Yields a row for every peer."""
    for peer in options.peer:
        name, checkout, python = peer.split("=")
        script = str(ROOT / "benchmarks" / f"peer_{name}.py")
        command = [python, script, "--checkout", checkout, "--size", size, "--dtype", options.dtype, *arguments]
        yield Row(group, name, command + (["--cpu"] if options.small else []))


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


def main() -> None:
    """Measures, prints the table and writes JSON as it goes."""
    options = _options()
    end = time.monotonic() + 60 * options.minutes
    facts = about(options)
    with tempfile.TemporaryDirectory() as folder:
        table = Table(list(rows(options)), Path(folder), options)

        def write() -> list[dict[str, Any]]:
            found = table.result() if all_turned else []
            if options.json and found:
                options.json.write_text(json.dumps({"about": facts, "rows": found}, indent=1) + "\n")
            return found

        all_turned, rounds = False, 0
        try:
            table.wait(end - 60 * options.minutes * 0.35)
            table.warm_up(end)
            while rounds < options.rounds and time.monotonic() < end:
                table.turn(end + 30)
                all_turned, rounds = True, rounds + 1
                write()
        finally:
            table.stop()
        show(write())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", nargs="*", default=[], metavar="NAME=CHECKOUT=PYTHON")
    parser.add_argument("--minutes", type=float, default=6.0, help="ends after this time")
    parser.add_argument("--rounds", type=int, default=20, help="turns of every program at most")
    parser.add_argument("--turn", type=int, default=5, help="updates of one program per turn")
    parser.add_argument("--warmup", type=int, default=5)
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--small", action="store_true", help="tiny shapes on a CPU")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
