"""Caches file contents during one check: commands of one check share files, and files change between checks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")
_MEMORY: ContextVar[dict[Any, Any] | None] = ContextVar("memory", default=None)
_KEPT: ContextVar[dict[Any, Any] | None] = ContextVar("kept", default=None)


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


@contextmanager
def kept_memory(memory: dict[Any, Any]) -> Iterator[None]:
    """Makes functions with `kept_between_checks` use a memory, which the caller empties when files have changed."""
    token = _KEPT.set(memory)
    try:
        yield
    finally:
        _KEPT.reset(token)


def kept_between_checks(function: Callable[_Given, _Found]) -> Callable[_Given, _Found]:
    """Makes a function run once for equal arguments while `kept_memory` is the same; without one it always runs."""

    @functools.wraps(function)
    def kept(*given: _Given.args, **named: _Given.kwargs) -> _Found:
        memory = _KEPT.get()
        if memory is None:
            return function(*given, **named)
        key = (function, given, tuple(named.items()))
        if key not in memory:
            memory[key] = function(*given, **named)
        found: _Found = memory[key]
        return found

    return kept
