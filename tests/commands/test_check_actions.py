"""What `check` can do besides its report: fixes, diffs, baselines, a file for the report, the standard input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from dreamerguard.commands.app import app
from dreamerguard.core.result import RepositoryResult
from dreamerguard.lint.repository import check_tree
from dreamerguard.reports import render
from dreamerguard.rules.helpers.example_files import with_preset as preset_files

LOW = "task: dmc_walker_walk\nrun:\n  train_ratio: 32\n"
MISSPELT = "task: dmc_walker_walk\nrun:\n  train_ration: 512\n"
SCRIPT = "#!/bin/sh\npython dreamerv3/main.py --configs dmc_proprio --task dmc_walker_walk --run.train_ratio 32\n"
PRESETS = "dreamerv3/configs.yaml"
UNKNOWN = "python dreamerv3/main.py --configs dmc_proprio --task $1\n"


def run(*words: str, input: str | None = None) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["check", "--no-config", *words], input=input)
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def with_preset(line: str) -> str:
    return preset_files(line)[PRESETS]


def put(name: str, text: str) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_safe_fixes_only_unless_requested() -> None:
    low, misspelt, script = put("a/low.yaml", LOW), put("b/run.yaml", MISSPELT), put("go.sh", SCRIPT)
    code, _, err = run(".", "--fix")
    assert code == 1
    assert misspelt.read_text() == MISSPELT.replace("train_ration", "train_ratio")
    assert (low.read_text(), script.read_text()) == (LOW, SCRIPT)
    assert "fixed b/run.yaml:3:3" in err
    code, _, err = run(".", "--fix", "--unsafe-fixes")
    assert code == 0
    assert low.read_text() == LOW.replace("32", "512")
    assert script.read_text() == SCRIPT.replace("ratio 32", "ratio 1024")


def test_only_the_given_files_are_edited() -> None:
    inside, outside = put("a/run.yaml", MISSPELT), put("b/run.yaml", MISSPELT)
    run("a", "--fix")
    assert inside.read_text() != MISSPELT
    assert outside.read_text() == MISSPELT
    presets, script = put(PRESETS, with_preset("run.train_ratio: 32")), put("scripts/go.sh", SCRIPT)
    before = presets.read_text()
    run(str(script), "--fix", "--unsafe-fixes")
    assert presets.read_text() == before


def test_diff_changes_nothing() -> None:
    low = put("a/low.yaml", LOW)
    code, out, err = run("--diff")
    assert (code, out) == (1, "")
    assert "--unsafe-fixes" in err
    code, out, _ = run("--diff", "--unsafe-fixes")
    assert code == 1
    assert "--- a/low.yaml\n+++ a/low.yaml\n" in out
    assert "-  train_ratio: 32\n+  train_ratio: 512\n" in out
    assert low.read_text() == LOW


def test_a_baseline_of_a_repository() -> None:
    put("a/low.yaml", LOW)
    put("go.sh", SCRIPT)
    code, _, err = run("--baseline", "known.json", "--write-baseline")
    assert (code, err) == (0, "known.json: 2 findings listed\n")
    assert run("--baseline", "known.json")[0] == 0
    put("go.sh", SCRIPT + SCRIPT.replace("walker_walk", "hopper_hop"))
    assert run("--baseline", "known.json")[0] == 1
    put("a/low.yaml", LOW.replace("32", "512"))
    code, _, err = run("--baseline", "known.json", "--prune-baseline")
    assert (code, err) == (0, "known.json: 1 finding removed, 1 left\n")
    assert "--baseline FILE" in run("--write-baseline")[2]


def test_a_baseline_lists_findings_about_comments() -> None:
    put("a/run.yaml", LOW.replace("32", "512  # dreamerguard: ignore[low-train-ratio]"))
    assert run()[0] == 1
    assert run("--baseline", "known.json", "--write-baseline")[0] == 0
    code, out, _ = run("--baseline", "known.json")
    assert code == 0
    assert "1 suppressed (1 by baseline)" in out


def test_output_goes_to_a_file() -> None:
    put("low.yaml", LOW)
    for option in ("-o", "--output"):
        code, out, err = run(option, "report.txt")
        assert (code, out) == (1, "")
        assert "1 warning" in err
        assert "low-train-ratio" in Path("report.txt").read_text()


def test_standard_input() -> None:
    put(f"sub/{PRESETS}", with_preset("run.train_ratio: 32"))
    code, out, _ = run("-", "--stdin-filename", "sub/new.yaml", "--output-format", "concise", input=LOW)
    assert code == 1
    assert out.startswith("sub/new.yaml:3:3: warning[low-train-ratio]")
    assert run("-", input=LOW)[0] == 1
    assert run("-", input=SCRIPT)[0] == 1
    name = f"sub/{PRESETS}"
    assert run("-", "--stdin-filename", name, input=with_preset("run.train_ratio: 1024"))[0] == 0
    code, out, _ = run("-", "--diff", "--unsafe-fixes", input=LOW)
    assert "+  train_ratio: 512" in out
    assert run("-", "--fix", input=LOW)[0] == 2
    assert run("-", "other.yaml", input=LOW)[0] == 2
    assert run("--stdin-filename", "a.yaml")[0] == 2
    assert not Path("sub/new.yaml").exists()


def test_json_is_one_object_for_a_check() -> None:
    put("a/low.yaml", LOW)
    put("go.sh", SCRIPT + UNKNOWN)
    report: dict[str, Any] = json.loads(run("--output-format", "json")[1])
    assert (report["version"], report["type"]) == (1, "check")
    assert list(report["summary"]) == [
        "error", "warning", "info", "suppressed", "runs", "judged", "commands", "configuration_files", "files_read",
        "files_seen",
    ]  # fmt: skip
    assert (report["summary"]["warning"], report["summary"]["runs"], report["summary"]["judged"]) == (2, 3, 2)
    assert [item["spans"][0]["source"] for item in report["findings"]] == ["a/low.yaml", "go.sh"]
    assert [(item["source"], item["line"]) for item in report["runs"]] == [
        ("go.sh", 2),
        ("go.sh", 3),
        ("a/low.yaml", 1),
    ]
    put("go.sh", "")
    assert json.loads(run("a", "--output-format", "json")[1])["summary"]["runs"] == 1


@pytest.mark.parametrize("kind", ["sarif", "junit", "markdown", "github", "jsonl", "gitlab", "concise", "json"])
def test_every_report_names_files_as_typed(kind: str) -> None:
    put("a/run.yaml", LOW + "  frames: 500_000\n")
    put("b/run.yaml", LOW.replace("32", "512  # dreamerguard: ignore[low-train-ratio]"))
    out = run("--output-format", kind)[1]
    assert out.count("a/run.yaml") >= 2
    assert "b/run.yaml" in out
    if kind == "sarif":  # the documentation of the rules names example files
        report = json.loads(out)
        del report["runs"][0]["tool"]
        out = json.dumps(report)
    assert out.replace("a/run.yaml", "").replace("b/run.yaml", "").count("run.yaml") == 0


def test_a_folder_elsewhere_is_named_as_typed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put("repo/sub/low.yaml", LOW)
    put("here/other.yaml", LOW)
    monkeypatch.chdir(folder / "here")
    for typed in ("../repo", str(folder / "repo")):
        assert run(typed, "--output-format", "concise")[1].startswith(f"{typed}/sub/low.yaml:3:3")
    run("../repo", "--fix", "--unsafe-fixes")
    assert (folder / "repo/sub/low.yaml").read_text() == LOW.replace("32", "512")


def test_junit_and_markdown_do_not_call_an_unjudged_run_clean(folder: Path) -> None:
    put("go.sh", UNKNOWN)
    outcome = check_tree([folder], folder=folder)
    (suite,) = ElementTree.fromstring(render("junit", outcome))
    (case,) = suite
    assert (case.get("name"), suite.get("skipped"), suite.get("tests")) == ("0 of 1 run judged", "1", "1")
    assert "$1" in (case[0].get("message") or "")
    text = render("markdown", outcome)
    assert "no problems found" not in text
    assert "1 of 1 run" in text


def test_nothing_checked_is_not_called_clean() -> None:
    assert "no problems found" not in render("full", RepositoryResult())
    put("bin.yaml", "\0")
    assert "nothing to check: bin.yaml: byte 1 is zero" in run("bin.yaml")[2]
    Path("bin.yaml").unlink()
    put("a.txt", "x")
    code, _, err = run()
    assert code == 3
    assert "nothing to check: no run among 1 file\n" in err
