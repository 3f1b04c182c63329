"""How the settings of a sweep vary."""

from __future__ import annotations

import pytest

from dreamerguard.core.source import Source, SourceError
from dreamerguard.sweep.plan.combinations import combinations
from dreamerguard.sweep.plan.read_file import parse_sweep


def expand(vary: str, *, seeds: int = 1) -> list[dict[str, str]]:
    return [dict(item) for item in combinations(parse_sweep(Source("s", f"tasks: [t]\nseeds: {seeds}\nvary:\n{vary}")))]


def test_nothing_that_varies_is_one_combination() -> None:
    assert [dict(item) for item in combinations(parse_sweep(Source("s", "tasks: [t]\nseeds: 1\n")))] == [{}]


def test_a_grid_has_every_combination_in_order() -> None:
    found = expand("  - grid: {a: [1, 2], b: [x, y]}\n")
    assert found == [{"a": "1", "b": "x"}, {"a": "1", "b": "y"}, {"a": "2", "b": "x"}, {"a": "2", "b": "y"}]


def test_a_zip_pairs_values() -> None:
    assert expand("  - zip: {a: [1, 2], b: [x, y]}\n") == [{"a": "1", "b": "x"}, {"a": "2", "b": "y"}]


def test_a_list_keeps_its_combinations() -> None:
    assert expand("  - list: [{a: 1, b: 2}, {b: 4, a: 3}]\n") == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]


def test_blocks_are_combined() -> None:
    found = expand("  - grid: {a: [1, 2]}\n  - list: [{b: 1}, {b: 2}]\n")
    assert [tuple(item.values()) for item in found] == [("1", "1"), ("1", "2"), ("2", "1"), ("2", "2")]


def test_equal_combinations_count_once() -> None:
    assert expand("  - list: [{a: 1}, {a: 1.0}, {a: 2}]\n") == [{"a": "1"}, {"a": "2"}]


def test_draws_stay_in_their_bounds() -> None:
    draws = "u: {uniform: [-1, 1]}, l: {log_uniform: [1e-5, 1e-3]}, i: {integer: [3, 5]}, c: {choice: [p, q]}"
    for item in expand(f"  - random: {{count: 200, draw: {{{draws}}}}}\n"):
        assert -1 <= float(item["u"]) <= 1
        assert 1e-5 <= float(item["l"]) <= 1e-3
        assert item["i"] in "345"
        assert item["c"] in "pq"


def test_more_draws_and_more_keys_keep_the_drawn_values() -> None:
    few = expand("  - random: {count: 3, draw: {a: {uniform: [0, 1]}}}\n")
    more = expand("  - random: {count: 9, draw: {b: {uniform: [0, 1]}, a: {uniform: [0, 1]}}}\n")
    assert [item["a"] for item in more[:3]] == [item["a"] for item in few]
    assert expand("  - random: {count: 3, seed: 1, draw: {a: {uniform: [0, 1]}}}\n") != few


@pytest.mark.parametrize(
    ("vary", "told"),
    [
        ("  - grid: {seed: [1, 2]}\n", "vary sets seed: use seeds"),
        ("  - grid: {task: [x]}\n", "vary sets task: use tasks"),
        ("  - grid: {a: [1]}\n  - zip: {a: [2]}\n", "vary sets a in two blocks"),
        ("  - random: {count: 100000, draw: {a: {uniform: [0, 1]}}}\n", "at most 100,000 are planned"),
    ],
)
def test_what_cannot_vary_is_refused(vary: str, told: str) -> None:
    with pytest.raises(SourceError, match=told.replace("(", r"\(")):
        expand(vary, seeds=2)
