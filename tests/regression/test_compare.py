"""Rule R2: small cases by hand, error rates on shuffled seeds, and what may not be compared."""

from __future__ import annotations

import json
import math
import random
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import comparison
from benchmarks.published import Suite
from dreamerguard.regression.compare.compared_runs import against_reference, against_runs, read_sides
from dreamerguard.regression.compare.comparison_report import FORMATS
from dreamerguard.regression.compare.decision import Outcome, TaskSeeds, decide
from dreamerguard.regression.reference.comparability import NotComparable
from dreamerguard.regression.statistics.permutation import PermutationTest as Permutations

from .run_logs import append, native_run


def _learning(final: float) -> tuple[float, ...]:
    """A curve that climbs to a final score within half of its cells."""
    return tuple(final * min(1.0, i / 25) for i in range(50))


def _task(base: Sequence[float], cand: Sequence[float], name: str = "task") -> TaskSeeds:
    return TaskSeeds(name, "suite", tuple(map(_learning, base)), tuple(map(_learning, cand)), prior=0.1)


def test_all_labelings_of_a_small_case() -> None:
    test = Permutations.of([[4.0, 5.0, 6.0]], [[1.0]])
    assert test.exact
    assert test.smallest_p == test.p_worse([0.0]) == 1 / 4
    assert test.p_better([0.0]) == 1
    assert test.p_worse([3.5]) == 2 / 4  # 4.5 is second of four
    two = Permutations.of([[4.0, 5.0, 6.0], [40.0, 50.0, 60.0]], [[1.0], [10.0]])
    assert two.p_worse([0.0, 0.0]) == 1 / 16
    assert two.p_worse([0.0, 25.0]) == pytest.approx(two.p_worse([2.5, 0.0]))  # tasks count alike at any scale


def test_the_p_value_is_the_share_of_labelings() -> None:
    base, cand = [1.0, 4.0, 6.0, 9.0], [3.0, 2.0]
    test = Permutations.of([base], [cand])
    assert len(test.strata[0].differences) == math.comb(6, 2)
    observed = sum(cand) / 2 - sum(base) / 4
    pool = cand + base
    pairs = [(a, b) for i, a in enumerate(pool) for b in pool[i + 1 :]]
    lower = sum((a + b) / 2 - (sum(pool) - a - b) / 4 <= observed + 1e-12 for a, b in pairs)
    assert test.p_worse([0.0]) == lower / len(pairs)


def test_equal_scores_show_nothing() -> None:
    test = Permutations.of([[5.0, 5.0, 5.0]], [[5.0, 5.0]])
    assert test.p_worse([0.0]) == test.p_better([0.0]) == 1
    assert test.p_better([1.0]) == 1 / 10


def test_drawn_labelings_agree_with_all() -> None:
    rng = random.Random(1)
    base = [[rng.gauss(0, 1) for _ in range(4)] for _ in range(3)]
    cand = [[rng.gauss(-0.3, 1) for _ in range(2)] for _ in range(3)]
    exact = Permutations.of(base, cand)
    drawn = Permutations(exact.strata, tuple(tuple(rng.choices(range(15), k=20_000)) for _ in range(3)))
    assert exact.exact
    assert not drawn.exact
    assert drawn.p_worse([0.0] * 3) == pytest.approx(exact.p_worse([0.0] * 3), abs=0.015)
    assert Permutations.of(base * 4, cand * 4, draws=500).p_worse([0.0] * 12) == Permutations.of(
        base * 4, cand * 4, draws=500
    ).p_worse([0.0] * 12)


def test_a_false_worse_is_as_rare_as_promised() -> None:
    rng, hits = random.Random(2), 0
    for _ in range(600):
        base, cand = ([[rng.lognormvariate(0, 1) for _ in range(k)] for _ in range(2)] for k in (3, 1))
        hits += Permutations.of(base, cand).p_worse([0.0, 0.0]) <= 0.0625
    assert hits / 600 <= 0.0625 + 3 * math.sqrt(0.0625 / 600)


@given(st.lists(st.floats(0, 100), min_size=6, max_size=6, unique=True), st.floats(0.1, 50))
@settings(max_examples=50)
def test_a_lower_candidate_is_never_less_worse(scores: list[float], loss: float) -> None:
    test = Permutations.of([scores[:4]], [scores[4:]])
    assert test.p_worse([-loss]) <= test.p_worse([0.0]) + 1e-9
    assert test.p_better([-loss]) >= test.p_better([0.0]) - 1e-9


