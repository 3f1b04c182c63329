"""Records of a long event file that are not read are passed over together; which ones does not depend on that."""

from __future__ import annotations

import random

import pytest

from dreamerguard.logs.event_files import EventReader, EventScalar
from dreamerguard.logs.event_sampling import EventSampler

from .event_writer import event

SCORE = "episode/score"
TAGS = ["train/loss/a", SCORE, "train/loss/bb", "episode/length", "train/loss/ccc"]


def read_in_pieces(reader: EventReader, data: bytes, every: int, most: int | None, size: int) -> list[EventScalar]:
    """Reads a file that is given in pieces, as `EventFiles` does."""
    scalars: list[EventScalar] = []
    left = b""
    for start in range(0, len(data), size):
        left += data[start : start + size]
        found = reader.read(left, every, most)
        assert not found.damaged and not found.broken
        scalars += found.scalars
        left = left[found.used :]
    assert not left
    return scalars


@pytest.mark.parametrize("size", [61, 1000, 100_000])
@pytest.mark.parametrize(("every", "most"), [(7, None), (7, 20), (1, 3), (10**6, 1)])
def test_passing_over_changes_nothing(every: int, most: int | None, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(4)
    steps = sorted(draw.choices(range(10**6), k=900))
    data = b"".join(event(step, draw.choice(TAGS), draw.random()) for step in steps)
    fast = read_in_pieces(EventReader([SCORE]), data, every, most, size)
    monkeypatch.setattr(EventSampler, "pass_over", lambda self, at, lengths: at)
    assert read_in_pieces(EventReader([SCORE]), data, every, most, size) == fast
    assert len(fast) < 900 or (every, size) == (1, 61)


def test_all_scores_are_read_unless_they_are_too_many() -> None:
    data = b"".join(event(step, TAGS[step % 5], float(step)) for step in range(1000))
    steps = [scalar.step for scalar in EventReader([SCORE]).read(data, 50).scalars if scalar.tag == SCORE]
    assert steps == list(range(1, 1000, 5))
    some = [scalar.step for scalar in EventReader([SCORE]).read(data, 50, 20).scalars if scalar.tag == SCORE]
    assert 15 <= len(some) <= 20
