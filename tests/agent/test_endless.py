"""Tasks without a time limit: training goes on without scores, and an evaluation ends."""

import inspect
from pathlib import Path

import pytest

from dreamerguard.schema import RunConfig
from dreamerguard.schema.time_limits import ENDLESS
from dreamerguard_agent import evaluate
from dreamerguard_agent.failures import EndlessEpisodes
from dreamerguard_agent.loop import train

from .test_loop import SMALL, Heard

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("quick_programs")]

TASK = "dmc_lqr_lqr_2_1"


class Noted(Heard):
    """Remembers notes too."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def test_evaluations_end_where_episodes_do_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "MOST_STEPS_WITHOUT_LIMIT", 30)
    config, heard = RunConfig(**{**SMALL, "task": TASK, "eval": {"every": 400, "episodes": 3}}), Noted()
    outcome = train(config, tmp_path, heard, lambda: False)
    assert outcome.finished and heard.evaluations == []
    (said,) = [note for note in heard.notes if note.startswith("evaluation: ")]  # once, though three were due
    assert "no score: 2 episodes did not end within 30 agent steps; dmc_lqr_lqr_2_1 has no time limit, and an" in said
    assert (tmp_path / "scores.jsonl").read_text() == ""

    warnings: list[str] = []
    with pytest.raises(EndlessEpisodes, match="1 episode did not end within 30 agent steps") as raised:
        evaluate.evaluate_checkpoint(config, tmp_path, 1, 0, warnings.append)
    assert "The rewards until then sum up to " in str(raised.value)
    assert warnings == [f"{TASK} has no time limit; an episode is given up after 30 agent steps"]


@pytest.mark.slow
def test_episodes_within_the_limit_are_scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, heard = RunConfig(**{**SMALL, "run": {"frames": 300, "train_ratio": 0, "envs": 2}}), Noted()
    train(config, tmp_path, heard, lambda: False)
    monkeypatch.setattr(evaluate, "MOST_STEPS", 500)  # exactly the episodes' length at repeat 2
    _, scores = evaluate.evaluate_checkpoint(config, tmp_path, 3, 0)
    assert [len(mine) for mine in scores.values()] == [3]
    monkeypatch.setattr(evaluate, "MOST_STEPS", 499)
    with pytest.raises(EndlessEpisodes, match="2 episodes did not end within 499 agent steps"):
        evaluate.evaluate_checkpoint(config, tmp_path, 3, 0)


def test_the_known_tasks_are_those_of_dm_control_without_a_limit() -> None:
    from dm_control import suite

    found = {
        f"dmc_{domain}_{task}"
        for domain, task in suite.ALL_TASKS
        if inspect.signature(suite._DOMAINS[domain].SUITE[task]).parameters["time_limit"].default == float("inf")
    }
    assert found == set(ENDLESS)
