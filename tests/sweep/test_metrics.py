"""What ``sweep --metrics-file`` writes, read by a parser of Prometheus' text format."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from dreamerguard.sweep.accounts import account
from dreamerguard.sweep.metrics import SweepMetrics, render_sweep

from .sweeping import opened, sweep_text
from .test_accounts import HOUR, ROW, STARTED, STOPPED, WAITING

_LINE = re.compile(r'(\w+)\{((?:\w+="(?:[^"\\]|\\.)*",?)*)\} (\S+)')


def parsed(text: str) -> dict[tuple[str, str], float]:
    """Reads all values by name and labels. Every name must have a help and a type in front of its values."""
    found, described = {}, set()
    for line in text.splitlines():
        if line.startswith("# TYPE"):
            described.add(line.split()[2])
            continue
        if line.startswith("# HELP"):
            continue
        match = _LINE.fullmatch(line)
        assert match is not None and match[1] in described, line
        found[match[1], match[2]] = float(match[3])
    return found


def test_a_sweep_is_counted_and_its_started_runs_are_shown() -> None:
    rows = [ROW, STOPPED, WAITING, STARTED, replace(STARTED, name="h", score=None, combination={"a": 'x"y\\n'})]
    found = account(rows, HOUR / 2, 2.0, {"g": 0.0, "h": 0.0})
    values = parsed(render_sweep("lr", Path("/s"), rows, found, 7.0, ended=False))
    own = 'sweep="lr",folder="/s"'
    assert values["dreamerguard_sweep_runs", f'{own},state="started"'] == 2
    assert values["dreamerguard_sweep_runs", f'{own},state="failed"'] == 0
    assert values["dreamerguard_sweep_hours", own] == found.hours
    assert values["dreamerguard_sweep_gpu_hours", own] == 2 * found.hours
    assert values["dreamerguard_sweep_saved_hours", own] == 0.75
    assert values["dreamerguard_sweep_ended", own] == 0
    shown = {name: value for (name, labels), value in values.items() if 'run="/s/runs/g"' in labels}
    assert shown == {"dreamerguard_score": 5.0, "dreamerguard_frames": 500.0, "dreamerguard_planned_frames": 1000.0}
    names = {name for name, labels in values if 'run="/s/runs/h"' in labels}
    assert "dreamerguard_score" not in names and "dreamerguard_frames" in names
    assert not any('run="/s/runs/r"' in labels for _, labels in values), "a run that has ended"


def test_the_file_is_written_every_few_seconds_and_a_failure_is_told_once(tmp_path: Path) -> None:
    now, said = [100.0], list[str]()
    with opened(tmp_path / "s", sweep_text("pass")) as store:
        more: dict[str, Any] = {"clock": lambda: now[0]}
        metrics = SweepMetrics(tmp_path / "a.prom", store, "s", 0.0, said.append, **more)
        metrics.round()
        first = (tmp_path / "a.prom").read_text()
        assert parsed(first)["dreamerguard_sweep_runs", f'sweep="s",folder="{tmp_path / "s"}",state="waiting"'] == 4
        now[0] += 1
        metrics.round()
        assert (tmp_path / "a.prom").read_text() == first
        now[0] += 10
        metrics.round()
        assert (tmp_path / "a.prom").read_text() != first
        metrics.write(ended=True)
        assert "dreamerguard_sweep_ended" in (tmp_path / "a.prom").read_text()
        lost = SweepMetrics(tmp_path / "none" / "a.prom", store, "s", 0.0, said.append)
        lost.write(ended=False)
        lost.write(ended=False)
    assert len(said) == 1 and "is not written" in said[0]
