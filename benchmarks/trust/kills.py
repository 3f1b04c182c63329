"""Rows 1 to 4, 6 and 23: a run is ended at any moment and started again."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path
from typing import Any

from . import inventory
from .bench import LONG, Bench, Process, designed, last_line, line_with, patience, steps
from .inventory import Inventory
from .row import Finding, row

#: Seconds that a run may take to end before its first step, on an idle machine.
_EARLY = 5.0
#: Phase -> whether it has begun, from what the run printed and wrote.
PHASES = ("start", "environments", "agent", "compile", "training", "saving")
#: The phases in the order in which a chain is interrupted, so that a short one has the most different ones.
_TURNS = ("saving", "compile", "training", "start", "environments", "agent")


def in_phase(process: Process, run: Path, phase: str, base: int) -> bool:
    """Returns whether a run has reached a phase.

    Args:
      process: the run.
      run: its run directory.
      phase: one of `PHASES`.
      base: rows of metrics at its start.
    """
    words = {
        "start": "run directory",
        "environments": "starting the env",
        "agent": "making the agent",
        "compile": "compiling",
    }
    if phase in words:
        return words[phase] in process.output
    if phase == "training":
        return _rows(run) > base
    folders = [path.name for path in run.glob("checkpoints/*")] + [path.name for path in run.glob("checkpoints/.*")]
    return any(not name.isdigit() for name in folders) or (_rows(run) > base + 1 and bool(steps(run)))


def _rows(run: Path) -> int:
    try:
        return (run / "metrics.jsonl").read_bytes().count(b"\n")
    except OSError:
        return 0


def interrupt(bench: Bench, folder: Path, phase: str, number: signal.Signals, draw: random.Random) -> dict[str, Any]:
    """Starts a run, sends a signal in a phase, and returns code, seconds to the end, output and both inventories."""
    run = folder / "run"
    before, base = inventory.take(run), _rows(run)
    process = bench.train(folder)
    reached = process.until(lambda: in_phase(process, run, phase, base))
    time.sleep(draw.uniform(0, 0.3))
    process.inner.send_signal(number)
    sent = time.monotonic()
    code = process.end()
    return {
        "code": code, "seconds": time.monotonic() - sent, "output": process.output, "reached": reached,
        "before": before, "after": inventory.take(run),
    }  # fmt: skip


def chain(bench: Bench, folder: Path, number: signal.Signals, times: int, finding: Finding, code: int) -> Inventory:
    """Interrupts one run many times, in turn in each phase, lets it end, and notes what was lost and what is wrong."""
    bench.write_config(folder, **LONG)
    draw, latest, late = random.Random(number), 0.0, 0
    for turn in range(times):
        phase = _TURNS[turn % len(_TURNS)]
        seen = interrupt(bench, folder, phase, number, draw)
        if seen["code"] == 0:
            break  # the run was over
        finding.count(seen["code"])
        designed(finding, seen["output"])
        finding.expect(seen["code"] == code, f"exit code {seen['code']} in phase {phase}")
        kept = seen["before"].saved if number == signal.SIGKILL else None
        finding.lose(inventory.lost_rows(seen["before"], seen["after"], kept))
        early = phase in PHASES[:4]
        if number != signal.SIGKILL and early:
            latest = max(latest, seen["seconds"])
            late += seen["seconds"] > _EARLY * patience()
        said = line_with(seen["output"], "stopped", "SIGTERM", "SIGINT", "Ctrl-C", "signal")
        if number != signal.SIGKILL and phase != "start":
            acknowledged = any(word in said for word in ("stopped", "SIG", "Ctrl-C", "signal"))
            finding.expect(acknowledged, f"no line says that the signal came, in phase {phase}")
            finding.message = said
        if number == signal.SIGKILL:
            unsaved = [
                line for line in seen["after"].rows["scores.jsonl"] if inventory.frames(line) > seen["after"].saved
            ]
            finding.after_save = f"{len(unsaved)} episodes"
    if number != signal.SIGKILL:
        finding.message += f" (before the first step: at most {latest:.1f} s)"
        finding.expect(not late, f"{late} times more than {_EARLY:g} s to end before the first step")
    before = inventory.take(folder / "run")
    process = bench.train(folder)
    end = process.end()
    finding.expect(end == 0, f"the run cannot be continued: {end}, {last_line(process.output)[:100]}")
    after = inventory.take(folder / "run")
    finding.lose(inventory.lost_rows(before, after, before.saved))
    finding.wrong += inventory.faults(after)
    left = [
        path.name for path in (folder / "run/checkpoints").glob("*") if not path.name.isdigit() and "tmp" in path.name
    ]
    finding.expect(not left, f"half-written checkpoints stay: {', '.join(left[:3])}")
    return after


@row(
    1,
    "SIGKILL in start, compilation, training and saving",
    "kill -9 in turn in each phase, one run",
    times=6,
    quick=3,
    test="tests/commands/test_train_resume.py",
)
def killed(bench: Bench, times: int) -> Finding:
    """Kills a run again and again."""
    finding = Finding()
    folder = bench.new("killed")
    chain(bench, folder, signal.SIGKILL, times, finding, 128 + signal.SIGKILL)
    finding.message = ""
    return finding


@row(
    2,
    "SIGKILL while logs and checkpoints are written in a tight loop",
    "kill -9 at a random moment",
    times=25,
    quick=5,
    test="tests/agent/test_records_faults.py",
)
def killed_in_saving(bench: Bench, times: int) -> Finding:
    """Kills a process that does nothing but log and save."""
    from .log_kills import kill_loop

    seen, finding = kill_loop(bench.new("log-kills"), times), Finding(times)
    finding.expect(not seen.faults, f"{seen.faults} logs with missing or doubled rows")
    finding.after_save = f"rows after the last save, {seen.unsaved} times; {seen.torn} torn rows repaired"
    return finding


@row(
    3,
    "SIGTERM in start, compilation, training and saving",
    "kill -TERM in turn in each phase, one run",
    times=6,
    quick=2,
    test="tests/commands/test_train_resume.py",
)
def terminated(bench: Bench, times: int) -> Finding:
    """Stops a run again and again."""
    finding = Finding()
    chain(bench, bench.new("terminated"), signal.SIGTERM, times, finding, 143)
    return finding


@row(
    4,
    "SIGINT in compilation, training and saving",
    "kill -INT in turn in each phase, one run",
    times=3,
    quick=2,
    test="tests/commands/test_train_resume.py",
)
def ctrl_c(bench: Bench, times: int) -> Finding:
    """Presses Ctrl-C again and again."""
    finding = Finding()
    chain(bench, bench.new("ctrl-c"), signal.SIGINT, times, finding, 130)
    return finding


@row(
    6,
    "TensorBoard after kills and resumes",
    "kill -9 twice, then compare events with the JSON lines",
    times=2,
    quick=1,
    test="tests/agent/test_records.py",
)
def tensorboard(bench: Bench, times: int) -> Finding:
    """Compares the steps of TensorBoard's own reader with those of the JSON lines."""
    from tensorboard.backend.event_processing.event_accumulator import SCALARS, EventAccumulator

    finding, folder = Finding(), bench.new("tensorboard")
    bench.write_config(folder, **LONG)
    for _ in range(times):
        finding.count(interrupt(bench, folder, "saving", signal.SIGKILL, random.Random(1))["code"])
    bench.train(folder).end()
    now = inventory.take(folder / "run")
    events = EventAccumulator(str(folder / "run/tensorboard"), size_guidance={SCALARS: 0})
    events.Reload()
    for name, tag, key in (("scores.jsonl", "episode/score", "score"), ("metrics.jsonl", "updates", "updates")):
        tags = events.Tags()["scalars"]
        tag = tag if tag in tags else next((item for item in tags if item.endswith(key)), tag)
        shown = [event.step for event in events.Scalars(tag)] if tag in tags else []
        wanted = [int(inventory.frames(line)) for line in now.rows[name]]
        finding.expect(sorted(shown) == sorted(wanted), f"{tag}: {len(shown)} events for {len(wanted)} rows of {name}")
    return finding


