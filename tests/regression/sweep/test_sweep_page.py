"""The page about a sweep: whole, escaped, without anything from outside, and its first sentence."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from dreamerguard.regression.charts.sweep_charts import task_charts
from dreamerguard.regression.charts.sweep_page import headline
from dreamerguard.regression.sweep.references import task_references
from dreamerguard.regression.sweep.winners import compare_combinations

from ..test_report import Page
from .pages import empty_page, facts_of, hostile_page, large_page, stopped_page, stopped_sweep
from .sweeps import TASKS, sweep


@pytest.fixture(scope="module")
def stopped() -> str:
    return stopped_page()


def test_the_first_sentence_says_who_leads_how_sure_what_was_stopped_and_what_it_saved(stopped: str) -> None:
    lead = re.search(r'<p class="lead"><strong>(.*?)</strong>', stopped)
    assert lead is not None
    words = lead[1].replace("\u00a0", " ")
    assert words.startswith(
        "run.train_ratio=512 leads, but run.train_ratio=256 may be as good (family-wise error at most 5 %)"
    )
    assert words.endswith("; early stops ended 6 runs of 1 combination and saved 9.6 h and 15.9 % of the updates.")


def test_without_stops_the_sentence_says_so() -> None:
    runs = [run for run in stopped_sweep() if "-64-" not in run.name]
    assert headline(compare_combinations(runs), runs, facts_of(runs)).endswith("; no run was stopped early.")


def test_the_page_is_whole_and_has_every_part(stopped: str) -> None:
    page = Page(stopped)
    titles = re.findall(r"<h2>(.*?)</h2>", stopped)
    assert titles == ["Combinations", "Scores by task", "Curves by task", "Cost", "Runs", "How sure this is"]
    assert len(page.all("svg")) == len(TASKS)
    assert stopped.count("5 published seeds, same mean, lowest to highest") == len(TASKS)
    assert "refused: low-train-ratio; lint: low-train-ratio" in page.words
    assert "6 of 6 tasks" in page.words and "REGRESSED" in page.words
    assert "of 3 M planned, 15.9 % saved by early stops" in page.words.replace("\u00a0", " ")
    assert not page.all("script") and not page.all("img") and "http:" not in stopped and "https:" not in stopped


def test_nothing_hostile_becomes_markup() -> None:
    written = hostile_page()
    page = Page(written)
    assert not page.all("script") and not page.all("img")
    assert "\x1b" not in written and "\u202e" not in written
    assert "window.hacked=1" in page.words


def test_a_large_sweep_has_more_tables_and_closed_parts() -> None:
    written = large_page()
    page = Page(written)
    assert "34 more stand in the tables" in page.words
    assert len(page.all("details")) == 1  # the runs
    assert written.count('class="line run-') > 0
    widest = max(head.count("<th ") for head in re.findall(r"<thead>(.*?)</thead>", written))
    assert widest <= 10


def test_a_sweep_that_has_not_begun_has_a_page() -> None:
    page = Page(empty_page())
    assert "No combination has scores yet" in page.words and "6 waiting" in page.words
    assert not page.all("svg")


@pytest.mark.parametrize(("share", "bands"), [(0.05, 0), (0.3, 1)])
def test_short_runs_fill_their_chart_and_have_the_reference_only_in_its_cells(share: float, bands: int) -> None:
    full = sweep(share, {"512": 1.0}, {"512": [0, 1]}, TASKS[:1])
    runs = [replace(run, budget=share * run.budget) for run in full]
    references, _ = task_references(TASKS)
    (chart,) = task_charts(runs, references, [runs[0].label])
    assert chart.x_end == runs[0].budget and len(chart.bands) == bands
    drawn = [line for line in chart.lines if line.style.startswith("run-0")]
    assert len(drawn) == 3 and all(line.points and line.points[-1][0] > 0.7 * chart.x_end for line in drawn)
    assert all(x <= chart.x_end for band in chart.bands for x, _, _ in band.points)
