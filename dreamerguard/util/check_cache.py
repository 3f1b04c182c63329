"""What was read from disk, kept while one check lasts: its commands share files, and files change between checks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")
_MEMORY: ContextVar[dict[Any, Any] | None] = ContextVar("memory", default=None)


@contextmanager
def remembering() -> Iterator[None]:
    """Lasts as long as one check. Also a decorator; an inner one shares what the outer one knows."""
    if _MEMORY.get() is not None:
        yield
        return
    token = _MEMORY.set({})
    try:
        yield
    finally:
        _MEMORY.reset(token)


def remembered(function: Callable[_Given, _Found]) -> Callable[_Given, _Found]:
    """Calls a function once for the same arguments, which must be hashable, as long as a check lasts."""

    @functools.wraps(function)
    def ask(*given: _Given.args, **named: _Given.kwargs) -> _Found:
        memory = _MEMORY.get()
        if memory is None:
            return function(*given, **named)
        key = (function, given, tuple(named.items()))
        if key not in memory:
            memory[key] = function(*given, **named)
        found: _Found = memory[key]
        return found

    return ask
