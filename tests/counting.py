"""Counts work instead of measuring time, so that a busy machine changes nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass
class Work:
    """How many functions, of Python and of C, this thread entered."""

    calls: int = 0


@contextmanager
def counted() -> Iterator[Work]:
    """Counts while entered."""
    work = Work()

    def see(_frame: FrameType, event: str, _argument: object) -> None:
        work.calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(see)
    try:
        yield work
    finally:
        sys.setprofile(before)


def grows_linearly(run: Callable[[int], object], size: int) -> bool:
    """Whether twice the size takes at most about twice the calls."""
    run(size // 16)  # fills caches
    with counted() as once:
        run(size)
    with counted() as twice:
        run(2 * size)
    return twice.calls <= 2.2 * once.calls + 1000
