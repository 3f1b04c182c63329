"""Figures of the documentation that stand in stored results or in the task defaults."""

import json
from pathlib import Path

import yaml

from dreamerguard.programs.danijar.published import _PAPER_RATIOS

ROOT = Path(__file__).parents[2]


def test_the_table_of_first_runs_is_the_stored_one() -> None:
    batches = json.loads((ROOT / "benchmarks" / "results" / "fresh_batches.json").read_text(encoding="utf-8"))
    text = (ROOT / "docs" / "development.md").read_text(encoding="utf-8")
    names = ("agreement on commands", "alarms on sound commands", "known mistakes with a finding near (error, warning)")
    for batch in batches:
        row = " | ".join([str(batch["batch"]), *(batch["figures"][name] for name in names)])
        assert f"| {row} |" in text
        precision = batch["figures"].get("precision at warning or above, own text", "")
        assert precision in text


def test_ratios_of_the_paper_are_those_of_the_task_defaults() -> None:
    for suite, ratio in _PAPER_RATIOS.items():
        data = yaml.safe_load((ROOT / "task_defaults" / f"{suite}.yaml").read_text(encoding="utf-8"))
        assert data["editions"]["paper-2025"]["run.train_ratio"]["value"] == ratio
