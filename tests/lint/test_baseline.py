"""The baseline: what it hides, what it does not, and how it is kept up to date."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamerguard import lint_command
from dreamerguard.core.result import Result
from dreamerguard.core.source import SourceError
from dreamerguard.lint.known_findings import KnownFinding, read_baseline, write_baseline
from dreamerguard.lint.known_findings_update import pruned, written
from dreamerguard.lint.settings.model import Settings

LOW = "task: dmc_walker_walk\nrun:\n  train_ratio: 32\n"


def settings(folder: Path) -> Settings:
    return Settings(baseline=folder / "baseline.json")


def check(folder: Path, given_settings: Settings, *files: str) -> Result:
    command = ["dreamerguard", "train", *(files or ["run.yaml"])]
    return lint_command(command, folder=folder, settings=given_settings)


def write(folder: Path) -> str:
    wanted = settings(folder)
    counts, text = written(wanted, lambda given: (check(folder, given),), folder)
    write_baseline(folder / "baseline.json", counts)
    return text


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "run.yaml").write_text(LOW, encoding="utf-8")
    return tmp_path


def test_what_is_listed_does_not_count(project: Path) -> None:
    assert write(project) == "1 finding listed"
    text = (project / "baseline.json").read_text(encoding="utf-8")
    assert json.loads(text)["findings"] == [
        {"file": "run.yaml", "rule": "low-train-ratio", "key": "run.train_ratio", "count": 1}
    ]
    result = check(project, settings(project))
    assert result.active == ()
    assert [(item.allowed, item.allowed_by) for item in result.findings] == [("known, in baseline.json", "baseline")]


def test_lines_may_move(project: Path) -> None:
    write(project)
    (project / "run.yaml").write_text("# new\n\n\nseed: 1\n" + LOW, encoding="utf-8")
    assert check(project, settings(project)).active == ()


def test_new_findings_count(project: Path) -> None:
    write(project)
    (project / "run.yaml").write_text(LOW + "foo: 1\n", encoding="utf-8")
    assert [item.name for item in check(project, settings(project)).active] == ["unknown-key"]


def test_more_findings_than_listed_count(project: Path) -> None:
    (project / "run.yaml").write_text("task: dmc_walker_walk\nseed: 1\nseed: 2\n", encoding="utf-8")
    write(project)
    (project / "run.yaml").write_text("task: dmc_walker_walk\nseed: 1\nseed: 2\nseed: 3\n", encoding="utf-8")
    result = check(project, settings(project))
    assert [item.name for item in result.findings] == ["duplicate-key"] * 2
    assert len(result.active) == 1


def test_entries_without_a_finding_are_reported_and_pruned(project: Path) -> None:
    write(project)
    (project / "run.yaml").write_text(LOW.replace("32", "512"), encoding="utf-8")
    (stale,) = check(project, settings(project)).active
    assert stale.name == "stale-baseline"
    assert stale.message == "low-train-ratio on run.train_ratio is listed once and found 0 times"
    assert stale.primary.span.text.startswith('{"file": "run.yaml"') and stale.primary.span.line == 2
    counts, text = pruned(settings(project), lambda given: (check(project, given),), project)
    assert (counts.total(), text) == (0, "1 finding removed, 0 left")


def test_files_that_were_not_checked_are_left_alone(project: Path) -> None:
    (project / "other.yaml").write_text(LOW, encoding="utf-8")
    write(project)
    (project / "run.yaml").unlink()
    assert [item.name for item in check(project, settings(project), "other.yaml").active] == ["low-train-ratio"]
    counts, _ = pruned(settings(project), lambda given: (check(project, given, "other.yaml"),), project)
    assert counts == {KnownFinding("run.yaml", "low-train-ratio", "run.train_ratio"): 1}


def test_rules_that_were_not_selected_are_left_alone(project: Path) -> None:
    write(project)
    (project / "run.yaml").write_text(LOW.replace("32", "512"), encoding="utf-8")
    assert check(project, replace(settings(project), select=("DG3", "DG9"))).active == ()


def test_broken_files_and_accepted_findings_are_not_listed(project: Path) -> None:
    (project / "run.yaml").write_text("a: [", encoding="utf-8")
    assert write(project) == "0 findings listed"
    text = LOW.replace("32", "32  # dreamerguard: ignore[DG101] -- smoke test")
    (project / "run.yaml").write_text(text, encoding="utf-8")
    assert write(project) == "0 findings listed"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"version": 2, "findings": []}',
        '{"version": 1}',
        '{"version": 1, "findings": [1]}',
        '{"version": 1, "findings": [{"file": "a", "rule": "b", "key": "c", "count": 0}]}',
        '{"version": 1, "findings": [{"file": "a", "rule": "b", "key": "c", "count": true}]}',
        "[" * 100_000,
        "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    ],
)
def test_broken_baselines_are_one_message(project: Path, text: str) -> None:
    (project / "baseline.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(SourceError, match="not a baseline of version 1"):
        check(project, settings(project))


def test_a_missing_baseline_is_one_message(project: Path) -> None:
    with pytest.raises(SourceError, match="cannot read the baseline"):
        check(project, settings(project))


entries = st.builds(
    KnownFinding, *[st.text(st.characters(exclude_categories=("C", "Z"), include_characters=" "), max_size=12)] * 3
)


@given(st.dictionaries(entries, st.integers(1, 9), max_size=6))
def test_writing_and_reading_agree(tmp_path: Path, counts: dict[KnownFinding, int]) -> None:
    path = tmp_path / "baseline.json"
    write_baseline(path, Counter(counts))
    read = read_baseline(path)
    assert read.counts == counts
    assert all(span.text.startswith('{"file"') for span in read.spans.values())
    first = path.read_bytes()
    write_baseline(path, read.counts)
    assert path.read_bytes() == first


def test_a_baseline_that_is_a_device_is_not_read_without_end(tmp_path: Path) -> None:
    (tmp_path / "baseline.json").symlink_to("/dev/zero")
    with pytest.raises(SourceError, match="a device, not a file"):
        read_baseline(tmp_path / "baseline.json")
