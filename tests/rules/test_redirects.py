"""Earlier names of rules work wherever a rule can be named."""

from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dreamerguard.commands.app import app
from dreamerguard.commands.shared.allowances import read_allowances
from dreamerguard.core.result import Result
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.known_findings import KnownFinding, read_baseline
from dreamerguard.lint.selection import selected_rules
from dreamerguard.lint.settings.finder import load_settings
from dreamerguard.lint.settings.model import Settings
from dreamerguard.rules import all_rules, find_rule
from dreamerguard.rules.redirects import REDIRECTS, current_name, renamed
from dreamerguard.sources.argv import read_command

COMMAND = ["python", "train.py", "env=dmc_vision", "logdir=logs/dreamerv3_walker"]


def check(settings: Settings | None = None, allow: dict[str, str] | None = None) -> Result:
    return check_command(read_command(COMMAND), allow=allow, settings=settings)


@pytest.mark.parametrize("old", REDIRECTS)
def test_an_earlier_name_selects_the_rules_of_the_current_one(old: str) -> None:
    rules = all_rules()
    assert old not in {name for rule in rules for name in (rule.name, rule.category)}
    assert selected_rules(old, rules) == selected_rules(REDIRECTS[old], rules) != []
    assert selected_rules(old.upper(), rules) == selected_rules(old, rules)
    assert REDIRECTS[old] not in REDIRECTS


def test_rules_are_found_by_an_earlier_name() -> None:
    assert find_rule("other-agent") is find_rule("Other-Agent") is find_rule("misnamed-run")
    assert current_name("low-train-ratio") == "low-train-ratio"


def test_an_earlier_name_is_allowed() -> None:
    assert [item.name for item in check().active] == ["misnamed-run"]
    assert check(allow={"other-agent": "meant"}).active == ()


def test_settings_take_an_earlier_name(tmp_path: Path) -> None:
    file = tmp_path / "dreamerguard.toml"
    file.write_text('select = ["other-agent"]\nseverity = {other-agent = "error"}\n', encoding="utf-8")
    assert [str(item.severity) for item in check(load_settings(tmp_path)).active] == ["error"]
    file.write_text('ignore = {other-agent = "meant"}\n', encoding="utf-8")
    assert [item.allowed for item in check(load_settings(tmp_path)).findings] == ["meant"]


def test_a_baseline_keeps_its_entries(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    row = '{"file": "command line", "rule": "other-agent", "key": "model.rep_loss", "count": 1}'
    file.write_text(f'{{"version": 1, "findings": [\n{row}\n]}}\n', encoding="utf-8")
    baseline = read_baseline(file)
    assert baseline.counts == Counter([KnownFinding("command line", "misnamed-run", "model.rep_loss")])
    assert [span.text for span in baseline.spans.values()] == [row]
    assert check(Settings(baseline=file)).active == ()


def test_a_comment_takes_an_earlier_name(tmp_path: Path) -> None:
    script = tmp_path / "run.sh"
    script.write_text(f"{' '.join(COMMAND)}  # dreamerguard: ignore[other-agent] -- meant\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["check", "--no-config", str(script)])
    assert done.exit_code == 0, done.output


def test_the_user_sees_one_note(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(renamed(["other-agent", "low-train-ratio", "other-agent"])) == [
        "note: other-agent is now called misnamed-run"
    ]
    words = ["lint", "--no-config", "--ignore", "other-agent", "--", *COMMAND]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0 and done.stderr == "note: other-agent is now called misnamed-run\n"
    assert read_allowances(["other-agent=meant"]) == {"other-agent": "meant"}
    assert capsys.readouterr().err == "note: other-agent is now called misnamed-run\n"