@row(
    23,
    "SIGKILL before the first checkpoint",
    "kill -9 in training, checkpoint.every=300; same command",
    times=1,
    test="tests/commands/test_train_resume.py",
)
def killed_before_saving(bench: Bench, times: int) -> Finding:
    """The next start must say what it does with the rows that no checkpoint covers."""
    finding = Finding()
    for _ in range(times):
        folder = bench.new("unsaved")
        bench.write_config(folder, **LONG | {"checkpoint": {"every": 300}})
        seen = interrupt(bench, folder, "training", signal.SIGKILL, random.Random(0))
        finding.count(seen["code"])
        process = bench.train(folder, "run.frames=16000")
        process.until(
            lambda process=process, folder=folder: _rows(folder / "run") > 0 and "compiling" in process.output
        )
        process.inner.send_signal(signal.SIGTERM)
        process.end()
        rows = len(seen["after"].rows["metrics.jsonl"])
        finding.after_save = f"{rows} rows of metrics.jsonl; no checkpoint was due"
        words = ("no checkpoint", "first checkpoint", "set aside", "moved", "beginning", "before-")
        said = [line for line in process.output.splitlines() if any(word in line for word in words)]
        finding.message = said[0].strip() if said else ""
        finding.expect(bool(said), "the next start does not say that it begins again")
        designed(finding, process.output)
    return finding
