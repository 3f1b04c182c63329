"""Reports for programs: their required fields, their escaping, and that nothing disappears."""

import json
import os
import re
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dreamerguard import lint_run
from dreamerguard.core.result import Result
from dreamerguard.core.source import SourceError
from dreamerguard.lint.engine import apply_suppressions, lint_without_suppressions
from dreamerguard.lint.settings.model import Settings
from dreamerguard.reports import render
from dreamerguard.reports.markdown import escape
from dreamerguard.rules import all_rules
from dreamerguard.sources.argv import read_command

HERE = Path(__file__).parent
RUN = """\
task: dmc_walker_walk
base: &base
  train_ratio: 32
run:
  <<: *base
  frames: 500_000
seed: 1  # dreamerguard: ignore[duplicate-key] -- kept for an old script
seed: 2  # dreamerguard: ignore[duplicate-key] -- kept for an old script
'é,漢:%': 1
"""


@pytest.fixture
def result(tmp_path: Path) -> Result:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "run.yaml").write_text(RUN, encoding="utf-8")
    return lint_run(file="./conf/run.yaml", overrides=["run.foo=1"], folder=tmp_path)


@pytest.fixture
def clean() -> Result:
    return lint_run("dmc_walker_walk")


# --- SARIF -----------------------------------------------------------------------------------------------------------

#: What SARIF 2.1.0 requires of the objects that we write (sections 3.13 to 3.58), written from the specification.
_TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
_REGION = {
    "type": "object",
    "required": ["startLine", "startColumn", "endLine", "endColumn"],
    "properties": {
        name: {"type": "integer", "minimum": 1} for name in ("startLine", "startColumn", "endLine", "endColumn")
    },
}
_ARTIFACT = {
    "type": "object",
    "required": ["uri"],
    "properties": {"uri": {"type": "string", "pattern": r"^[!-~]+$"}, "uriBaseId": {"const": "%SRCROOT%"}},
}
_LOCATION = {
    "type": "object",
    "anyOf": [{"required": ["physicalLocation"]}, {"required": ["logicalLocations"]}],
    "properties": {
        "id": {"type": "integer", "minimum": 0},
        "message": _TEXT,
        "physicalLocation": {
            "required": ["artifactLocation", "region"],
            "properties": {"artifactLocation": _ARTIFACT, "region": _REGION},
        },
        "logicalLocations": {"type": "array", "minItems": 1},
    },
    "additionalProperties": False,
}
_RESULT = {
    "type": "object",
    "required": ["ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints", "suppressions"],
    "properties": {
        "level": {"enum": ["error", "warning", "note"]},
        "message": _TEXT,
        "locations": {"type": "array", "minItems": 1, "maxItems": 1, "items": _LOCATION},
        "relatedLocations": {"type": "array", "items": _LOCATION},
        "codeFlows": {
            "items": {
                "required": ["threadFlows"],
                "properties": {
                    "threadFlows": {
                        "minItems": 1,
                        "items": {
                            "properties": {
                                "locations": {"minItems": 1, "items": {"properties": {"location": _LOCATION}}}
                            }
                        },
                    }
                },
            }
        },
        "fixes": {
            "items": {
                "required": ["artifactChanges"],
                "properties": {
                    "artifactChanges": {
                        "minItems": 1,
                        "items": {
                            "required": ["artifactLocation", "replacements"],
                            "properties": {
                                "replacements": {
                                    "minItems": 1,
                                    "items": {"required": ["deletedRegion"], "properties": {"deletedRegion": _REGION}},
                                }
                            },
                        },
                    }
                },
            }
        },
        "suppressions": {
            "items": {
                "required": ["kind", "justification"],
                "properties": {"kind": {"enum": ["inSource", "external"]}, "justification": {"minLength": 1}},
            }
        },
    },
}
_RULE = {
    "type": "object",
    "required": ["id", "name", "shortDescription", "fullDescription", "help", "defaultConfiguration"],
    "properties": {
        "shortDescription": _TEXT,
        "help": {"required": ["text", "markdown"]},
        "helpUri": {"pattern": "^https://"},
        "defaultConfiguration": {"required": ["level"]},
    },
}
SARIF = {
    "type": "object",
    "required": ["$schema", "version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string"},
        "version": {"const": "2.1.0"},
        "runs": {
            "minItems": 1,
            "maxItems": 1,
            "items": {
                "required": ["tool", "results", "columnKind", "invocations", "originalUriBaseIds"],
                "properties": {
                    "columnKind": {"const": "unicodeCodePoints"},
                    "tool": {"properties": {"driver": {"properties": {"rules": {"items": _RULE}}}}},
                    "results": {"type": "array", "items": _RESULT},
                },
            },
        },
    },
}