def test_worse_non_inferior_and_inconclusive() -> None:
    base = [95.0, 98.0, 100.0, 102.0, 105.0]
    tasks = [_task(base, [96.0 - i, 99.0 - i], f"t{i}") for i in range(6)]
    worse = decide([_task(base, [70.0, 75.0], task.task) for task in tasks])
    assert worse.outcome is Outcome.WORSE
    assert worse.change is not None
    assert worse.low is not None
    assert worse.high is not None
    assert worse.low < worse.change < worse.high < 0
    assert worse.better == 0
    fine = decide([_task(base, [101.0, 99.0], task.task) for task in tasks])
    assert fine.outcome is Outcome.NON_INFERIOR
    assert fine.p_margin is not None
    assert fine.p_margin <= 0.05
    assert fine.reason.endswith("(12 candidate seeds against 30 baseline seeds on 6 tasks: t0, t1, t2, t3, t4, t5)")
    unclear = decide([_task([40.0, 100.0, 160.0], [90.0], "noisy")])
    assert unclear.outcome is Outcome.INCONCLUSIVE
    assert unclear.reason.endswith("(1 candidate seed against 3 baseline seeds on noisy)")
    assert "p cannot be below 0.25" in unclear.reason
    assert (unclear.low, unclear.high) == (None, None)


def test_a_slower_run_that_ends_as_high_is_worse_by_its_area() -> None:
    fast = tuple(_learning(100.0 + shift) for shift in range(-2, 3))
    slow = tuple(tuple((100.0 + s) * min(1.0, i / 44) for i in range(50)) for s in (-1, 1))
    result = decide([TaskSeeds(f"t{i}", "suite", fast, slow, 0.1) for i in range(4)])
    assert result.outcome is Outcome.WORSE
    assert "area under the curve" in result.reason
    assert result.p_final > 0.1


def test_further_seeds_by_hand() -> None:
    # prior 0.1 and no spread of its own: sd = sqrt(4 * 0.01 / (4 + 3)) = 0.0756 of what is learned; with n = 4 fixed
    # 2.487 * 0.0756 * sqrt((1 / 4 + 1 / k) / m) <= 0.05 first holds for m = 6 tasks at k = 3
    tasks = [_task([100.0] * 4, [90.0], f"t{i}") for i in range(6)]
    result = decide(tasks)
    sd = math.sqrt(0.04 / 7)
    need = next(k for k in range(1, 99) if 2.487 * sd * math.sqrt((1 / 4 + 1 / k) / 6) <= 0.05)
    assert result.further == need - 1
    few = decide([_task([100.0] * 3, [90.0])])
    assert few.further is None
    assert few.further_both is not None


def test_a_task_where_nothing_is_learned_cannot_be_lost() -> None:
    result = decide([TaskSeeds("skiing", "atari", ((0.0,) * 50,) * 3, ((0.0,) * 50,) * 2, 0.1)])
    assert (result.tasks[0].change, result.p_margin, result.change) == (None, None, None)
    assert result.outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("plan", [("dmc_vision", 5, 1, 6), ("dmc_proprio", 4, 1, 6), ("dmc_vision", 5, 2, 6)])
def test_healthy_published_seeds_are_rarely_called_worse(plan: tuple[str, int, int, int]) -> None:
    repetitions, rng = 60, random.Random(f"{plan}")
    suite = Suite(plan[0])
    samples = [comparison.draw(suite, *plan[1:], rng) for _ in range(repetitions)]
    healthy = sum(comparison.outcomes(sample, 0.0, i)[1] for i, sample in enumerate(samples))
    dropped = sum(comparison.outcomes(sample, 0.1, i)[1] for i, sample in enumerate(samples))
    assert healthy <= 0.08 * repetitions
    assert dropped >= 0.8 * repetitions


def _folder(tmp_path: Path, name: str, gain: float = 1.0, **known: object) -> list[Path]:
    return [native_run(tmp_path / name / f"s{i}", i, gain=gain, **known) for i in range(3)]  # type: ignore[arg-type]


def test_runs_against_the_published_curves(tmp_path: Path) -> None:
    low = decide(against_reference(read_sides(_folder(tmp_path, "low", 0.6)), "2024").tasks)
    assert low.outcome is Outcome.WORSE
    assert low.exact
    assert low.p_final == 1 / math.comb(8, 3)
    (task,) = low.tasks
    assert (task.n, task.k, task.too_low, task.better) == (5, 3, 3, 0)
    assert task.change == pytest.approx(-0.417, abs=0.01)
    fine = decide(against_reference(read_sides(_folder(tmp_path, "fine")), "2024").tasks)
    assert fine.outcome is not Outcome.WORSE
    assert fine.tasks[0].too_low == 0


