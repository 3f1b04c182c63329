"""Linting before a start: the project's settings decide as in lint, and what they accept keeps its reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dreamerguard.core.machine import Machine
from dreamerguard.core.result import Result
from dreamerguard.core.source import SourceError
from dreamerguard.guard.lint_check import check_guarded_command
from dreamerguard.lint.before_start import lint_before_start, read_start_settings
from dreamerguard.lint.engine import UnknownRule
from dreamerguard.programs.registry import UnknownProgram
from dreamerguard.reports.json import report_object
from dreamerguard.sources.argv import read_command

LOW = "dreamerguard train dmc_walker_walk run.train_ratio=32"
DANIJAR = (
    "python dreamerv3/main.py --configs dmc_proprio --task dmc_walker_walk --run.train_ratio 32 --jax.platform cpu"
)
RULE = '''
"""The seed is odd.

What it does:
  Reports odd seeds.

Why is this bad:
  It is not.

How to fix:
  Take another seed.
"""

from dreamerguard.core.finding import Severity
from dreamerguard.rules import Example, Rule

rule = Rule("US002", "odd-seed-at-start", Severity.ERROR)

GOOD = [Example("dreamerguard train dmc_walker_walk seed=2")]
BAD = [Example("dreamerguard train dmc_walker_walk seed=3", mark="seed=3")]


@rule.check
def check(run):
    setting = run.settings["seed"]
    if setting.value % 2:
        yield rule.at(run.place(setting), f"seed is {setting.value}", key="seed")
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    return tmp_path


def write(project: Path, text: str) -> None:
    (project / "dreamerguard.toml").write_text(text, encoding="utf-8")


def lint(project: Path, line: str, allow: dict[str, str] | None = None, **options: object) -> Result:
    settings = read_start_settings(project, allow, **{"allow_local_rules": True, **options})  # type: ignore[arg-type]
    return lint_before_start(read_command(line.split()), settings, project, allow, Machine())


def names(result: Result) -> list[str]:
    return [finding.name for finding in result.refused]


@pytest.mark.parametrize(
    "text",
    [
        '[ignore]\nlow-train-ratio = "smoke test"\n',
        'severity = {low-train-ratio = "info"}\n',
        'min-severity = "error"\n',
        'select = ["keys"]\n',
    ],
)
def test_settings_decide_what_refuses(project: Path, text: str) -> None:
    for line in (LOW, DANIJAR):
        assert names(lint(project, line)) == ["low-train-ratio"]
    write(project, text)
    for line in (LOW, DANIJAR):
        assert names(lint(project, line)) == []
        assert not check_guarded_command(read_command(line.split()), {}, project).refused(strict=True)
    assert names(lint(project, LOW, none=True)) == ["low-train-ratio"]
    (project / "other.toml").write_text("", encoding="utf-8")
    assert names(lint(project, LOW, file=str(project / "other.toml"))) == ["low-train-ratio"]


def test_a_higher_severity_refuses(project: Path) -> None:
    line = "dreamerguard train dmc_walker_walk run.train_ratio=256"
    assert names(lint(project, line)) == []
    (finding,) = lint(project, line).findings
    write(project, f'severity = {{{finding.name} = "error"}}\n')
    assert names(lint(project, line)) == [finding.name]


def test_the_stored_report_keeps_the_reason(project: Path) -> None:
    write(project, '[ignore]\nlow-train-ratio = "smoke test"\n')
    (row,) = report_object(lint(project, LOW))["findings"]
    assert (row["name"], row["allowed"], row["allowed_by"]) == ("low-train-ratio", "smoke test", "settings")


def test_paths_and_the_baseline_count(project: Path) -> None:
    (project / "smoke").mkdir()
    (project / "smoke" / "run.yaml").write_text("task: dmc_walker_walk\nrun.train_ratio: 32\n", encoding="utf-8")
    line = "dreamerguard train --config smoke/run.yaml"
    assert names(lint(project, line)) == ["low-train-ratio"]
    write(project, '[per-path-ignores]\n"smoke/*" = {low-train-ratio = "short on purpose"}\n')
    assert lint(project, line).findings[0].allowed == "short on purpose"
    assert names(lint(project, LOW)) == ["low-train-ratio"]
    rows = [{"file": "smoke/run.yaml", "rule": "low-train-ratio", "key": "run.train_ratio", "count": 1}]
    (project / "known.json").write_text(json.dumps({"version": 1, "findings": rows}), encoding="utf-8")
    write(project, 'baseline = "known.json"\n')
    assert lint(project, line).findings[0].allowed_by == "baseline"


def test_local_rules_refuse_and_can_be_allowed(project: Path) -> None:
    (project / "odd.py").write_text(RULE, encoding="utf-8")
    line = "dreamerguard train dmc_walker_walk seed=3"
    assert names(lint(project, line)) == []
    write(project, 'local-rules = ["odd.py"]\n')
    assert names(lint(project, line)) == ["odd-seed-at-start"]
    for name in ("odd-seed-at-start", "us002"):
        assert names(lint(project, line, {name: "a reason"})) == []
    with pytest.raises(UnknownRule, match="did you mean odd-seed-at-start"):
        lint(project, line, {"odd-seed-at-strat": "a reason"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ignor = []\n", "did you mean ignore"),
        ('ignore = ["low-train-rato"]\n', "there is no rule 'low-train-rato'"),
        ('baseline = "none.json"\n', "cannot read the baseline"),
        ('local-rules = ["none.py"]\n', "no such file or folder"),
    ],
)
def test_broken_settings_end_every_start(project: Path, text: str, message: str) -> None:
    write(project, text)
    for line in (LOW, "python own.py"):
        with pytest.raises(SourceError, match=message):
            lint(project, line)
        with pytest.raises(SourceError, match=message):
            check_guarded_command(read_command(line.split()), {}, project, allow_local_rules=True)


def test_a_program_that_is_not_supported(project: Path) -> None:
    with pytest.raises(UnknownProgram):
        lint(project, "python own.py")
    checked = check_guarded_command(read_command(["python", "own.py"]), {}, project)
    assert checked.refused(strict=True) and not checked.refused(strict=False)
    with pytest.raises(UnknownRule):
        check_guarded_command(read_command(["python", "own.py"]), {"low-train-rato": "x"}, project)
