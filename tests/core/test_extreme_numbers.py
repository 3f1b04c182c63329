"""The helpers for numbers are total: none raises an error for a number that Python can hold."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamerguard.core.arithmetic import quotient, round_half, round_up
from dreamerguard.core.budget import Budget, causes, update_share, usable_budget
from dreamerguard.core.key import Key
from dreamerguard.core.log_format import StoredSettings
from dreamerguard.core.values import as_number, read_value, spell_scalar
from dreamerguard.rules.helpers.formatting import amount, gibibytes, score, share, times

HUGE = 10**400
numbers = st.one_of(
    st.floats(),
    st.integers(-(2**70), 2**70),
    st.sampled_from([HUGE, -HUGE, 1e308, -1e308, 1e-320, 5e-324, 0.0, -0.0, math.inf, -math.inf, math.nan, 2**63]),
)
KEYS = [
    Key("a", "number", None), Key("a", "number", None, low=1), Key("a", "number", None, above=0, high=math.inf),
    Key("a", "integer", None, low=1, high=9), Key("a", "integer", None, multiple=16), Key("a", "boolean", None),
    Key("a", "integers", None), Key("a", "choice", None, choices=(1, "b")), Key("a", "text", None),
]  # fmt: skip


@given(numbers)
def test_helpers_accept_every_number(number: float) -> None:
    for helper in (amount, times, share, score, gibibytes, spell_scalar, round_up, round_half):
        assert helper(as_number(number)) is not None
    assert len(spell_scalar(number)) < 30
    for key in KEYS:
        key.accepts_type(number)
        key.convert(number)
        assert key.expected_instead(number)
        if key.kind in ("number", "integer") and not math.isfinite(as_number(number)):
            assert key.in_range(number) == (number == math.inf == key.high)


@given(st.lists(numbers.map(as_number), min_size=7, max_size=7))
def test_a_usable_budget_has_finite_figures(figures: list[float]) -> None:
    budget, reference = usable_budget(Budget(*figures)), Budget(1e6, 2, 512, 16, 64, 1000)
    if budget is None:
        return
    assert budget.steps_per_update >= 0 or budget.train_ratio < 0
    assert not any(map(math.isnan, causes(budget, reference, "full").values()))
    assert not math.isnan(update_share(budget, reference, "short")) and not math.isnan(budget.updates)
    assert not math.isnan(budget.frames_after(10))


@given(numbers.map(as_number), numbers.map(as_number))
def test_quotients(one: float, other: float) -> None:
    found = quotient(one, other)
    assert other == 0 or math.isnan(found) or found == one / other


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (HUGE, "1e+400"), (-HUGE, "-1e+400"), (3 * 10**350, "3e+350"), (10**25, "1e+25"), (10**20, f"1{'0' * 20}"),
        (1e-320, "1e-320"), (5e-324, "5e-324"), (2**63, "9223372036854775808"), (1e300, "1e+300"),
    ],
)  # fmt: skip
def test_long_numbers_are_shortened(value: float, text: str) -> None:
    assert spell_scalar(value) == text
    assert as_number(read_value(text)) == as_number(value)


def test_messages_about_numbers_that_no_float_holds() -> None:
    assert (amount(math.inf), share(1e-320), amount(1e300)) == ("more than 1e308", "1e-318 %", "1e+300")
    assert Key("a", "number", None, above=0).expected_instead(math.inf) == "a finite number above 0"
    assert Key("a", "integer", None, low=1).expected_instead(10**30) == "a whole number of at least 1, below 2^63"


def test_endless_runs_are_compared_by_their_rates() -> None:
    run, reference = Budget(math.inf, 1, 256, 16, 64, 0), Budget(math.inf, 1, 512, 16, 64, 0)
    assert update_share(run, reference, "full") == 0.5
    assert usable_budget(run) == run


def test_counts_of_a_stored_configuration() -> None:
    stored = StoredSettings({"a": HUGE, "b": 1e300, "c": "1e400", "d": 16, "e": 2.0**63})
    assert [stored.whole(key) for key in "abcde"] == [None, None, None, 16, 2**63]
    assert (stored.product("b", "d"), stored.product("d", "d")) == (None, 256)
