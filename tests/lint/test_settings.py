"""The settings file: where it is found, what it may hold, and what it does to findings."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamerguard import lint_run
from dreamerguard.core.finding import Confidence, Severity
from dreamerguard.core.result import Result
from dreamerguard.core.source import SourceError
from dreamerguard.lint.settings.finder import find_settings, load_settings
from dreamerguard.lint.settings.model import Settings

LOW = ["run.train_ratio=32"]


def write(folder: Path, text: str, name: str = "dreamerguard.toml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def check(folder: Path, *overrides: str) -> Result:
    settings = load_settings(folder, allow_local_rules=True)
    return lint_run("dmc_walker_walk", overrides=overrides or LOW, settings=settings)


def test_without_a_file_everything_counts(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert load_settings(tmp_path) == Settings()


def test_the_nearest_file_upwards_counts_and_the_repository_is_the_limit(tmp_path: Path) -> None:
    write(tmp_path, 'min-severity = "error"')
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert find_settings(inner) == tmp_path / "dreamerguard.toml"
    write(tmp_path / "a", "[tool.other]\nx = 1\n", "pyproject.toml")
    assert find_settings(inner) == tmp_path / "dreamerguard.toml"
    write(tmp_path / "a", '[tool.dreamerguard]\nmin-severity = "warning"\n', "pyproject.toml")
    assert load_settings(inner).min_severity is Severity.WARNING
    (inner / ".git").mkdir()
    assert find_settings(inner) is None


def test_every_setting_is_read(tmp_path: Path) -> None:
    text = """
