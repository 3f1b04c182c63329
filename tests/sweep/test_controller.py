"""The controller: every run ends once, whatever is killed, and a sweep continues with what is missing."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from dreamerguard.core.source import SourceError
from dreamerguard.sweep.jobs.worker_lock import holder
from dreamerguard.sweep.open_sweep import Led, leading
from dreamerguard.sweep.store import Displaced, SweepStore

from .sweeping import WAITING, command, control, count, opened, sweep_text, until

pytestmark = pytest.mark.integration
FAILING = "import sys; sys.exit(int(sys.argv[3]))"


def go(folder: Path) -> None:
    for run in (folder / "runs").iterdir():
        (run / "go").touch()


def test_all_runs_run_and_what_fails_is_tried_again(tmp_path: Path) -> None:
    with opened(tmp_path, sweep_text(FAILING, retries={"count": 2, "backoff": 0})) as store:
        done, heard = control(store)
        rows = {row.name: row for row in store.rows()}
    assert done
    assert {row.state for row in rows.values() if row.seed == 0} == {"finished"}
    failed = rows["a-s1"]
    assert (failed.state, failed.attempt, failed.failures, failed.exit_code) == ("failed", 3, 3, 1)
    assert failed.why == "exit code 1 after 3 attempts"
    assert heard.settlements.count(("a-s1", "waiting")) == 2


def test_a_run_that_cannot_start_is_not_tried_again(tmp_path: Path) -> None:
    text = sweep_text("", command=["./nothing", "{logdir}", "{task}", "{seed}"])
    with opened(tmp_path, text) as store:
        control(store)
        assert {(row.state, row.attempt) for row in store.rows()} == {("failed", 1)}
        assert "cannot start ./nothing" in store.rows()[0].why


def test_a_killed_controller_loses_nothing_and_runs_nothing_twice(tmp_path: Path) -> None:
    (tmp_path / "sweep.yaml").write_text(sweep_text(WAITING))
    target = tmp_path / "sweep"
    first = command(tmp_path, "sweep.yaml", "--dir", "sweep", "--no-config")
    until(lambda: target.exists() and (target / "runs").exists() and sum(count(target, "starts")) == 4)
    first.kill()
    first.wait()
    (target / "runs" / "a-s0" / "go").touch()  # ends while nobody leads
    until(lambda: sum(count(target, "ends")) == 1)
    second = command(tmp_path, "resume", "sweep", "--no-config")
    until(lambda: SweepStore(target).counts().get("finished") == 1)
    go(target)
    assert second.wait() == 0, (tmp_path / "said.txt").read_text()
    assert count(target, "starts") == count(target, "ends") == [1, 1, 1, 1]
    assert {(row.state, row.attempt) for row in SweepStore(target).rows()} == {("finished", 1)}


def test_a_killed_worker_is_started_again_after_its_program_has_ended(tmp_path: Path) -> None:
    with opened(tmp_path, sweep_text(WAITING, tasks=["a"], seeds=1)) as store:
        killed: list[int] = []

        def watch() -> dict[str, str]:
            if (tmp_path / "runs" / "a-s0" / "starts").exists() and not killed:
                killed.append((holder(tmp_path / "jobs" / "a-s0") or {})["pid"])
                os.kill(killed[0], signal.SIGKILL)
                (tmp_path / "runs" / "a-s0" / "go").touch()
            return {}

        control(store, watch)
        row = store.rows()[0]
    assert (row.state, row.attempt, row.failures) == ("finished", 2, 1)
    assert count(tmp_path, "starts") == [2]


def test_a_request_to_stop_saves_all_runs_and_the_next_controller_continues(tmp_path: Path) -> None:
    with opened(tmp_path, sweep_text(WAITING)) as store:
        done, heard = control(store, asked=lambda: (tmp_path / "runs").exists() and sum(count(tmp_path, "starts")) == 4)
        assert not done and heard.pauses == 1
        assert {row.state for row in store.rows()} == {"waiting"}
        assert {row.failures for row in store.rows()} == {0}
    assert count(tmp_path, "saved") == [1, 1, 1, 1]
    go(tmp_path)
    with opened(tmp_path) as store:
        assert control(store)[0]
    assert count(tmp_path, "ends") == [1, 1, 1, 1]


def test_hopeless_runs_stop_for_good_and_waiting_ones_never_start(tmp_path: Path) -> None:
    text = sweep_text(WAITING, engine={"slots": 2})
    with opened(tmp_path, text) as store:

        def watch() -> dict[str, str]:
            if sum(count(tmp_path, "starts")) < 2:
                return {}
            (tmp_path / "runs" / "b-s0" / "go").touch()
            (tmp_path / "runs" / "b-s1").mkdir(exist_ok=True)
            (tmp_path / "runs" / "b-s1" / "go").touch()
            return {"a-s0": "hopeless: low", "a-s1": "hopeless: low"}

        done, heard = control(store, watch)
        rows = {row.name: row for row in store.rows()}
    assert done
    assert {name: (row.state, row.attempt) for name, row in rows.items()} == {
        "a-s0": ("stopped", 1), "a-s1": ("stopped", 0), "b-s0": ("finished", 1), "b-s1": ("finished", 1),
    }  # fmt: skip
    assert rows["a-s0"].why == "hopeless: low"
    assert set(heard.reasons) == {"a-s0", "a-s1"}


def test_hopeless_runs_go_on_if_the_file_says_so(tmp_path: Path) -> None:
    text = sweep_text("", watch={"interval": 0.2, "stop": False})
    with opened(tmp_path, text) as store:
        _, heard = control(store, lambda: {"a-s0": "hopeless: low"})
        assert {row.state for row in store.rows()} == {"finished"}
    assert heard.reasons in ({}, {"a-s0": "hopeless: low"})


def test_a_stop_that_was_decided_before_a_kill_is_carried_out_after_it(tmp_path: Path) -> None:
    (tmp_path / "sweep.yaml").write_text(sweep_text(WAITING, tasks=["a"], seeds=1))
    target = tmp_path / "sweep"
    first = command(tmp_path, "sweep.yaml", "--dir", "sweep", "--no-config")
    until(lambda: target.exists() and (target / "runs").exists() and sum(count(target, "starts")) == 1)
    first.kill()
    first.wait()
    with opened(target) as store:
        store.ask_stop({"a-s0": "hopeless: low"})  # and killed before the worker was asked
    with opened(target) as store:
        control(store)
        assert [(row.state, row.why) for row in store.rows()] == [("stopped", "hopeless: low")]
    assert count(target, "saved") == [1]


def test_runs_get_their_environment_and_their_part_of_a_gpu(tmp_path: Path) -> None:
    program = (
        "import os, pathlib, sys; names = ('OWN', 'CUDA_VISIBLE_DEVICES', 'XLA_PYTHON_CLIENT_MEM_FRACTION')\n"
        "pathlib.Path(sys.argv[1] + '.env').write_text(' '.join(str(os.environ.get(name)) for name in names))"
    )
    engine = {"gpus_per_run": 0.5, "gpus": [3], "slots": 4}
    with opened(tmp_path, sweep_text(program, engine=engine, env={"OWN": "yes"})) as store:
        assert control(store)[0]
    found = {path.read_text() for path in (tmp_path / "runs").glob("*.env")}
    assert found == {"yes 3 0.45"}


def test_one_controller_leads(tmp_path: Path) -> None:
    with (
        opened(tmp_path, sweep_text("")) as store,
        pytest.raises(Led, match="another controller leads"),
        leading(tmp_path, ["x"], lambda line: None),
    ):
        pass
    other = SweepStore(tmp_path)
    store = SweepStore(tmp_path)
    store.lead("first")
    other.lead("second")  # as after a pause of the first one that was taken for its end
    with pytest.raises(Displaced):
        store.claim("embedded", 1)
    assert [row.attempt for row in other.claim("embedded", 1)] == [1]


def test_seeds_may_be_added_but_neither_combinations_nor_other_settings(tmp_path: Path) -> None:
    words = ["true", "{logdir}", "{task}", "{seed}", "{x}"]
    vary = [{"grid": {"x": [1, 2]}}]
    plain = {"command": words, "vary": vary}
    with opened(tmp_path, sweep_text("", **plain)) as store:
        assert len(store.rows()) == 8
    with opened(tmp_path, sweep_text("", **plain, seeds=3)) as store:
        assert len(store.rows()) == 12
    for change, told in (
        ({"vary": [{"grid": {"x": [1, 2, 3]}}], "seeds": 3}, "without the combination x=3"),
        ({"command": [*words, "--more"], "seeds": 3}, "'--more' in the file"),
        ({"seeds": 2}, "is not in the file"),
    ):
        with pytest.raises(SourceError, match=told), opened(tmp_path, sweep_text("", **{**plain, **change})):
            pass
