"""Rows 5, 42 and 43: interrupted runs against uninterrupted ones, and kills while checkpoints are saved."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
from collections import Counter

from . import inventory
from .bench import HANG, LONG, ROOT, Bench, line_with, patience
from .kills import interrupt
from .row import Finding, NotRun, row


@row(
    5,
    "an interrupted run against an uninterrupted one",
    "SIGTERM in training; scores, and what the agent then does",
    times=1,
    test="tests/agent/test_exact_resume.py",
)
def bit_equal(bench: Bench, times: int) -> Finding:
    """Compares the scores of both runs, and an evaluation of both agents."""
    finding, results = Finding(), []
    for name in ("whole", "interrupted"):
        folder = bench.new(name)
        bench.write_config(folder, **LONG)
        if name == "interrupted":
            for _ in range(times):
                finding.count(interrupt(bench, folder, "training", signal.SIGTERM, random.Random(0))["code"])
        code = bench.train(folder).end()
        finding.expect(code == 0, f"the {name} run ended with {code}")
        played = bench.start(folder, "eval", "run", "--episodes", "2", "--json")
        played.end()
        rows = inventory.without_time(inventory.take(folder / "run").rows["scores.jsonl"])
        results.append((rows, line_with(played.output, '"mean"')))
    (whole, agent), (parts, other) = results
    same = sum(row in parts for row in whole)
    finding.expect(whole == parts, f"{same} of {len(whole)} episodes are the same")
    finding.expect(agent == other, "the agents act differently at the end")
    return finding


@row(
    42,
    "SIGKILL while checkpoints are saved in a tight loop",
    "kill -9 at a random moment, then the newest checkpoint is read",
    times=25,
    quick=8,
    test="tests/agent/test_checkpoint_files.py",
)
def killed_saves(bench: Bench, times: int) -> Finding:
    """The newest sound checkpoint is at least the last one that was reported, with its own values."""
    finding = Finding(times)
    command = [sys.executable, "-m", "benchmarks.trust.killed_saves", "--kills", str(times)]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | bench.variables(), capture_output=True, text=True, timeout=HANG * patience()
    )
    counts = {name: int(count) for name, count in re.findall(r"^([a-z ]+): (\d+) of \d+$", done.stdout, re.MULTILINE)}
    if done.returncode or not counts:
        raise NotRun(f"the loop ended with {done.returncode}: {done.stderr[-200:]}")
    hit, right = counts.pop("rest of a save", 0), counts.pop("right", 0)
    finding.message = f"{right} right; {hit} kills hit a save"
    finding.expect(right == times, f"{times - right} of {times}: {', '.join(counts)}")
    finding.expect(hit > 0, "no kill hit a save")
    return finding


@row(
    43,
    "SIGKILL, SIGTERM and SIGINT in chains against an uninterrupted run",
    "in start, compilation, training and saving; parameters, replay, episodes and scores compared bit for bit",
    times=25,
    quick=5,
    test="tests/agent/test_exact_resume.py",
)
def interrupted_chains(bench: Bench, times: int) -> Finding:
    """Every chain of interruptions ends with the result of the uninterrupted run."""
    from .interruptions import KINDS, interrupt_often

    finding, result = Finding(), interrupt_often(bench.new("chains"), times, variables=bench.variables())
    for name, phase, code in result.done:
        finding.count("finished" if code is None else 128 - code if code < 0 else code)
        kind = next(kind for kind in KINDS if kind.name == name)
        right = code is None or code in (-kind, 128 + kind, 0)
        finding.expect(right, f"exit code {code} after {name} in phase {phase}")
    finding.wrong += [text.partition("\n")[0][:600] for text in result.different]
    phases = Counter(phase for _, phase, code in result.done if code is not None)
    finding.message = ", ".join(f"{count} in {phase}" for phase, count in phases.items())
    return finding
