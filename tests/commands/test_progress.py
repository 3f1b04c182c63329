"""The progress line of `train`: bar, per cent and ETA at any width, and plain lines in a pipe."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from dreamerguard.commands.shared.progress import Progress, bar, describe, fitted
from dreamerguard.commands.shared.watch_screen import table
from dreamerguard.regression.watch.watcher import Watcher, look_at_all
from dreamerguard.util.terminal import PLAIN

from ..regression.run_logs import native_run

ROW = {"frames": 12345.0, "updates": 1234.0, "train_ratio/achieved": 191.9, "train_ratio/configured": 192.0}
ROW |= {"fps/frames": 812.0, "fps/updates": 3.0, "time/left": 4000.0, "loss/dyn": 1.25, "loss/rew": 0.5}


def screen(width: int, terminal: bool, **rows: float) -> str:
    """What the terminal or the pipe gets for one row."""
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=terminal, color_system="truecolor" if terminal else None)
    with Progress(54_000, console) as progress:
        progress.metrics(ROW | rows)
        if progress._live:
            progress._live.refresh()
    return file.getvalue()


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160, 200])
def test_the_line_fits_and_has_bar_share_score_and_eta(width: int) -> None:
    shown = screen(width, True)
    lines = [line for line in re.split(r"[\r\n]", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)) if line.strip()]
    assert lines
    for line in lines:
        assert len(line.rstrip()) < width
        assert re.search(r"^\[#+-+\]  .*22 %.*score -.*ETA 1h06", line), line
    assert ("dyn 1.25" in lines[-1]) == (width >= 200)


@pytest.mark.parametrize("width", [10, 20, 30, 40])
def test_a_narrow_screen_keeps_the_most_important_parts(width: int) -> None:
    line = fitted(describe(ROW, 54_000, [933.1]), width, 0.23)
    assert len(line) <= width
    assert line.lstrip().startswith("22 %")
    assert ("score 933.1" in line) == (width >= 20)


def test_the_cursor_stays_visible_for_a_shell_after_ctrl_z() -> None:
    shown = screen(80, True)
    assert shown.rindex("\x1b[?25h", 0, shown.index("22 %")) > shown.rfind("\x1b[?25l", 0, shown.index("22 %"))


def test_a_pipe_gets_whole_lines_without_a_bar() -> None:
    shown = screen(60, False)
    (line,) = shown.splitlines()
    assert "\x1b" not in shown and "[#" not in shown
    assert "22 %  12,345 / 54,000 frames" in line and "ETA 1h06" in line and "rew 0.5" in line


def test_plain_mode_prints_lines_on_a_terminal_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PLAIN, "1")
    shown = screen(60, True)
    assert "\r" not in shown and "\x1b[?25l" not in shown and "[#" not in shown
    assert "22 %" in shown


def test_the_share_is_complete_only_at_the_end() -> None:
    assert describe(ROW | {"frames": 53_999.0}, 54_000, [])[0].text.strip() == "99 %"
    assert describe(ROW | {"frames": 54_016.0}, 54_000, [])[0].text.strip() == "100 %"
    assert bar(0.999, 12) == "[#########-]" and bar(1.0, 12) == "[##########]"


def test_an_unknown_ratio_is_left_out() -> None:
    parts = [part.text for part in describe(ROW | {"train_ratio/achieved": float("nan")}, 54_000, [])]
    assert "ratio 192" in parts


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_the_table_of_watched_runs_cuts_no_cell(tmp_path: Path, width: int) -> None:
    statuses = look_at_all([Watcher(native_run(tmp_path / f"seed{seed}", seed)) for seed in range(2)])
    console = Console(file=io.StringIO(), width=width)
    with console.capture() as shown:
        console.print(table(statuses, width))
    text = shown.get()
    assert "…" not in text and text.count("OK") == 2 and "490,000" in text
    assert ("alarm below" in text) == (width >= 80) and ("dmc_walker_walk" in text) == (width >= 100)
