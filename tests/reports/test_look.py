"""Reports on a terminal: folded to its width, carets in view, and words in place of drawings for a screen reader."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from dreamerguard import lint_command
from dreamerguard.reports import ReportLook, look_of, render_full
from dreamerguard.reports.look import fold
from dreamerguard.util.terminal import PLAIN

COMMAND = (
    "python dreamerv3/main.py --configs dmc_proprio --task dmc_walker_walk --logdir logs/a_rather_long_name"
    " --run.train_ratio 32"
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns", [60, 80, 100, 200])
def test_sentences_fold_and_carets_stay_under_their_place(columns: int) -> None:
    report = render_full(lint_command(COMMAND), look=ReportLook(columns=columns))
    lines = report.split("\n")
    for line in lines:
        copied = line.startswith("      ") and ("http" in line or "python" in line)
        assert len(line) <= columns or copied or " " not in line.strip(), line
    row = next(i for i, line in enumerate(lines) if "^^" in line)
    start, end = lines[row].index("^"), lines[row].rindex("^") + 1
    assert lines[row - 1][start:end] == "--run.train_ratio 32"
    words = " ".join(report.replace("=", " ").split())
    assert " ".join(render_full(lint_command(COMMAND)).replace("=", " ").split()).split("cost")[1][:60] in words


def test_a_folded_line_keeps_its_indent_and_its_words() -> None:
    line = "  = help: one two three four five six seven eight nine ten eleven twelve"
    folded = fold(line, ReportLook(columns=44))
    assert folded.split("\n")[0].startswith("  = help:")
    assert all(part.startswith("      ") for part in folded.split("\n")[1:])
    assert " ".join(folded.split()) == " ".join(line.split())
    assert fold(line, ReportLook()) == line
    assert fold("  \x1b[1mhelp\x1b[0m short", ReportLook(columns=44)) == "  \x1b[1mhelp\x1b[0m short"


def test_plain_reports_tell_places_in_words() -> None:
    result = lint_command(COMMAND)
    report = render_full(result, look=ReportLook(drawn=False))
    assert not re.search(r"\^\^|-->|^ *\|", report, re.MULTILINE)
    assert "  at command line:1:" in report and ": --run.train_ratio 32: expected 1024" in report
    assert "  cost (severe): " in report and "  = " not in report


def test_the_look_follows_terminal_and_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    assert look_of(io.StringIO(), {}) == ReportLook()
    assert look_of(Terminal(), {}) == ReportLook(True, True, 70)
    assert look_of(Terminal(), {"NO_COLOR": "1"}) == ReportLook(False, True, 70)
    assert look_of(Terminal(), {PLAIN: "1"}) == look_of(Terminal(), {"TERM": "dumb"}) == ReportLook(False, False, None)


def test_earlier_values_are_told_in_order(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("task: dmc_walker_walk\nrun.train_ratio: 64\n")
    (tmp_path / "b.yaml").write_text("run.train_ratio: 128\n")
    report = render_full(lint_command("dreamerguard train a.yaml b.yaml run.train_ratio=32", folder=tmp_path))
    assert report.count("run.train_ratio was set here first") == 1
    assert report.count("run.train_ratio was set again here") == 1
