"""Rows 19 to 22: numbers that are not finite, and workers that die or hang."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from . import inventory
from .bench import LONG, Bench, Process, designed, line_with, steps
from .row import Finding, row

_DIVERGES = ("loss.scales.rew=1e38", "optimizer.lr=1", "optimizer.agc=0")
_REASONS = ("non-finite", "not finite", "diverged", "nan", "NaN")
#: Codes that stand for typing mistakes, bugs and success.
_FALSE = ("0", "2", "70", "hang")


def _allow(*rules: str) -> list[str]:
    return [word for name in rules for word in ("--allow", f"{name}=trust")]


def _diverge(bench: Bench, name: str, scale: str) -> tuple[Finding, Process, Path]:
    finding, folder = Finding(), bench.new(name)
    bench.write_config(folder, **LONG | {"run": {"frames": 8000, "train_ratio": 8, "envs": 2}})
    words = [f"loss.scales.rew={scale}", *_DIVERGES[1:]]
    process = bench.train(folder, *words)
    code = process.end()
    if code == 78:  # lint refuses: accept whatever it names
        named = sorted({part.partition("=")[0] for part in process.output.split("--allow ")[1:]})
        process = bench.train(folder, *words, *_allow(*named))
        code = process.end()
    finding.count(code)
    designed(finding, process.output)
    finding.message = line_with(process.output, *_REASONS)
    finding.expect(str(code) not in _FALSE, f"exit code {code}")
    finding.expect(any(word in process.output for word in _REASONS), "nothing is said about the number")
    return finding, process, folder


@row(19, "the loss overflows", "loss.scales.rew=1e38, lr 1, agc 0", test="tests/agent/test_not_finite.py")
def overflow(bench: Bench, times: int) -> Finding:
    """The update is not applied, and the run stops with the reason and its own code."""
    finding, process, _ = _diverge(bench, "overflow", "1e38")
    finding.expect("finished" not in process.output, "ends as finished")
    return finding


@row(20, "a NaN in the update", "loss.scales.rew=1e39", test="tests/agent/test_not_finite.py")
def not_a_number(bench: Bench, times: int) -> Finding:
    """Batch, state and the first term are kept in the run directory."""
    finding, process, folder = _diverge(bench, "nan", "1e39")
    named = [line for line in process.output.splitlines() if "rew" in line and any(word in line for word in _REASONS)]
    finding.expect(bool(named), "the first term that went is not named")
    known = {
        "run.yaml",
        "lint.json",
        "manifest.json",
        "scores.jsonl",
        "metrics.jsonl",
        "eval.jsonl",
        "status.json",
        "curve.png",
    }
    kept = [path.name for path in (folder / "run").glob("*") if path.name not in known | {"checkpoints", "tensorboard"}]
    finding.expect(bool(kept), "neither batch nor state is kept")
    return finding


def _workers(process: Process) -> list[int]:
    """Returns the worker processes of a run."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        if parent == process.inner.pid and b"worker" in command:
            found.append(int(folder.name))
    return sorted(found)


def _with_workers(bench: Bench, name: str, timeout: float = 0) -> tuple[Path, Process]:
    folder = bench.new(name)
    env = {"action_repeat": 8, "backend": "process", "workers": 2, "timeout": timeout}
    bench.write_config(folder, **LONG | {"env": env})
    process = bench.train(folder)
    process.until(lambda: len(steps(folder / "run")) >= 1)
    return folder, process


@row(
    21,
    "an environment worker is killed",
    "kill -9 of one of 2 workers, env.backend=process",
    test="tests/agent/test_worker_faults.py",
)
def worker_killed(bench: Bench, times: int) -> Finding:
    """The worker is restarted, or the run saves and stops with its own code."""
    finding = Finding()
    folder, process = _with_workers(bench, "worker-killed")
    workers = _workers(process)
    finding.expect(bool(workers), "no worker process was found")
    before = inventory.take(folder / "run")
    if workers:
        os.kill(workers[0], signal.SIGKILL)
    code = process.end()
    finding.count(code)
    designed(finding, process.output)
    after = inventory.take(folder / "run")
    finding.lose(inventory.lost_rows(before, after))
    finding.message = line_with(process.output, "worker")
    finding.expect("worker" in process.output, "nothing is said about the worker")
    finding.expect(
        code == 0 or (str(code) not in _FALSE and after.saved > before.saved), f"exit code {code}, not saved"
    )
    return finding


@row(
    22,
    "an environment worker hangs",
    "kill -STOP of one of 2 workers: found with env.timeout=5; SIGTERM within the automatic limit of 60 s",
    test="tests/agent/test_worker_faults.py",
)
def worker_stopped(bench: Bench, times: int) -> Finding:
    """A time limit finds it and the run goes on; SIGTERM works meanwhile."""
    finding = Finding()
    _stop_worker(bench, finding, timeout=5)
    _stop_worker(bench, finding, timeout=0)
    return finding


def _stop_worker(bench: Bench, finding: Finding, timeout: int) -> None:
    """Stops a worker and waits until the run notices it, or with the automatic limit sends SIGTERM at once."""
    folder, process = _with_workers(bench, f"worker-stopped-{timeout}", timeout)
    workers, before = _workers(process), inventory.take(folder / "run")
    finding.expect(bool(workers), "no worker process was found")
    with _stopped(workers[:1]):
        if timeout:
            noticed = process.until(lambda: "worker" in process.output, 60)
            finding.message = line_with(process.output, "worker") if noticed else ""
            finding.expect(noticed, "nothing is said within 60 s")
        else:
            process.inner.send_signal(signal.SIGTERM)
        code, wanted = process.end(), 0 if timeout else 143
    finding.count(code)
    designed(finding, process.output)
    finding.expect(code == wanted, f"exit code {code} instead of {wanted}")
    finding.lose(inventory.lost_rows(before, inventory.take(folder / "run")))
    finding.expect(timeout > 0 or "and saved at" in process.output, "SIGTERM while a worker hangs: not saved")


@contextmanager
def _stopped(workers: Sequence[int]) -> Iterator[None]:
    for worker in workers:
        os.kill(worker, signal.SIGSTOP)
    try:
        yield
    finally:
        for worker in workers:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGCONT)
