"""Row 38 and those that are no fault of a run: memory and handles, code that runs data, the machine, the parsers."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from benchmarks import soak
from benchmarks.unsafe_calls import ALLOWED, scan

from .bench import ROOT, Bench, designed, line_with
from .row import Finding, NotRun, row


@row(
    38,
    "memory and handles over time",
    "seconds of `python -m benchmarks.soak`; two hours on demand",
    times=240,
    quick=90,
    test="benchmarks/soak.py",
)
def memory(bench: Bench, times: int) -> Finding:
    """Handles and threads stay; the slope of memory needs an hour and is judged by the soak itself."""
    finding, folder = Finding(), bench.new("soak")
    samples, wrong = soak.soak(folder, times, 2.0, quiet=True)
    finding.wrong += wrong
    late = [item for item in samples if item["minutes"] * 60 >= times / 2]
    for key in ("handles", "watch_handles"):
        if growth := soak.grows(late, key):
            finding.wrong.append(f"{key} grew from {growth[0]} to {growth[1]}")
    last = samples[-1]
    finding.times = times
    finding.message = f"{last.get('rss', 0):.0f} MB, {last.get('handles')} handles, {last.get('threads')} threads"
    return finding


@row(
    39,
    "code that runs what it reads",
    "syntax trees of the whole product",
    test="tests/architecture/test_unsafe_calls.py",
)
def unsafe(bench: Bench, times: int) -> Finding:
    """Only the listed places."""
    finding = Finding(1)
    for item in scan():
        finding.expect((item.file, item.what) in ALLOWED, f"{item.file}:{item.line}: {item.what}")
    finding.message = f"{len(ALLOWED)} allowed places, each with a reason"
    return finding


@row(
    40,
    "a machine that cannot train",
    "doctor with a broken jax, few handles, no room",
    times=3,
    quick=3,
    test="tests/doctor/test_doctor_command.py",
)
def doctor(bench: Bench, times: int) -> Finding:
    """Each is an error (69), and the sound machine has none."""
    finding, folder = Finding(), bench.new("doctor")
    bench.write_config(folder)
    (folder / "broken").mkdir()
    (folder / "broken/jax.py").write_text("raise ImportError('jaxlib is too old')\n")
    path = bench.variables()["PYTHONPATH"]
    process = bench.start(folder, "doctor", "t.yaml", "--json")
    code = process.end()
    finding.count(code)
    report = json.loads(process.output[process.output.index("{") :])
    finding.expect(
        code in (0, 1), f"errors on a sound machine: {[c['name'] for c in report['checks'] if c['grade'] == 'error']}"
    )
    broken = {"PYTHONPATH": f"{folder / 'broken'}:{path}"}
    for variables, limit in ((broken, ""), ({}, "ulimit -n 60; "), ({}, "ulimit -f 1; ")):
        script = f'{limit}exec "{sys.executable}" -m dreamerguard doctor t.yaml'
        environment = bench.variables() | variables
        done = subprocess.run(
            ["sh", "-c", script], cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True
        )
        finding.count(done.returncode)
        designed(finding, done.stderr)
        finding.expect(done.returncode == 69, f"{limit or 'broken jax'}: exit code {done.returncode}")
        finding.message = line_with(done.stdout, "error")
    return finding


@row(
    41,
    "changed inputs of every parser",
    "seconds of `python -m benchmarks.fuzz all`; ten minutes each on demand",
    times=4,
    quick=2,
    test="tests/surfaces/test_fuzz.py",
)
def fuzz(bench: Bench, times: int) -> Finding:
    """No crash, no slow input."""
    if not (ROOT / "benchmarks/fuzz").is_dir():
        raise NotRun("the fuzzer is not there")
    words = [sys.executable, "-m", "benchmarks.fuzz", "all", "--minutes", str(times / 60)]
    done = subprocess.run(words, cwd=ROOT, env={**os.environ, **bench.variables()}, capture_output=True, text=True)
    finding = Finding(times)
    finding.codes = {str(done.returncode): 1}
    finding.message = line_with(done.stdout, "failed", "inputs")
    finding.expect(
        done.returncode == 0, f"exit code {done.returncode}: {line_with(done.stdout + done.stderr, 'fail')[:120]}"
    )
    return finding