[tool.dreamerguard]
select = ["DG1", "keys"]
extend-select = ["DG2"]
ignore = {edition-mix = "we mix on purpose"}
extend-ignore = ["DG404"]
severity = {high-train-ratio = "info"}
min-severity = "warning"
min-confidence = "medium"
exclude = ["old/*"]
baseline = "lint-baseline.json"
local-rules = ["lint/"]
plugins = ["ours"]
[tool.dreamerguard.per-path-ignores]
"smoke/*" = {low-update-budget = "short on purpose"}
"old" = ["DG101"]
"""
    found = load_settings(tmp_path, write(tmp_path, text, "pyproject.toml"), allow_local_rules=True)
    assert found.select == ("DG1", "keys", "DG2")
    assert found.ignore == {"edition-mix": "we mix on purpose", "DG404": ""}
    assert found.severity == {"high-train-ratio": Severity.INFO}
    assert (found.min_severity, found.min_confidence) == (Severity.WARNING, Confidence.MEDIUM)
    assert [(item.pattern, item.selectors, item.reason) for item in found.per_path] == [
        ("smoke/*", ("low-update-budget",), "short on purpose"),
        ("old", ("DG101",), ""),
    ]
    assert found.baseline == tmp_path / "lint-baseline.json"
    assert found.local_rules == (tmp_path / "lint",)
    assert (found.exclude, found.plugins) == (("old/*",), ("ours",))
    assert found.origins["min_severity"].endswith("pyproject.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('selct = ["DG1"]', "there is no setting 'selct'; did you mean select?"),
        ("zzz = 1", "settings are select, extend-select"),
        ('min-severity = "fatal"', "min-severity is 'fatal'; it must be 'error', 'warning' or 'info'"),
        ("select = [1]", "select.0 is 1; it must be text"),
        ('severity = {DG101 = "off"}', "severity.DG101 is 'off'; it must be 'error', 'warning' or 'info'"),
        ('select = "DG1"', "select is 'DG1'; it must be a list: [\"DG1\"]"),
        ("baseline = 1", "baseline is 1; it must be text"),
        ("ignore = 1", "ignore is 1; it must be a table of keys and values"),
        ("select = [", "is not TOML"),
        ('tool = {dreamerguard = ["x"]}', "there is no setting 'tool'"),
    ],
)
def test_mistakes_are_named_with_the_file(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SourceError) as error:
        load_settings(tmp_path, write(tmp_path, text))
    assert message in error.value.message and "dreamerguard.toml" in error.value.message


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as error:
        load_settings(tmp_path, write(tmp_path, 'selct = []\nmin-severity = "x"\n'))
    assert len(error.value.message.splitlines()) == 2


@pytest.mark.parametrize("where", ["select", "ignore", "severity", "per-path-ignores"])
def test_an_unknown_rule_is_refused_with_a_hint(tmp_path: Path, where: str) -> None:
    tables = {
        "severity": 'severity = {low-train-rato = "error"}',
        "per-path-ignores": 'per-path-ignores = {"*" = ["low-train-rato"]}',
    }
    write(tmp_path, tables.get(where, f'{where} = ["low-train-rato"]'))
    with pytest.raises(SourceError, match=rf"{where}: there is no rule 'low-train-rato'; did you mean low-train-ratio"):
        check(tmp_path)


@pytest.mark.parametrize("selector", ["low-train-ratio", "DG101", "dg101", "DG1", "DG10", "ratio"])
def test_selectors(tmp_path: Path, selector: str) -> None:
    overrides = [*LOW, "run.foo=1"]
    write(tmp_path, f'select = ["{selector}"]')
    assert [item.name for item in check(tmp_path, *overrides).findings] == ["low-train-ratio"]
    write(tmp_path, f'ignore = ["{selector}"]')
    result = check(tmp_path, *overrides)
    assert [item.name for item in result.active] == ["unknown-key"]
    (hidden,) = [item for item in result.findings if item.allowed is not None]
    assert (hidden.name, hidden.allowed_by) == ("low-train-ratio", "settings")
    assert hidden.allowed is not None and "dreamerguard.toml: ignore" in hidden.allowed


def test_a_reason_is_kept(tmp_path: Path) -> None:
    write(tmp_path, 'ignore = {DG101 = "wall-clock study"}')
    assert [item.allowed for item in check(tmp_path).findings] == ["wall-clock study"]


def test_severity_is_the_users_and_the_threshold_sees_it(tmp_path: Path) -> None:
    write(tmp_path, 'severity = {DG101 = "error"}')
    assert [item.severity for item in check(tmp_path).active] == [Severity.ERROR]
    write(tmp_path, 'severity = {DG101 = "info"}\nmin-severity = "warning"')
    (hidden,) = check(tmp_path).findings
    assert (hidden.allowed_by, hidden.allowed) == ("threshold", "severity below warning")


def test_confidence_threshold(tmp_path: Path) -> None:
    write(tmp_path, 'min-confidence = "medium"')
    assert [item.allowed_by for item in check(tmp_path, "run.train_ratio=1024").findings] == ["threshold"]
    write(tmp_path, 'min-confidence = "low"')
    assert [item.name for item in check(tmp_path, "run.train_ratio=1024").active] == ["edition-mix"]


@pytest.mark.parametrize(
    ("pattern", "hidden"), [("smoke/*", True), ("smoke", True), ("smoke/", True), ("*.yaml", True), ("full/*", False)]
)
def test_paths(tmp_path: Path, pattern: str, hidden: bool) -> None:
    (tmp_path / "smoke").mkdir()
    write(tmp_path, f'per-path-ignores = {{"{pattern}" = {{DG101 = "smoke test"}}}}')
    write(tmp_path / "smoke", "task: dmc_walker_walk\nrun.train_ratio: 32\n", "run.yaml")
    result = lint_run(file="smoke/run.yaml", folder=tmp_path, settings=load_settings(tmp_path))
    assert [item.allowed for item in result.findings] == (["smoke test"] if hidden else [None])


def test_a_file_that_cannot_be_read_always_counts(tmp_path: Path) -> None:
    write(tmp_path, 'select = ["DG101"]\nignore = ["DG0"]\nper-path-ignores = {"*" = ["DG0"]}')
    write(tmp_path, "a: [", "run.yaml")
    result = lint_run(file="run.yaml", folder=tmp_path, settings=load_settings(tmp_path))
    assert [item.name for item in result.active] == ["invalid-yaml"]


def test_a_missing_file_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot read the settings"):
        load_settings(tmp_path, tmp_path / "none.toml")


@settings(max_examples=60)
@given(st.one_of(st.binary(max_size=80), st.text(alphabet='abselct =["]{}.\n1#', max_size=80).map(str.encode)))
def test_any_file_is_read_or_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "dreamerguard.toml"
    path.write_bytes(data)
    try:
        load_settings(tmp_path)
    except SourceError as error:
        assert "dreamerguard.toml" in error.message


RULE = '''"""Seeds are even.

