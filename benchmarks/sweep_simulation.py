"""Sweeps of fake runs: memory and processor time of the controller, a look over all runs, and kills of the controller.

    python -m benchmarks.sweep_simulation [--runs 2000] [--engine embedded|ray] [--kills 20] [--json] [--part killed]

Two sweeps of `benchmarks.fake_trainer` run: one without and one with ``kill -9`` of the controller at random moments,
each time continued with ``sweep resume``. Then every run must have ended exactly once, and the looks are measured on
as many growing logs. Exit code 1: a run is lost, ended twice or failed, or a limit is not kept. ``--part`` measures one
part, and ``--json`` then keeps the other parts of the file: on two cores a sweep of 2,000 runs takes some ten minutes
with Ray, which starts again after every kill.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.fake_trainer import row
from benchmarks.published import result_path, write_result

ROOT = Path(__file__).parents[1]
TRAINER = Path(__file__).with_name("fake_trainer.py")
#: Limits: bytes of the controller, its share of a core, seconds of a look.
MEMORY, SHARE, LOOK = 300e6, 0.10, 2.0
TASKS, COMBINATIONS, FRAMES, ROWS = 2, 10, 500_000, 200
_TICKS = os.sysconf("SC_CLK_TCK")
_SAMPLE = 0.5


@dataclass
class Controllers:
    """What the controllers of one sweep took.

    Attributes:
      memory: largest resident memory in bytes.
      start: seconds of processor time until the first run was started, of the first controller.
      share: share of a core after the start.
      seconds: time on the clock.
      kills: number of controllers that were killed.
    """

    memory: float = 0.0
    start: float = 0.0
    share: float = 0.0
    seconds: float = 0.0
    kills: int = 0


def sweep_text(runs: int, engine: str, slots: int, seconds: float) -> str:
    """Returns a sweep file: 2 tasks, 10 final scores, and as many seeds as the number of runs needs."""
    finals = [400 + 60 * number for number in range(COMBINATIONS)]
    words = [sys.executable, "-S", str(TRAINER), "--logdir", "{logdir}", "--final", "{final}", "--seed", "{seed}"]
    words += ["--rows", str(ROWS), "--seconds", f"{seconds:g}", "--frames", str(FRAMES)]
    words += ["--task", "{task}"]
    return json.dumps(
        {
            "name": "simulation", "tasks": ["dmc_walker_walk", "dmc_cartpole_swingup"],
            "seeds": max(runs // (TASKS * COMBINATIONS), 1), "command": words,
            "vary": [{"grid": {"final": finals}}], "frames": FRAMES,
            "engine": {"kind": engine, "slots": slots, "cores_per_run": 0.01},
            "retries": {"backoff": 1}, "watch": {"interval": 5, "stop": False},
        }
    )  # fmt: skip


def main() -> int:
    """Runs the simulation. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--engine", choices=("embedded", "ray"), default="embedded")
    parser.add_argument("--slots", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=0.5, help="length of a fake run")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--part", choices=("plain", "killed", "looks"), help="measure only this")
    parser.add_argument("--folder", type=Path, help="keep the sweeps here")
    parser.add_argument("--json", action="store_true", help="write benchmarks/results/sweep_simulation_ENGINE.json")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        found = _parts(args, args.folder or Path(temporary))
    if args.json:
        name = f"sweep_simulation_{args.engine}"
        kept = json.loads(result_path(name).read_text()) if args.part and result_path(name).exists() else {}
        write_result(name, {**kept, **found})
    return _print(found, args.runs)


def _parts(args: argparse.Namespace, base: Path) -> dict[str, Any]:
    """Measures all parts, or the one that was asked for."""
    found: dict[str, Any] = {"engine": args.engine, "runs": args.runs}
    text = sweep_text(args.runs, args.engine, args.slots, args.seconds)
    for name, kills in (("plain", 0), ("killed", args.kills)):
        if args.part in (None, name):
            taken = _sweep(base / name, text, kills)
            found[name] = {**asdict(taken), "ends": _check(base / name / "sweep")}
    if args.part in (None, "looks"):
        found["looks"] = measure_looks(base / "looks", args.runs)
    return found


def _sweep(folder: Path, text: str, kills: int) -> Controllers:
    """Runs one sweep to its end; the controller is killed at random moments."""
    folder.mkdir(parents=True)
    (folder / "sweep.yaml").write_text(text)
    words = [sys.executable, "-m", "dreamerguard", "sweep"]
    target = folder / "sweep"
    found, source = Controllers(), random.Random(0)
    began, processor = time.monotonic(), 0.0
    command = [*words, str(folder / "sweep.yaml"), "--dir", str(target)]
    with (folder / "output.txt").open("ab") as output:
        while True:
            limit = source.uniform(0.5, 12.0) if found.kills < kills else None
            code, used = _controller(command, output, target, limit, found)
            processor += used
            if code != -signal.SIGKILL:
                break
            found.kills += 1
            command = [*words, "resume", str(target)] if (target / "sweep.sqlite").exists() else command
    if code:
        raise SystemExit(f"the controller ended with {code}; its output: {folder / 'output.txt'}")
    found.seconds = time.monotonic() - began
    found.share = processor / found.seconds
    return found


