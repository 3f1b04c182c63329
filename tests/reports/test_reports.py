"""What people and programs read."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from dreamerguard import lint_run
from dreamerguard.core.result import Result
from dreamerguard.core.source import Source
from dreamerguard.reports import render_concise, render_full, render_json
from dreamerguard.reports.budget_table import render_budget
from dreamerguard.util.text import plain, wants_color, width

HERE = Path(__file__).parent


@pytest.fixture
def founding() -> Result:
    return lint_run("dmc_walker_walk", overrides=["run.train_ratio=32"])


def test_the_founding_case_in_full(founding: Result) -> None:
    report = re.sub(r"checked \d+ rules", "checked N rules", render_full(founding))
    assert report == (HERE / "founding_case.txt").read_text(encoding="utf-8")


def test_colors_only_add_escapes(founding: Result) -> None:
    colored = render_full(founding, color=True)
    assert "\x1b[33;1mwarning" in colored and "\x1b[" not in render_full(founding)
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == render_full(founding)


def test_concise_is_one_line_for_each_finding() -> None:
    result = lint_run("dmc_walker_walk", overrides=["seed=1", "seed=2", "run.foo=1"])
    assert render_concise(result).splitlines() == [
        "command line:1:50: error[unknown-key] DG301 there is no key run.foo",
        "command line:1:43: warning[repeated-override] DG003 seed is set twice; 2 wins",
    ]
    assert render_concise(lint_run("dmc_walker_walk")) == ""


def test_several_places_in_one_and_two_files(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("task: dmc_walker_walk\nseed: 1\n\n# twice\nseed: 2\n", encoding="utf-8")
    report = render_full(lint_run(file="run.yaml", folder=tmp_path))
    assert report.startswith(
        "error[duplicate-key] DG002: seed is set twice; the second value would win silently\n"
        " --> run.yaml:5:1\n"
        "5 | seed: 2\n"
        "  | ^^^^ set again here\n"
        " ::: run.yaml:2:1\n"
        "2 | seed: 1\n"
        "  | ---- first set here\n"
        "  = help: keep one of the two lines\n"
    )


def test_carets_stand_under_wide_characters_and_tabs(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("{task: dmc_walker_walk, '漢字':\t5, size: size12x}\n", encoding="utf-8")
    report = render_full(lint_run(file="run.yaml", folder=tmp_path))
    line, carets = next(
        pair for pair in zip(report.split("\n"), report.split("\n")[1:], strict=False) if "^" in pair[1]
    )
    caret = carets.index("^")
    shown = line.index("'漢字'")
    assert width(line[:shown]) == caret


def test_hostile_text_is_shown_escaped(tmp_path: Path) -> None:
    name = "run.\x1b[31m\u202egnp[bold]"
    result = lint_run("dmc_walker_walk", overrides=[f"{name}=1"])
    for report in (render_full(result), render_concise(result), render_json(result)):
        assert "\x1b" not in report and "\u202e" not in report
    assert "run.\\x1b[31m\\u202egnp[bold]" in render_full(result)


def test_long_commands_are_cut_around_the_place() -> None:
    many = [f"model.{name}_layers=2" for name in ("encoder", "decoder", "reward", "policy", "value")]
    result = lint_run("dmc_walker_walk", overrides=[*many * 3, "run.foo=1", *many])
    report = render_full(result)
    lines = report.split("\n")
    index = next(i for i, line in enumerate(lines) if "^" in line)
    start = lines[index].index("^")
    assert lines[index - 1][start:].startswith("run.foo=1")
    assert len(lines[index - 1]) < 200


def test_allowed_findings_show_their_reason() -> None:
    result = lint_run("dmc_walker_walk", overrides=["run.train_ratio=32"], allow={"DG101": "wall clock"})
    report = render_full(result)
    assert "= allowed: wall clock\n" in report
    assert report.rstrip().split("\n")[-1].startswith("no problems found, 1 allowed;")


SCHEMA = {
    "type": "object",
    "required": ["version", "dialect", "detected", "checked", "budget", "findings"],
    "properties": {
        "version": {"const": 1},
        "findings": {
            "type": "array",
            "items": {
                "type": "object",
                "required": [
                    "code", "name", "severity", "confidence", "message", "key", "spans", "harm", "evidence", "help",
                    "fix", "allowed",
                ],
                "properties": {
                    "severity": {"enum": ["error", "warning", "info"]},
                    "spans": {
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            "properties": {"line": {"minimum": 1}, "column": {"minimum": 1}},
                            "required": ["source", "kind", "line", "column", "end_line", "end_column", "primary"],
                        },
                    },
                },
            },
        },
    },
}  # fmt: skip


def test_json_has_the_promised_fields(founding: Result) -> None:
    document = json.loads(render_json(founding))
    jsonschema.validate(document, SCHEMA)
    (finding,) = document["findings"]
    assert finding["spans"][0] | {"primary": True} == finding["spans"][0]
    assert (finding["spans"][0]["column"], finding["spans"][0]["text"]) == (36, "run.train_ratio=32")
    assert finding["fix"]["command"].endswith("run.train_ratio=512")
    assert finding["harm"]["level"] == "severe"
    assert document["budget"]["run"]["updates"] == pytest.approx(7749.5)
    assert document["budget"]["reference"]["updates"] == pytest.approx(123977)
    assert document["budget"]["edition"] == "paper-2025"


def test_json_of_a_broken_run_is_still_json(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_bytes(b"\xff\xfe\x00")
    document = json.loads(render_json(lint_run(file="run.yaml", folder=tmp_path)))
    jsonschema.validate(document, SCHEMA)
    assert [item["name"] for item in document["findings"]] == ["invalid-yaml"]


def test_budget_table_names_every_layer(founding: Result) -> None:
    table = render_budget(founding.run)
    assert "32 (command line:1:36) over 512 (dmc_proprio, edition paper-2025) over 512 (schema default)" in table
    assert "7,750" in table and "123,977" in table


@pytest.mark.parametrize(
    ("terminal", "environment", "expected"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (False, {"FORCE_COLOR": "1"}, True),
        (True, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
    ],
)
def test_when_to_use_colors(terminal: bool, environment: dict[str, str], expected: bool) -> None:
    assert wants_color(terminal, environment) is expected


def test_plain_text_and_width() -> None:
    assert plain("a\tb\x00\u2028é漢\ue000") == "a    b\\x00\\u2028é漢\\ue000"
    assert width("é") == width("e\u0301") == 1
    assert width("漢") == 2


def test_spans_of_several_lines() -> None:
    source = Source("x", "one\ntwo\nthree")
    span = source.span(2, 9)
    assert (span.line, span.column, span.end_line, span.end_column) == (1, 3, 3, 2)
    assert span.lines == ("one", "two", "three")