def sarif(*results: Result) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(render("sarif", results))
    jsonschema.validate(document, SARIF)
    official = os.environ.get("DREAMERGUARD_SARIF_SCHEMA")
    if official:
        jsonschema.validate(document, json.loads(Path(official).read_text(encoding="utf-8")))
    return document["runs"][0]  # type: ignore[no-any-return]


def test_sarif_of_files_and_a_command(result: Result) -> None:
    run = sarif(result)
    by_rule = {item["properties"]["name"]: item for item in run["results"]}
    assert set(by_rule) >= {"unknown-key", "duplicate-key", "wrong-type", "low-train-ratio"}
    for item in run["results"]:
        assert run["tool"]["driver"]["rules"][item["ruleIndex"]]["id"] == item["ruleId"]
    place = by_rule["wrong-type"]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "conf/run.yaml", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {
        "startLine": 6, "startColumn": 3, "endLine": 6, "endColumn": 18, "snippet": {"text": "frames: 500_000"},
    }  # fmt: skip
    (fix,) = by_rule["wrong-type"]["fixes"]
    (replacement,) = fix["artifactChanges"][0]["replacements"]
    assert replacement["insertedContent"]["text"] == "500000"
    assert replacement["deletedRegion"]["startColumn"] == 11


def test_sarif_keeps_suppressed_findings_with_their_reason(result: Result) -> None:
    (item,) = [item for item in sarif(result)["results"] if item["properties"]["name"] == "duplicate-key"]
    assert item["suppressions"] == [
        {"kind": "inSource", "status": "accepted", "justification": "kept for an old script"}
    ]
    ignored = apply_suppressions(
        [lint_run("dmc_walker_walk", overrides=["run.train_ratio=32"])], Settings(ignore={"DG101": "study"})
    )
    (item,) = sarif(*ignored)["results"]
    assert item["suppressions"][0] | {"status": "accepted"} == {
        "kind": "external", "status": "accepted", "justification": "study",
    }  # fmt: skip


