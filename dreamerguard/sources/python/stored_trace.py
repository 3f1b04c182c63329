"""The trace of a checkout, followed once and then stored under a hash of everything that it depends on."""

from __future__ import annotations

import ast
import json
from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import Any

from .dataflow.trace import NO_TARGETS, Trace, trace
from .fact_store import FactStore
from .python_files import PythonFile, parse
from .tree_walk import collection_paused

#: Code beyond these limits would make a check take seconds, so that it is not followed.
_MOST_FILES, _MOST_BYTES = 20, 250_000


def trace_of(
    files: Mapping[str, PythonFile],
    near: Collection[str],
    scripts: tuple[str, ...],
    keys: frozenset[str],
    fixed: Mapping[str, str],
    store: FactStore | None,
    targets: Mapping[str, str] = NO_TARGETS,
) -> Trace | None:
    """Follows the configuration from scripts; None where the code is too large or cannot be followed.

    Args:
      files: the checkout's files.
      near: the scripts and the files that they import.
      scripts: files that the interpreter starts with.
      keys: all keys.
      fixed: keys with a known value that branches are chosen by.
      store: results of an earlier check.
      targets: groups of settings -> dotted name of what hydra calls with their keys.
    """
    if len(near) > _MOST_FILES or sum(len(files[name].data or b"") for name in near) > _MOST_BYTES:
        return None
    key = _key(files, scripts, keys, {**fixed, **targets}) if store is not None else ""
    known = decode(store.result(key)) if store is not None else None
    if known is not None:
        return known[0]

    def tree_of(name: str) -> ast.Module | None:
        data = files[name].data
        return parse(data) if data is not None else None

    with collection_paused():
        found = trace(files, tree_of, scripts, keys, fixed, targets)
    if store is not None:
        store.keep_result(key, encode(found))
    return found


def _key(
    files: Mapping[str, PythonFile], scripts: tuple[str, ...], keys: frozenset[str], fixed: Mapping[str, str]
) -> str:
    found = sha256(json.dumps([scripts, sorted(keys), sorted(fixed.items()), sorted(files)]).encode())
    for name in sorted(files):
        data = files[name].data
        found.update(sha256(data).digest() if data is not None else b"-")
    return found.hexdigest()


def encode(found: Trace | None) -> list[Any]:
    """Returns a trace as lists of texts."""
    if found is None:
        return []
    return [sorted(found.touched), sorted(found.consumed), sorted(found.unknown)]


def decode(data: Any) -> tuple[Trace | None] | None:
    """Returns the trace that `encode` wrote; None for anything else."""
    if data == []:
        return (None,)
    if not isinstance(data, list) or [type(part) for part in data] != [list] * 3:
        return None
    touched, consumed, unknown = data
    if not all(_is_path(path) for path in (*touched, *consumed, unknown)):
        return None
    return (Trace(frozenset(map(tuple, touched)), frozenset(map(tuple, consumed)), frozenset(unknown)),)


def _is_path(data: Any) -> bool:
    return isinstance(data, list) and all(isinstance(part, str) for part in data)