What it does:
  Reports an odd seed.

Why is this bad:
  It is an example.

How to fix:
  Take another one.
"""

from dreamerguard.core.finding import Severity
from dreamerguard.rules import Example, Rule

rule = Rule("US001", "odd-seed", Severity.WARNING)

GOOD = [Example("dreamerguard train dmc_walker_walk seed=2")]
BAD = [Example("dreamerguard train dmc_walker_walk seed=3", mark="seed=3")]


@rule.check
def check(run):
    setting = run.settings["seed"]
    if setting.value % 2:
        yield rule.at(run.place(setting), f"seed is {setting.value}", key="seed")
'''


def test_local_rules_run_where_the_settings_name_them(tmp_path: Path) -> None:
    (tmp_path / "lint").mkdir()
    write(tmp_path / "lint", RULE, "odd_seed.py")
    assert check(tmp_path, "seed=3").findings == ()
    write(tmp_path, 'local-rules = ["lint"]')
    result = check(tmp_path, "seed=3")
    assert [(item.code, item.name, item.message) for item in result.findings] == [("US001", "odd-seed", "seed is 3")]
    write(tmp_path, 'local-rules = ["lint/odd_seed.py"]\nignore = ["odd-seed"]')
    assert check(tmp_path, "seed=3").active == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\n", "defines no `rule`"),
        ("1 / 0\n", "fails: ZeroDivisionError"),
        (RULE.replace("US001", "DG101"), "has the name or code of low-train-ratio"),
        (RULE.replace("GOOD = ", "FINE = "), "lacks GOOD"),
        (RULE.partition('"""\n')[2], "lacks a docstring"),
    ],
)
def test_broken_local_rules_are_one_message(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path, text, f"rule_{abs(hash(text))}.py")
    write(tmp_path, f'local-rules = ["rule_{abs(hash(text))}.py"]')
    with pytest.raises(SourceError, match=message):
        check(tmp_path)


def test_missing_rules_and_plugins_are_named(tmp_path: Path) -> None:
    write(tmp_path, 'local-rules = ["none.py"]')
    with pytest.raises(SourceError, match=r"local-rules: .*none\.py: no such file or folder"):
        check(tmp_path)
    (tmp_path / "empty").mkdir()
    write(tmp_path, 'local-rules = ["empty"]')
    with pytest.raises(SourceError, match=r"there is no Python file in .*empty"):
        check(tmp_path)
    write(tmp_path / "empty", "x = 1\n", "helpers.py")
    write(tmp_path / "empty", "rule = 'odd-seed'\n", "odd.py")
    with pytest.raises(SourceError, match=r"helpers\.py defines no `rule`\n.*odd\.py: `rule` is of type str"):
        check(tmp_path)
    write(tmp_path, 'plugins = ["ours"]')
    with pytest.raises(SourceError, match=r"no package offers 'ours' in the group dreamerguard\.rules"):
        check(tmp_path)


def test_an_installed_package_adds_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, RULE, "our_lint.py")
    info = tmp_path / "our_lint-1.0.dist-info"
    info.mkdir()
    write(info, "Metadata-Version: 2.1\nName: our-lint\nVersion: 1.0\n", "METADATA")
    write(info, "[dreamerguard.rules]\nours-a = our_lint\n", "entry_points.txt")
    monkeypatch.syspath_prepend(str(tmp_path))
    write(tmp_path, 'plugins = ["ours-a"]')
    assert [item.name for item in check(tmp_path, "seed=3").findings] == ["odd-seed"]


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only a superuser can give files away")
def test_rules_named_by_another_users_settings_are_not_run(tmp_path: Path) -> None:
    write(tmp_path, RULE, "odd_seed.py")
    os.chown(write(tmp_path, 'local-rules = ["odd_seed.py"]'), 12345, -1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "getuid", lambda: 1000)
        with pytest.raises(SourceError, match="belongs to another user"):
            check(tmp_path)
