"""The score as papers quote it: the table's statistic from the table's episodes, or why it cannot be formed yet."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from benchmarks.build_quoted_scores import table
from dreamerguard.commands.shared.report_settings import describe_run
from dreamerguard.regression.charts.page import report_page
from dreamerguard.regression.published import envelope_tasks, load_envelope
from dreamerguard.regression.published.quoted import quoted_table
from dreamerguard.regression.watch.crafter_score import crafter_score
from dreamerguard.regression.watch.status_report import status_json, status_text
from dreamerguard.regression.watch.watcher import Status, Watcher

from .run_logs import Row, append, native_run, walker


def _quoted(status: Status) -> dict[str, Any]:
    found = status_json(status)["quoted"]
    assert isinstance(found, dict)
    return found


def _pong(directory: Path, frames: int, key: str = "train_return") -> Status:
    rows: list[Row | str] = [{"step": x, key: x / 10_000} for x in range(4000, frames + 1, 4000)]
    append(directory / "metrics.jsonl", rows)
    return Watcher(directory, "atari100k_pong", "atari100k", 4).look()


def test_atari100k_is_the_mean_of_the_last_ten_thousand_frames(tmp_path: Path) -> None:
    early = _quoted(_pong(tmp_path / "early", 200_000))
    assert early["value"] is None and early["why"] == "not before 400,000 frames, the log has 200,000"
    late = _quoted(_pong(tmp_path / "late", 396_000))
    assert late["value"] == pytest.approx(fmean((39.2, 39.6))) and not late["final"]
    assert late["why"] == "so far, at 396,000 of 400,000 frames"
    status = _pong(tmp_path / "done", 440_000)
    done = _quoted(status)
    assert done["value"] == pytest.approx(fmean((39.2, 39.6, 40.0))) and done["final"]
    assert (done["from_frames"], done["to_frames"], done["count"], done["scores"]) == (390_000, 400_000, 3, "train")
    assert (done["published"], done["published_seeds"]) == (-4.0, 4)
    assert done["sources"][0].startswith("https://github.com/danijar/dreamerv3/issues/138")
    line = "as papers quote it: mean score of training episodes from 390,000 to 400,000 frames: 39.6 (3 scores)"
    assert f"{line}; published -4 (4 seeds)" in status_text(status)


def test_a_table_of_training_episodes_takes_no_evaluations(tmp_path: Path) -> None:
    found = _quoted(_pong(tmp_path, 400_000, "eval_return"))
    assert found["value"] is None
    assert found["why"] == "the table has training episodes, and the log has no score of one in these frames"


def test_the_stored_figures_are_means_over_the_published_seeds() -> None:
    # computed apart from the score file of danijar/dreamerv3 at e3f0224
    for game, score in (("alien", 1118), ("boxing", 82), ("hero", 13354), ("kangaroo", 2643), ("up_n_down", 46910)):
        found = quoted_table("atari100k", f"atari100k_{game}", None)
        assert found is not None and found.published is not None
        assert round(found.published) == score
    assert len([task for task in envelope_tasks("atari100k") if quoted_table("atari100k", task, None)]) == 26


def test_a_seed_without_an_episode_in_the_frames_has_no_figure() -> None:
    runs = [{"task": "atari_pong", "xs": [389_000, 400_000, 400_100], "ys": [5, 7, 9]}]
    runs.append({"task": "atari_pong", "xs": [380_000], "ys": [1]})
    assert table(runs) == {"atari100k_pong": [7.0, None]}


def test_dmc_is_the_last_tenth_like_the_published_seeds(tmp_path: Path) -> None:
    found = _quoted(Watcher(native_run(tmp_path / "run", noise=0.0)).look())
    assert (found["from_frames"], found["to_frames"]) == (440_000, 490_000)
    seeds = walker().final.seeds
    assert found["published"] == pytest.approx(fmean(seeds))
    assert found["value"] == pytest.approx(fmean(y for y in walker().curves[0][-5:] if y is not None))
    assert any(found["value"] == pytest.approx(seed, rel=1e-3) for seed in seeds)


def test_another_laboratory_quotes_evaluations(tmp_path: Path) -> None:
    envelope = load_envelope("dmc_proprio", "dmc_fish_swim", "tdmpc2")
    assert envelope is not None
    rows: list[Row | str] = [{"step": int(edge), "eval_return": 500.0} for edge in envelope.grid]
    append(tmp_path / "metrics.jsonl", [*rows, {"step": 4_000_000, "train_return": 1.0}])
    found = _quoted(Watcher(tmp_path, "dmc_fish_swim", "dmc_proprio", 2).look())
    assert (found["value"], found["scores"], found["to_frames"]) == (500.0, "eval", 4_000_000)


def test_crafter_quotes_the_score_of_its_paper(tmp_path: Path) -> None:
    from dreamerguard_agent.achievements import achievement_score, success_rates

    (tmp_path / "run.yaml").write_text(json.dumps({"task": "crafter_reward", "env": {"action_repeat": 1}}))
    keys = ("collect_coal", "collect_wood", "place_plant")
    rows: list[Row | str] = []
    for index in range(1, 11):
        counts = {f"log/achievement_{key}/max": float(index % (2 + place)) for place, key in enumerate(keys)}
        rows.append({"frames": 100_000 * index, "score": 3.0, "length": 100, **counts})
    late = {f"log/achievement_{key}/max": 9.0 for key in keys}
    append(tmp_path / "scores.jsonl", [*rows, {"frames": 1_100_000, "score": 9.0, "length": 100, **late}])
    status = Watcher(tmp_path).look()
    found = _quoted(status)
    episodes = [row for row in rows if isinstance(row, dict)]
    assert found["value"] == pytest.approx(achievement_score(success_rates(episodes)))
    assert (found["count"], found["published"], found["final"]) == (10, 14.5, True)
    assert "published 14.5 %" in status_text(status)


def test_crafter_reads_what_the_environment_wrote(tmp_path: Path) -> None:
    assert crafter_score(tmp_path, 1e6) is None
    for number in (0, 1):
        rows: list[Row | str] = [{"length": 100, "reward": 1.0, "achievement_collect_coal": number} for _ in range(4)]
        append(tmp_path / f"env{number}" / "stats.jsonl", rows)
    assert crafter_score(tmp_path, 1e6) == (pytest.approx(50.0), 8)
    assert crafter_score(tmp_path, 400) == (pytest.approx(50.0), 4)


def test_reports_show_it_and_tasks_without_a_table_do_not(tmp_path: Path) -> None:
    page = report_page([describe_run("run", Watcher(native_run(tmp_path / "run")).look())], "today")
    assert "As papers quote it: mean score of training episodes from 440,000 to 490,000 frames" in page
    rows: list[Row | str] = [{"step": 1000 * i, "train_return": 1.0} for i in range(9)]
    append(tmp_path / "other" / "metrics.jsonl", rows)
    status = Watcher(tmp_path / "other", "bsuite_catch/0").look()
    assert status_json(status)["quoted"] is None
    assert "papers quote" not in status_text(status)
