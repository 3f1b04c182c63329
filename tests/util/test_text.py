"""Numbers with their nouns."""

import pytest

from dreamerguard.util.text import number_of


@pytest.mark.parametrize(
    ("count", "noun", "plural", "shown"),
    [
        (0, "run", "", "0 runs"),
        (1, "run", "", "1 run"),
        (1200, "run", "", "1,200 runs"),
        ("1", "batch", "batches", "1 batch"),
        ("2.5", "batch", "batches", "2.5 batches"),
        ("1, 2", "frame", "", "1, 2 frames"),
    ],
)
def test_a_noun_agrees_with_its_number(count: int | str, noun: str, plural: str, shown: str) -> None:
    assert number_of(count, noun, plural) == shown
