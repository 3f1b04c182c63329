"""Runs for reports: low and fine runs, and a run with markup in every text."""

from __future__ import annotations

import json
from pathlib import Path

from dreamerguard import lint_run
from dreamerguard.reports import render_json

from .run_logs import append, native_run

HOSTILE = "</script><script>window.hacked=1</script><img src=x onerror=hack()>\"'&\x1b[31m\u202e"


def report_runs(folder: Path) -> list[Path]:
    """Three runs of one task: too low because of its train ratio, fine, and just begun."""
    low = native_run(folder / "low-ratio", 1, gain=0.3, ratio=32, noise=25)
    result = lint_run(
        "dmc_walker_walk", overrides=["run.train_ratio=32", "edition=paper-2023"], allow={"low-train-ratio": "a test"}
    )
    (low / "lint.json").write_text(render_json(result))
    rows = [{"frames": 2000 * i, "updates": 31 * i, "fps/updates": 3 + i % 5} for i in range(245)]
    append(low / "metrics.jsonl", [*rows])
    return [low, native_run(folder / "fine", 2, noise=30), native_run(folder / "begun", 3, cells=12, noise=30)]


def hostile_run(folder: Path) -> Path:
    """A run whose lint report, settings and logs hold markup wherever text can stand."""
    run = native_run(folder / "run<i>&amp;", 1, gain=0.3)
    finding = {
        "code": HOSTILE,
        "name": HOSTILE,
        "severity": HOSTILE,
        "message": HOSTILE,
        "help": HOSTILE,
        "allowed": HOSTILE,
        "harm": {"level": HOSTILE, "text": HOSTILE},
        "evidence": [{"text": HOSTILE, "url": "javascript:hack()"}, {"text": "x", "url": f"https://e.org/{HOSTILE}"}],
    }
    (run / "lint.json").write_text(json.dumps({"findings": [finding, 7, {"name": None}]}))
    settings = json.loads((run / "run.yaml").read_text())
    settings["env"]["observation"] = HOSTILE
    settings["size"] = f"<b>{HOSTILE}"
    (run / "run.yaml").write_text(json.dumps(settings))
    append(run / "metrics.jsonl", ['{"frames": 1, broken' + HOSTILE + "\n"])
    return run


def two_sides(folder: Path, seeds: int = 5) -> list[Path]:
    """Two folders with the seeds of a release: a worse one, and the one before it."""
    for seed in range(seeds):
        native_run(folder / "new" / f"s{seed}", seed, gain=0.85)
        native_run(folder / "old" / f"s{seed}", seed)
    return [folder / "new", folder / "old"]