def _controller(
    command: Sequence[str], output: Any, target: Path, limit: float | None, found: Controllers
) -> tuple[int, float]:
    """Runs one controller. Returns its exit code, and its seconds of processor time after its start."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "agent")])
    environment = {**os.environ, "DREAMERGUARD_NO_CACHE": "1", "PYTHONPATH": path}
    process = subprocess.Popen(command, stdout=output, stderr=output, cwd=target.parent, env=environment)
    used, start, killing = 0.0, None, None
    while process.poll() is None:
        used, memory = _sample(process.pid, used)
        found.memory = max(found.memory, memory)
        if start is None and any((target / "jobs").glob("*/ended.json")):
            start = used
            found.start = found.start or used
            killing = None if limit is None else time.monotonic() + limit
        if killing is not None and time.monotonic() >= killing:
            process.kill()
            process.wait()
            break
        time.sleep(_SAMPLE if killing is None else min(_SAMPLE, 0.05))
    return process.returncode, used - (start or 0.0)


def _sample(pid: int, before: float) -> tuple[float, float]:
    """Returns processor seconds and largest memory of a process; the last ones if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        status = Path(f"/proc/{pid}/status").read_text()
        high = next((line for line in status.splitlines() if line.startswith("VmHWM")), "VmHWM: 0 kB")
        return (int(fields[11]) + int(fields[12])) / _TICKS, float(high.split()[1]) * 1024
    except (OSError, IndexError):
        return before, 0.0


def _check(folder: Path) -> dict[str, Any]:
    """Counts how often each run started and ended, and how the database says it ended."""
    from dreamerguard.sweep.store import SweepStore

    rows = SweepStore(folder).rows()
    ends = Counter(_lines(folder / "runs" / row.name / "ends") for row in rows)
    starts = sum(_lines(folder / "runs" / row.name / "starts") for row in rows)
    return {
        "runs": len(rows), "states": dict(Counter(row.state for row in rows)), "starts": starts,
        "ended_once": ends[1], "lost": ends[0], "ended_twice": sum(count for ended, count in ends.items() if ended > 1),
    }  # fmt: skip


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def measure_looks(folder: Path, runs: int) -> dict[str, float]:
    """Returns the processor seconds of a look over logs that all run: the first, one without and one with new rows."""
    from dreamerguard.sweep.early_stop import EarlyStop
    from dreamerguard.sweep.open_sweep import leading, make_folder, store_plan, stored_sweep
    from dreamerguard.sweep.plan.make_plan import LintChoices, make_plan
    from dreamerguard.sweep.plan.read_file import read_sweep_file
    from dreamerguard.sweep.run_logs import RunLogs

    make_folder(folder)
    file = folder / "given.yaml"
    file.write_text(sweep_text(runs, "embedded", 8, 1.0))
    sweep, text = read_sweep_file(file)
    plan = make_plan(sweep, folder, folder, LintChoices(no_config=True))
    with leading(folder, ["simulation"], print, create=True) as store:
        store_plan(store, plan, text, folder, [])
        rows = store.claim("embedded", len(plan.runs))
        stored, _ = stored_sweep(store)
        look = EarlyStop(store, stored, RunLogs(folder, store, stored.watch, print), print)
        times = {}
        for name, begin, end in (("first", 0, ROWS // 2), ("unchanged", 0, 0), ("grown", ROWS // 2, ROWS // 2 + 5)):
            for item in rows:
                logdir = folder / "runs" / item.name
                logdir.mkdir(exist_ok=True)
                with (logdir / "scores.jsonl").open("a") as log:
                    final = float(item.combination["final"])
                    log.writelines(row(number, ROWS, FRAMES, final, item.seed) for number in range(begin, end))
            began = time.process_time()  # the time on the clock depends on what else the machine does
            look()
            times[name] = time.process_time() - began
    return times


def _print(found: dict[str, Any], runs: int) -> int:
    """Prints the table. Returns 1 if something is lost, run twice, or above a limit."""
    good = True
    print(f"{runs} fake runs, engine {found['engine']}")
    for name in ("plain", "killed"):
        if (taken := found.get(name)) is None:
            continue
        ends = taken["ends"]
        right = ends["ended_once"] == ends["runs"] == ends["states"].get("finished", 0)
        good &= right and taken["memory"] <= MEMORY and taken["share"] <= SHARE
        print(
            f"  {name:<7} {taken['seconds']:6.0f} s; controller {taken['memory'] / 1e6:.0f} MB, {taken['share']:.1%} of"
            f" a core after its start ({taken['start']:.1f} s); {taken['kills']} kills; {ends['starts']} starts,"
            f" {ends['ended_once']} of {ends['runs']} runs ended once, {ends['lost']} lost, {ends['ended_twice']} twice"
        )
    if looks := found.get("looks"):
        good &= max(looks.values()) <= LOOK
        print("  a look, processor time: " + ", ".join(f"{name} {seconds:.2f} s" for name, seconds in looks.items()))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
