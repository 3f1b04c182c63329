"""Drawn logs of all programs: whatever their rows hold, watch reads them, and stray rows do not change a verdict."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamerguard.logs import Follower, LogError, read_run
from dreamerguard.logs.event_files import read_events
from dreamerguard.logs.run_log import COPIES, FILES
from dreamerguard.regression.compare.compared_runs import against_reference, read_sides
from dreamerguard.regression.compare.decision import decide
from dreamerguard.regression.reference.comparability import NotComparable
from dreamerguard.regression.watch.status_report import status_json, status_text
from dreamerguard.regression.watch.verdict import State
from dreamerguard.regression.watch.watcher import Status, Watcher

from ..counting import counted
from ..regression.run_logs import Row, append, walker
from .event_writer import event, write_events
from .test_event_scores import PROGRAMS, records

#: Of each program with JSON lines: file, key of the step, key of the score, and metrics.
FORMATS = {
    "native": ("scores.jsonl", "frames", "score", ["updates"]),
    "danijar": ("scores.jsonl", "step", "episode/score", []),
    "danijar, metrics only": ("metrics.jsonl", "step", "episode/score", ["train/opt/updates", "replay/replay_ratio"]),
    "nm512_torch": ("metrics.jsonl", "step", "train_return", ["update_count", "model_loss", "model_grad_norm", "fps"]),
    "r2dreamer": ("metrics.jsonl", "step", "episode/score", ["train/opt/updates", "fps/fps", "train/opt/lr"]),
    "torchrl": ("metrics.jsonl", "environment_steps", "score", ["updates", "loss_actor", "return"]),
}

NUMBERS = st.one_of(
    st.integers(-10, 600_000),
    st.integers(-(10**320), 10**320),
    st.floats(),
    st.sampled_from([1e308, -1e308, 1e154, 1e15, 5e-324, 2**63, -(2**63)]),
)
VALUES = st.one_of(NUMBERS, st.none(), st.booleans(), st.text(max_size=3), st.lists(NUMBERS, max_size=2))
LINES = st.sampled_from(["\n", "{", "[1]\n", "1\n", "null\n", '{"step": \n', '{"step": 1, "step": 2}\n', "\x00\x01\n"])


def rows(name: str) -> st.SearchStrategy[list[Row | str]]:
    _, x, score, metrics = FORMATS[name]
    row = st.dictionaries(st.sampled_from([x, x, score, "other", *metrics]), VALUES, max_size=5)
    full = st.fixed_dictionaries({x: st.integers(0, 600_000), score: VALUES}, optional=dict.fromkeys(metrics, VALUES))
    return st.lists(st.one_of(row, full, LINES), max_size=60)


def look(folder: Path) -> Status:
    """Looks at a run and makes every report; raises whatever these raise."""
    status = Watcher(folder, "dmc_walker_walk", "dmc_proprio", 2, memory_gb=64).look()
    assert "\n" not in status_text(status).splitlines()[0]
    json.dumps(status_json(status), allow_nan=False)
    return status


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=30)
@given(data=st.data())
def test_any_rows_are_read(name: str, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        append(folder / FORMATS[name][0], data.draw(rows(name)))
        if data.draw(st.booleans()):
            append(folder / "metrics.jsonl", data.draw(rows(name)))
        look(folder)
        try:
            sides = read_sides([folder], "dmc_walker_walk", "dmc_proprio", 2)
            material = against_reference(sides, None, ["action-repeat", "score-kind", "edition"])
        except (LogError, NotComparable):
            return
        decide(material.tasks)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=30)
@given(data=st.data())
def test_reading_in_pieces_gives_the_same(name: str, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        whole, pieces = Path(temporary) / "whole", Path(temporary) / "pieces"
        file, x, score, metrics = FORMATS[name]
        drawn: list[Row | str] = [{x: 1, score: 1.0} | dict.fromkeys(metrics, 1.0)]
        drawn += [row for row in data.draw(rows(name)) if not isinstance(row, str) or row.endswith("\n")]
        pieces.mkdir()
        append(whole / file, drawn)
        follower = Follower(pieces)
        for row in drawn:
            append(pieces / file, [row])
            follower.poll()
        try:
            expected = read_run(whole)
        except LogError:
            return
        assert follower.log is not None
        assert list(follower.log.train) == list(expected.train)
        assert list(follower.log.evals) == list(expected.evals)
        assert follower.log.bad_scores == expected.bad_scores


def healthy(name: str, gain: float) -> list[Row | str]:
    """A run of walker-walk that repeats a published seed, its score times ``gain``."""
    _, x, score, metrics = FORMATS[name]
    envelope, found = walker(), []
    for edge, value in zip(envelope.grid, envelope.curves[0], strict=True):
        for part in range(4):
            frames = int(edge) - 8000 + 2500 * part
            found.append({x: frames, score: (value or 0.0) * gain, "length": 500})
            if "updates" in "".join(metrics):
                found[-1] |= {key: frames / 4 for key in metrics if "updates" in key}
    return list(found)


def noise(name: str) -> st.SearchStrategy[Row | str]:
    _, x, score, _ = FORMATS[name]
    step = st.one_of(st.integers(-100, 3), st.sampled_from([None, "1", True, 1e300, 10**12, float("nan")]))
    value = st.sampled_from([float("nan"), float("inf"), 1e308, None, "900", [1.0]])
    return st.one_of(
        st.sampled_from(['{"torn', "\n", "{}\n", "[]\n"]).map(lambda text: text if text[-1] == "\n" else f"{text}\n"),
        st.fixed_dictionaries({x: step, score: st.floats(-1, 1)}),
        st.fixed_dictionaries({x: st.integers(100_000, 400_000), score: value}),
    )


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=25)
@given(data=st.data(), gain=st.sampled_from([0.1, 1.0]))
def test_single_odd_rows_change_no_verdict(name: str, data: st.DataObject, gain: float) -> None:
    drawn = healthy(name, gain)
    places = data.draw(st.lists(st.integers(13, len(drawn) // 3), max_size=6, unique=True))
    for place in sorted(places, reverse=True):
        drawn.insert(3 * place, data.draw(noise(name)))
    with tempfile.TemporaryDirectory() as temporary:
        append(Path(temporary) / FORMATS[name][0], drawn)
        status = look(Path(temporary))
    assert status.verdict is not None
    assert status.verdict.state is (State.OK if gain == 1 else State.REGRESSED)
    assert [finding.name for finding in status.health if finding.severity.value == "error"] == []


def test_a_run_that_only_scores_nan_is_an_error(tmp_path: Path) -> None:
    rows = healthy("danijar", 1.0)
    for row in rows[-25:]:
        assert isinstance(row, dict)
        row["episode/score"] = float("nan")
    append(tmp_path / "scores.jsonl", rows)
    assert [finding.name for finding in look(tmp_path).health] == ["non-finite-score"]
    append(tmp_path / "scores.jsonl", [{"step": 500_000, "episode/score": 900.0}])
    assert look(tmp_path).health == ()


def test_a_log_without_scores_is_neither_early_nor_fine(tmp_path: Path) -> None:
    rows: list[Row | str] = [{"step": 1000 * i, "train/opt/updates": i, "fps/policy": 50.0} for i in range(400)]
    append(tmp_path / "metrics.jsonl", rows[:20])
    early = look(tmp_path)
    assert early.verdict is not None and early.verdict.state is State.TOO_EARLY
    append(tmp_path / "metrics.jsonl", rows[20:])
    status = look(tmp_path)
    assert status.verdict is None
    assert status_text(status).startswith("NO SCORES: dmc_walker_walk, the log has no score up to 399,000 frames")
    assert status_json(status)["no_scores"]


def test_scores_in_two_files_count_once_and_those_of_the_score_file_first(tmp_path: Path) -> None:
    follower = Follower(tmp_path)
    append(tmp_path / "metrics.jsonl", [{"step": 1000 * i, "episode/score": 1.0} for i in range(1, 4)])
    follower.poll()
    log = follower.log
    assert log is not None and log.places == {"train": COPIES}
    assert list(log.train) == [(1000, 1), (2000, 1), (3000, 1)]
    append(tmp_path / "scores.jsonl", [{"step": 1000 * i, "episode/score": 2.0} for i in range(1, 3)])
    append(tmp_path / "metrics.jsonl", [{"step": 4000, "episode/score": 1.0}])
    follower.poll()
    assert log.places == {"train": FILES}
    assert list(log.train) == [(1000, 2), (2000, 2)]


TAGS = ["Rewards/rew_avg", "Test/cumulative_reward", "Params/replay_ratio", "Loss/policy_loss", "Grads/actor", "x"]
SCALARS = st.tuples(
    st.one_of(st.integers(0, 300_000), st.integers(-(2**63), 2**63 - 1)),
    st.sampled_from(TAGS),
    st.one_of(st.floats(width=32), st.sampled_from([3e38, -3e38])),
    st.booleans(),
)


@settings(max_examples=50)
@given(st.lists(SCALARS, max_size=60), st.binary(max_size=20))
def test_any_events_are_read(tmp_path_factory: pytest.TempPathFactory, drawn: list[Any], rest: bytes) -> None:
    folder = tmp_path_factory.mktemp("events")
    (folder / "events.out.tfevents.1.host").write_bytes(b"".join(event(*scalar) for scalar in drawn) + rest)
    look(folder)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(20, 196), st.sampled_from([-(2**63), -5, 0, 10**15])), max_size=4))
def test_stray_events_change_no_verdict(tmp_path_factory: pytest.TempPathFactory, odd: list[tuple[int, int]]) -> None:
    folder = tmp_path_factory.mktemp("events")
    rows = [(row["frames"] // 2, row["score"]) for row in healthy("native", 1.0) if isinstance(row, dict)]
    for place, step in sorted(dict(odd).items(), reverse=True):
        if place % 2:
            rows.insert(place, (step, 0.0))
    data = b"".join(event(step, TAGS[0], score, False) for step, score in rows)
    (folder / "events.out.tfevents.1.host").write_bytes(data)
    verdict = look(folder).verdict
    assert verdict is not None and verdict.state is State.OK


CONFIG = st.dictionaries(
    st.sampled_from(["task", "seed", "batch_size", "batch_length", "replay_context", "run", "env", "replay"]),
    st.one_of(
        VALUES,
        st.dictionaries(
            st.sampled_from(["steps", "train_ratio", "dmc", "action_repeat", "frames"]), VALUES, max_size=4
        ),
        st.fixed_dictionaries({"dmc": st.fixed_dictionaries({"repeat": VALUES})}),
    ),
    max_size=6,
)


@settings(max_examples=30)
@given(CONFIG, st.sampled_from([("config.yaml", "danijar"), ("run.yaml", "native")]), st.booleans())
def test_any_stored_configuration_is_read(stored: Row, kind: tuple[str, str], own_task: bool) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        text = json.dumps(stored).replace("Infinity", ".inf").replace("NaN", ".nan")
        (folder / kind[0]).write_text(text)
        append(folder / "scores.jsonl", healthy(kind[1], 1.0))
        task = "dmc_walker_walk" if own_task else None
        status = Watcher(folder, task, memory_gb=64).look()
        status_text(status)
        json.dumps(status_json(status), allow_nan=False)


DAMAGES = st.lists(
    st.tuples(st.integers(0, 999), st.binary(max_size=12), st.sampled_from([1, 1, 700]), st.integers(0, 40)),
    min_size=1,
    max_size=5,
)


def damaged(data: bytes, changes: list[tuple[int, bytes, int, int]]) -> bytes:
    """The data with pieces replaced, each at a place in thousandths of its length."""
    for place, piece, times, length in changes:
        at = len(data) * place // 1000
        data = data[:at] + piece * times + data[at + length :]
    return data


@pytest.mark.parametrize("program", PROGRAMS)
@settings(max_examples=30)
@given(changes=DAMAGES)
def test_damaged_event_files_of_every_program(program: str, changes: list[tuple[int, bytes, int, int]]) -> None:
    whole = b"".join(records(program)[:200])
    true = {(scalar.step, scalar.tag, scalar.value) for scalar in read_events(whole).scalars}
    found = read_events(damaged(whole, changes))
    assert {(scalar.step, scalar.tag, scalar.value) for scalar in found.scalars} <= true
    assert len(found.scalars) >= len(true) - sum(2 + length // 40 for *_, length in changes)
    with tempfile.TemporaryDirectory() as temporary, counted() as work:
        write_events(Path(temporary) / PROGRAMS[program][0], [damaged(whole, changes)])
        look(Path(temporary))
    assert work.calls < 1_000_000


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=30)
@given(changes=DAMAGES)
def test_damaged_lines_of_every_program(name: str, changes: list[tuple[int, bytes, int, int]]) -> None:
    whole = "".join(json.dumps(row) + "\n" for row in healthy(name, 1.0)).encode()
    with tempfile.TemporaryDirectory() as temporary, counted() as work:
        (Path(temporary) / FORMATS[name][0]).write_bytes(damaged(whole, changes))
        verdict = look(Path(temporary)).verdict
    assert work.calls < 1_000_000
    assert verdict is not None and verdict.state is State.OK
