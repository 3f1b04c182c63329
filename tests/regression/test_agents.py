"""Every verdict states which agent made the reference curves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest

from dreamerguard.commands.shared.report_settings import describe_run
from dreamerguard.commands.shared.training import agents_line
from dreamerguard.regression.charts.page import report_page
from dreamerguard.regression.compare.compared_runs import against_reference, read_sides
from dreamerguard.regression.published import Release, envelope_tasks, load_envelope, releases
from dreamerguard.regression.published.agents import AGENTS, curves_caveat, own_curves_caveat
from dreamerguard.regression.reference.own import build_reference_file
from dreamerguard.regression.watch.status_report import status_json, status_text
from dreamerguard.regression.watch.watcher import Watcher
from dreamerguard.schema import RunConfig
from dreamerguard.schema.published_editions import Edition
from dreamerguard.schema.tasks import suite_names

from .run_logs import native_run

AGENT_2023 = "the reference curves were made by the agent of arXiv v1 (January 2023, danijar/dreamerv3 at 8fa35f8)"
MEANING = "the bundled trainer runs the algorithm of danijar/dreamerv3 at e3f0224 in every edition"


@pytest.mark.parametrize("edition", ["paper-2023", "paper-2025"])
def test_a_verdict_names_the_agent_behind_the_curves(edition: str, tmp_path: Path) -> None:
    status = Watcher(native_run(tmp_path / "run", edition=edition)).look()
    assert f"  note: {AGENT_2023}; {MEANING}" in status_text(status)
    assert any(caveat.startswith(AGENT_2023) for caveat in status_json(status)["caveats"])
    assert ("settings of edition paper-2025" in status_text(status)) == (edition == "paper-2025")


def test_a_report_names_it_in_its_notes_and_facts(tmp_path: Path) -> None:
    run = describe_run("run", Watcher(native_run(tmp_path / "run")).look())
    page = report_page([run], "today")
    assert AGENT_2023 in page and MEANING in page
    assert "bundled trainer (danijar/dreamerv3 at e3f0224)" in page


def test_a_comparison_with_published_curves_names_it_too(tmp_path: Path) -> None:
    native_run(tmp_path / "run")
    caveats = against_reference(read_sides([tmp_path / "run"]), "2024").caveats
    assert any(caveat.startswith(f"{AGENT_2023}; {MEANING}") for caveat in caveats)


def test_other_programs_are_other_agents() -> None:
    text = curves_caveat("paper-2025", "danijar")
    assert text.endswith("a run of another program or version is another agent and may score differently")


def test_a_custom_reference_names_the_program_of_its_runs(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        native_run(tmp_path / name)
    path = tmp_path / "own.json"
    path.write_text(json.dumps(build_reference_file(read_sides([tmp_path / name for name in ("a", "b", "c")]))))
    made = "Its curves were made by bundled trainer (danijar/dreamerv3 at e3f0224); a run of another program"
    status = Watcher(native_run(tmp_path / "run"), reference=str(path)).look()
    assert any(made in caveat for caveat in status_json(status)["caveats"])
    assert AGENT_2023 not in status_text(status)


def test_a_custom_reference_of_two_programs_names_both() -> None:
    text = own_curves_caveat(["sheeprl", "danijar", "sheeprl"])
    assert text.startswith("Its curves were made by danijar, sheeprl; a run of another program or version")


def test_every_edition_with_curves_has_an_agent() -> None:
    assert set(AGENTS) == set(get_args(Edition))
    for suite in suite_names():
        for release in releases(suite):
            envelope = load_envelope(suite, envelope_tasks(suite, release)[0], release)
            assert envelope is not None and envelope.edition in AGENTS
    assert set(get_args(Release)) == {"2023", "2024", "tdmpc2"}


@pytest.mark.parametrize(
    ("task", "edition", "curves"),
    [
        ("dmc_walker_walk", "paper-2025", "the published curves were made by the agent of arXiv v1"),
        ("atari100k_pong", "paper-2025", "the published curves were made by the agent of arXiv v2"),
        ("crafter_reward", "head", "no curves are published"),
        ("gym:CartPole-v1", None, "no curves are published"),
    ],
)
def test_train_begins_with_the_agents(task: str, edition: Edition | None, curves: str) -> None:
    line = agents_line(RunConfig(task=task, edition=edition))
    settings = f" with settings of edition {edition}" if edition else ""
    assert line.startswith(f"agent: the algorithm of danijar/dreamerv3 at e3f0224{settings}; {curves}")
