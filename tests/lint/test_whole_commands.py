"""The fixed command of a finding holds the fixes of all findings, because a half-fixed command fails again."""

import pytest

from dreamerguard import lint_command
from dreamerguard.core.finding import Finding
from dreamerguard.reports import render_full

COMMAND = ["dreamerguard", "train", "dmc_walker_walk", "--sed", "3", "run.train_ration=32", "run.train_ratio=16"]
FIXED = "dreamerguard train dmc_walker_walk --seed 3 run.train_ratio=32 run.train_ratio=512"


def test_every_fixed_command_holds_all_fixes() -> None:
    result = lint_command(COMMAND)
    assert [item.fix.command for item in result.findings if item.fix is not None] == [FIXED] * 3


def test_the_report_shows_the_command_once() -> None:
    report = render_full(lint_command(COMMAND))
    assert report.count(FIXED) == 1
    assert "= fixed command: with all 3 fixes\n" in report


def test_accepted_findings_are_not_fixed() -> None:
    result = lint_command(COMMAND, allow={"low-train-ratio": "smoke test"})
    commands = [item.fix.command for item in result.active if item.fix is not None]
    assert commands == [FIXED.replace("512", "16")] * 2


def test_a_single_fix_stays_as_it_is() -> None:
    result = lint_command(COMMAND[:5])
    assert [item.fix.command for item in result.findings if item.fix] == ["dreamerguard train dmc_walker_walk --seed 3"]


def test_findings_are_not_compared_with_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0
    equal = Finding.__eq__

    def counted(one: Finding, other: object) -> bool:
        nonlocal compared
        compared += 1
        return equal(one, other)

    monkeypatch.setattr(Finding, "__eq__", counted)
    result = lint_command(["python", "dreamer.py", "--configs", "dmc_vision", *["--actio"] * 60])
    assert sum(item.fix is not None for item in result.findings) > 50
    assert compared == 0