def test_sarif_shows_how_a_value_came_about(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("task: dmc_walker_walk\nrun:\n  <<: {train_ratio: 32}\n", encoding="utf-8")
    (item,) = sarif(lint_run(file="run.yaml", folder=tmp_path))["results"]
    steps = item["codeFlows"][0]["threadFlows"][0]["locations"]
    texts = [step["location"]["message"]["text"] for step in steps]
    assert texts == [
        "run.train_ratio is 512 (schema default)",
        "run.train_ratio is 512 (dmc_proprio, edition paper-2025)",
        "merged here",
        "run.train_ratio is 32 (run.yaml)",
    ]


def test_sarif_of_a_command_line_has_no_file(clean: Result) -> None:
    run = sarif(lint_run("dmc_walker_walk", overrides=["run.train_ratio=32"]))
    assert run["invocations"][0]["commandLine"] == "dreamerguard train dmc_walker_walk run.train_ratio=32"
    (location,) = run["results"][0]["locations"]
    assert location["logicalLocations"][0]["name"] == "run.train_ratio=32"
    assert "physicalLocation" not in location
    assert sarif(clean)["results"] == []
    assert [rule["id"] for rule in sarif(clean)["tool"]["driver"]["rules"]] == [rule.code for rule in all_rules()]


def test_fingerprints_stay_when_lines_move_and_differ_from_each_other(tmp_path: Path) -> None:
    def prints(text: str) -> list[str]:
        (tmp_path / "run.yaml").write_text(text, encoding="utf-8")
        results = sarif(lint_run(file="run.yaml", folder=tmp_path))["results"]
        return sorted(item["partialFingerprints"]["dreamerguardFinding/v1"] for item in results)

    text = "task: dmc_walker_walk\nseed: 1\nseed: 2\nseed: 3\nfoo: 1\n"
    assert prints(text) == prints(f"# moved\n\n{text}")
    assert len(set(prints(text))) == 3
    rows = json.loads(render("gitlab", [lint_run(file="run.yaml", folder=tmp_path)]))
    assert len({row["fingerprint"] for row in rows}) == 3


# --- other formats ---------------------------------------------------------------------------------------------------


def test_runs_that_share_a_finding_report_it_once(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("foo: 1\n", encoding="utf-8")
    commands = [f"dreamerguard train {task} base.yaml" for task in ("atari_pong", "crafter_reward")]
    results = apply_suppressions(
        [lint_without_suppressions(read_command(command.split()), folder=tmp_path) for command in commands],
        folder=tmp_path,
    )
    assert len(json.loads(render("gitlab", results))) == 1
    assert len(sarif(*results)["results"]) == 1
    assert render("github", results).count("::error") == 1
    assert len(render("json", results).splitlines()) == 2


def test_github_annotations(result: Result) -> None:
    lines = render("github", [result]).splitlines()
    assert [line.split(" ")[0] for line in lines] == sorted(
        (line.split(" ")[0] for line in lines), key=["::error", "::warning", "::notice"].index
    )
    unknown = next(line for line in lines if "é" in line)
    assert unknown.startswith(
        "::error file=conf/run.yaml,line=9,endLine=9,col=1,endColumn=11,title=unknown-key (DG301)::"
    )
    assert "%25" in unknown and not any("title=duplicate-key" in line for line in lines)


def test_gitlab_has_the_required_fields(result: Result, clean: Result) -> None:
    rows = json.loads(render("gitlab", [result]))
    for row in rows:
        assert set(row) >= {"description", "check_name", "fingerprint", "severity", "location"}
        assert row["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert row["location"]["lines"]["begin"] >= 1
    assert {row["location"]["path"] for row in rows} == {"conf/run.yaml", "command line"}
    assert json.loads(render("gitlab", [clean])) == []


def test_junit_fails_for_errors_only_and_counts_right(result: Result, clean: Result) -> None:
    root = ElementTree.fromstring(render("junit", [result]))
    for suite in root:
        cases = suite.findall("testcase")
        assert int(suite.attrib["tests"]) == len(cases)
        assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
        assert int(suite.attrib["skipped"]) == len(suite.findall("testcase/skipped"))
    assert root.find("testsuite/testcase/skipped[@message='kept for an old script']") is not None
    assert {case.attrib["type"] for case in root.iter("failure")} <= {"error", "warning"}
    (suite,) = ElementTree.fromstring(render("junit", [clean]))
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("1", "0")


def test_json_lines(result: Result) -> None:
    rows = [json.loads(line) for line in render("jsonl", [result]).splitlines()]
    assert [row["type"] for row in rows] == ["finding"] * len(result.findings) + ["summary"]
    assert rows[-1]["suppressed"] == {"comment": 1}
    assert rows[-1]["findings"] == len(result.active)
    assert {row["version"] for row in rows} == {1}


def test_markdown(clean: Result) -> None:
    low = lint_run("dmc_walker_walk", overrides=["run.train_ratio=32"])
    report = re.sub(r"checked \d+ rules", "checked N rules", render("markdown", [low]))
    assert report == (HERE / "founding_case.md").read_text(encoding="utf-8")
    assert "no problems found" in render("markdown", [clean])


def test_the_summary_always_says_how_many_are_suppressed(result: Result) -> None:
    assert ", 1 suppressed (1 by comment); checked" in render("full", [result])
    hidden = apply_suppressions([result], Settings(ignore={"unknown-key": ""}))
    assert ", 4 suppressed (1 by comment, 3 by settings); checked" in render("full", hidden)
    assert "unknown-key" not in render("full", hidden)


hostile = st.text(
    st.one_of(st.characters(codec="utf-8"), st.sampled_from("\n\r\t\x00\x1b%,:;|`*_<>&\"'[]()@#\\\u202e\u2028\x85")),
    min_size=1,
    max_size=20,
)


@settings(max_examples=settings.default.max_examples // 2)
@given(hostile)
def test_any_text_is_escaped_in_every_format(text: str) -> None:
    try:
        result = lint_run("dmc_walker_walk", overrides=[f"run.{text}=1", f"task={text}", f"seed={text}"])
    except SourceError:
        assume(False)  # a word with a backslash or another sign of a path is a file
    jsonschema.validate(json.loads(render("sarif", [result])), SARIF)
    json.loads(render("gitlab", [result]))
    for line in render("jsonl", [result]).splitlines():
        json.loads(line)
    ElementTree.fromstring(render("junit", [result]))
    github = render("github", [result])
    assert len(github.split("\n")) == len(result.active) + 1 and "\r" not in github
    for line in github.splitlines():
        command, _, _ = line.removeprefix("::").partition("::")
        assert command.split(" ")[0] in ("error", "warning", "notice")
    rows = [line for line in render("markdown", [result]).split("\n") if line.startswith("| ") and "---" not in line]
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 6 for row in rows)


@given(hostile)
def test_markdown_escapes_what_it_must(text: str) -> None:
    shown = escape(text)
    assert "\n" not in shown and "<" not in shown and "@" not in shown
    for before, char in pairwise(f" {shown}"):
        assert char not in "`*_[]|" or before == "\\"