def test_runs_against_runs_are_cut_to_the_shortest(tmp_path: Path) -> None:
    material = against_runs(
        read_sides(_folder(tmp_path, "new", cells=30)), read_sides(_folder(tmp_path, "old")), ()
    )  # fmt: skip
    assert "compared up to 300,000 frames" in " ".join(material.caveats)
    (task,) = material.tasks
    assert (len(task.baseline), len(task.candidate), len(task.candidate[0])) == (3, 3, 50)
    assert decide(material.tasks).tasks[0].change == pytest.approx(0, abs=0.01)


def test_what_differs_in_the_settings_is_said(tmp_path: Path) -> None:
    sides = [read_sides(_folder(tmp_path, name, ratio=ratio)) for name, ratio in (("new", 256), ("old", 512))]
    assert "settings differ: run.train_ratio 512 -> 256" in against_runs(*sides).caveats


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ({"repeat": 1}, "action-repeat .*: 1, 2"),
        ({"edition": "head"}, "edition .*: head, paper-2023"),
    ],
)
def test_runs_that_differ_are_refused(tmp_path: Path, known: dict[str, object], reason: str) -> None:
    new, old = read_sides(_folder(tmp_path, "new", **known)), read_sides(_folder(tmp_path, "old"))
    with pytest.raises(NotComparable, match=f"runs differ in {reason}.* not comparable; --allow"):
        against_runs(new, old)
    name = "action-repeat" if "repeat" in known else "edition"
    assert any(caveat.startswith("allowed: ") for caveat in against_runs(new, old, [name]).caveats)


def test_a_reference_that_shows_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotComparable, match="runs use 1 frame per action, the reference 2"):
        against_reference(read_sides(_folder(tmp_path, "repeat", repeat=1)), "2024")
    with pytest.raises(NotComparable, match=r"edition head, .* 1000 instead of 250 updates per 1000 frames"):
        against_reference(read_sides(_folder(tmp_path, "head", edition="head")), "2024")
    with pytest.raises(NotComparable, match="too short"):
        against_reference(read_sides(_folder(tmp_path, "short", cells=3)), "2024")


def test_evaluation_scores_are_not_training_scores(tmp_path: Path) -> None:
    append(tmp_path / "eval" / "metrics.jsonl", [{"step": 10_000 * i, "eval_return": 9.0} for i in range(1, 50)])
    sides = read_sides([tmp_path / "eval"], "dmc_walker_walk", None, 2)
    with pytest.raises(NotComparable, match="evaluation scores, the reference training scores"):
        against_reference(sides, "2024")
    with pytest.raises(NotComparable, match=r"score-kind .*: eval, train"):
        against_runs(sides, read_sides(_folder(tmp_path, "train")))


def test_runs_without_scores_task_or_common_task(tmp_path: Path) -> None:
    append(tmp_path / "a" / "metrics.jsonl", [{"step": 1, "train_return": 1.0}])
    append(tmp_path / "b" / "metrics.jsonl", [{"step": 1, "update_count": 1.0}])
    with pytest.raises(NotComparable, match="does not state its task: set --task"):
        read_sides([tmp_path / "a"])
    with pytest.raises(NotComparable, match="has no scores"):
        read_sides([tmp_path / "b"])
    mine, walker = read_sides([tmp_path / "a"], "my_task", "mine", 2), read_sides(_folder(tmp_path, "old"))
    assert (mine[0].task, mine[0].suite) == ("my_task", "mine")
    with pytest.raises(NotComparable, match="share no task"):
        against_runs(mine, walker)


def test_reports(tmp_path: Path) -> None:
    material = against_reference(read_sides(_folder(tmp_path, "low", 0.6)), "2024")
    result = decide(material.tasks)
    text, markdown, data, junit = (FORMATS[name](result, material.caveats) for name in FORMATS)
    sizes = "3 candidate seeds against 5 baseline seeds on dmc_walker_walk"
    assert text.startswith(f"WORSE: the final score is lower with p = 0.018 ({sizes})\n")
    assert "| dmc_walker_walk | 5 | 3 |" in markdown
    assert json.loads(data)["tasks"][0]["task"] == "dmc_walker_walk"
    suite = ElementTree.fromstring(junit)
    assert (suite.get("failures"), suite.get("skipped")) == ("1", "0")
    assert suite.find("testcase/failure") is not None
    unclear = decide([_task([40.0, 100.0, 160.0], [90.0])])
    assert ElementTree.fromstring(FORMATS["junit"](unclear, ["<&>"])).find("testcase/skipped") is not None
    assert "add tasks rather than seeds" in FORMATS["text"](unclear, [])
