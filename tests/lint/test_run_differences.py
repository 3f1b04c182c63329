"""The causes of a low run: differing settings by the linter's cost, then the rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dreamerguard.commands.app import app
from dreamerguard.lint.run_differences import explain_low_run
from dreamerguard.programs.danijar.editions import EDITIONS
from dreamerguard.programs.danijar.published import preset_values
from dreamerguard.regression.watch.watcher import Watcher

from ..programs.test_stored_configuration import store_r2dreamer, store_sheeprl
from ..regression.run_logs import append, native_run, walker

WALKER = ("dmc_walker_walk", "dmc_proprio", "paper-2023")


def danijar(directory: Path, **changed: Any) -> Path:
    """A run of danijar/dreamerv3 at a third of the published score, with changed settings."""
    envelope = walker()
    for edge, value in zip(envelope.grid, envelope.curves[0], strict=True):
        rows = [{"step": int(edge) - 8000 + 2000 * i, "episode/score": (value or 0.0) * 0.3} for i in range(5)]
        append(directory / "scores.jsonl", [*rows])
    values = preset_values(EDITIONS["2025"].load(), "dmc_proprio") | {"task": "dmc_walker_walk", "logdir": "/x"}
    (directory / "config.yaml").write_text(json.dumps(values | {k.replace("__", "."): v for k, v in changed.items()}))
    return directory


def test_a_run_of_another_program_without_a_lint_report_is_explained(tmp_path: Path) -> None:
    run = danijar(tmp_path / "run", run__train_ratio=32.0, agent__imag_length=7, batch_size=8)
    result = CliRunner().invoke(app, ["watch", str(run), "--once", "--suite", "dmc_proprio"])
    assert result.exit_code == 1
    causes = [line for line in result.output.splitlines() if line.startswith("  likely cause: ")]
    assert causes[0].startswith("  likely cause: run.train_ratio is 32, published: 1024; the expected score is about")
    assert causes[0].endswith("(DG101 low-train-ratio)")
    assert "  likely cause: batch_size is 8, published: 16; its cost is unknown" in causes[1:]


def test_a_run_that_is_fine_is_not_explained(tmp_path: Path) -> None:
    asked: list[Path] = []

    def explain(directory: Path, *_: object) -> list[tuple[str, str]]:
        asked.append(directory)
        return [("a cause", "")]

    assert Watcher(native_run(tmp_path / "fine"), explain=explain).look().causes == ()
    assert asked == []
    low = Watcher(native_run(tmp_path / "low", gain=0.05), explain=explain)
    assert low.look().causes[0] == "a cause"
    append(tmp_path / "low" / "scores.jsonl", [{"frames": 490_001, "score": 1.0}])
    low.look()
    assert asked == [tmp_path / "low"]


def test_a_failing_rule_does_not_hide_the_verdict(tmp_path: Path) -> None:
    def explain(*_: object) -> list[tuple[str, str]]:
        raise RuntimeError("a bug")

    status = Watcher(native_run(tmp_path / "low", gain=0.05), explain=explain).look()
    assert (status.regressed, status.causes) == (True, ())


def _row(code: str, key: str, level: str | None, severity: str = "warning", **harm: Any) -> dict[str, Any]:
    cost = {"level": level, "text": f"{level} cost", **harm} if level else None
    return {"code": code, "name": f"rule-{code}", "message": "text", "key": key, "severity": severity, "harm": cost}


def _score(median: float) -> dict[str, float]:
    return {"median": median, "low": median, "high": median}


def test_causes_are_ranked_by_cost(tmp_path: Path) -> None:
    from dreamerguard.programs.registry import load_program

    published = load_program("native").published_settings({}, *WALKER)
    assert published is not None
    keys = [key for key in published.values if key.startswith(("replay.", "run.", "agent."))][:8]
    settings = dict.fromkeys(keys, 7.5)
    reference = _score(1000)
    report = {
        "findings": [
            _row("A", keys[2], "moderate", expected=_score(900), reference=reference),
            _row("B", keys[1], None),
            _row("C", keys[3], "severe", expected=_score(500), reference=reference, update_share=0.9),
            _row("D", keys[4], "severe", expected=_score(900), reference=reference, update_share=0.1),
            _row("E", "", None, severity="error"),
            _row("F", "", None, severity="info"),
            7,
        ]
    }
    causes = explain_low_run(tmp_path, "native", settings, (), WALKER, report)
    assert [code for _, code in causes[:5]] == ["D", "C", "A", "B", "E"]
    assert causes[0][0] == f"{keys[4]} is 7.5, published: {published.values[keys[4]]:g}; severe cost (D rule-D)"
    assert causes[4][0] == "text (E rule-E)"
    assert all("its cost is unknown" in text for text, _ in causes[5:])
    assert not any("rule-F" in text for text, _ in causes)


@pytest.mark.parametrize("report", [{}, {"findings": 7}, {"findings": [{"name": "x", "harm": {"expected": 3}}]}])
def test_odd_reports_and_folders_are_survived(tmp_path: Path, report: dict[str, Any]) -> None:
    (tmp_path / "config.yaml").write_text("]")
    assert explain_low_run(tmp_path, "danijar", {}, ("no.yaml", "config.yaml"), None, report) == []


@pytest.mark.parametrize(
    ("store", "configs", "ratio", "says"),
    [
        (
            store_r2dreamer,
            ".hydra/config.yaml",
            {"env.train_ratio": 32, "trainer.train_ratio": "${env.train_ratio}"},
            "env.train_ratio is 32",
        ),
        (store_sheeprl, "config.yaml", {"algo.replay_ratio": 0.03}, "algo.replay_ratio is 0.03"),
    ],
)
def test_a_stored_configuration_of_hydra_explains_the_run_with_the_cost(
    tmp_path: Path, store: Callable[..., Path], configs: str, ratio: dict[str, Any], says: str
) -> None:
    store(tmp_path, **ratio)
    (text, code), *_ = explain_low_run(tmp_path, "", {}, (configs,), None, {})
    assert text.startswith(says) and "; " in text and text.endswith("(DG101 low-train-ratio)")
    assert code == "DG101"


def test_a_shorter_run_is_no_cause(tmp_path: Path) -> None:
    causes = explain_low_run(tmp_path, "native", {"run.frames": 490_000, "agent.horizon": 9}, (), WALKER, {})
    assert not any("run.frames" in text for text, _ in causes)
