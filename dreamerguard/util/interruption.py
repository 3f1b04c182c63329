"""Lets whoever started a long piece of work in this thread end it: a newer text makes the work on an older one useless.

>>> with interruptible(lambda: True):
...     stop_if_superseded()
Traceback (most recent call last):
dreamerguard.util.interruption.Superseded
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ASKED: ContextVar[Callable[[], bool] | None] = ContextVar("superseded", default=None)


class Superseded(Exception):
    """Nobody waits for the result any more."""


@contextmanager
def interruptible(superseded: Callable[[], bool]) -> Iterator[None]:
    """Makes `stop_if_superseded` ask whether somebody still waits for the work inside the block."""
    token = _ASKED.set(superseded)
    try:
        yield
    finally:
        _ASKED.reset(token)


def stop_if_superseded() -> None:
    """Does nothing outside of `interruptible`.

    Raises:
      Superseded: nobody waits for the result.
    """
    asked = _ASKED.get()
    if asked is not None and asked():
        raise Superseded
