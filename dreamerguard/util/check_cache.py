"""Caches file contents during one check: commands of one check share files, and files change between checks.

A program that checks again and again, as an editor's server does, keeps what is slow to read in a `KeptMemory`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")
_MEMORY: ContextVar[dict[Any, Any] | None] = ContextVar("memory", default=None)
_KEPT: ContextVar[KeptMemory | None] = ContextVar("kept", default=None)


@contextmanager
def check_cache_scope() -> Iterator[None]:
    """Enables the cache during one check. Also a decorator; a nested use shares the outer cache."""
    if _MEMORY.get() is not None:
        yield
        return
    token = _MEMORY.set({})
    try:
        yield
    finally:
        _MEMORY.reset(token)


def cached_per_check(function: Callable[_Given, _Found]) -> Callable[_Given, _Found]:
    """Makes a function run once per check for equal arguments, which must be hashable."""

    @functools.wraps(function)
    def cached(*given: _Given.args, **named: _Given.kwargs) -> _Found:
        memory = _MEMORY.get()
        if memory is None:
            return function(*given, **named)
        key = (function, given, tuple(named.items()))
        if key not in memory:
            memory[key] = function(*given, **named)
        found: _Found = memory[key]
        return found

    return cached


class KeptMemory:
    """Results that outlive a check, each with the state of the files that it was read from.

    Args:
      most: results that are kept; the oldest are dropped.
    """

    def __init__(self, most: int = 4) -> None:
        self.most = most
        self._found: dict[Any, tuple[object, Any]] = {}
        self._sure: set[Any] = set()

    def doubt(self) -> None:
        """Makes the next use of each result compare the state of its files: something may have changed."""
        self._sure.clear()

    def get(self, key: Any, state: Callable[[], object], make: Callable[[], _Found]) -> _Found:
        """Returns a kept result, or a new one if its files have changed."""
        if key not in self._sure:
            now = state()
            if key not in self._found or self._found[key][0] != now:
                self._found.pop(key, None)
                self._found[key] = (now, make())
            for old in list(self._found)[: -self.most]:
                del self._found[old]
                self._sure.discard(old)
            self._sure.add(key)
        found: _Found = self._found[key][1]
        return found


@contextmanager
def kept_memory(memory: KeptMemory) -> Iterator[None]:
    """Makes functions with `kept_between_checks` use a memory."""
    token = _KEPT.set(memory)
    try:
        yield
    finally:
        _KEPT.reset(token)


def kept_between_checks(
    state: Callable[_Given, object],
) -> Callable[[Callable[_Given, _Found]], Callable[_Given, _Found]]:
    """Makes a function keep its results inside `kept_memory`; without one, it always runs.

    Args:
      state: returns the state of the files that the function reads, for the same arguments.
    """

    def decorate(function: Callable[_Given, _Found]) -> Callable[_Given, _Found]:
        @functools.wraps(function)
        def kept(*given: _Given.args, **named: _Given.kwargs) -> _Found:
            memory = _KEPT.get()
            if memory is None:
                return function(*given, **named)
            key = (function, given, tuple(named.items()))
            return memory.get(key, lambda: state(*given, **named), lambda: function(*given, **named))

        return kept

    return decorate
