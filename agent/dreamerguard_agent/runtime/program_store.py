"""Keeps traced programs beside JAX's folder of compiled ones, so that a later start does not trace them again.

JAX's folder saves a warm start the compilation, but finds a program by its StableHLO, which needs tracing and lowering
first: seconds of Python for the update. Here an entry is named by what tracing reads, namely the code of this package,
the versions of JAX and Python, JAX's settings and the arguments, and holds the StableHLO as `jax.export` writes it.
The first start compiles from the entry too, so that all starts compile the same program.

An entry begins with the checksum of the rest: a cut or changed one is written again. Entries are flatbuffers and JSON,
nothing in them is executed or unpickled.
"""

from __future__ import annotations

import functools
import hashlib
import json
import platform
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jax
import jax.export

from .append_file import write_new

_PACKAGE = Path(__file__).resolve().parents[1]
#: JAX's settings that say where or how much it writes; tracing does not read them.
_NOT_TRACED = ("dir", "cache", "log", "dump", "profil")


def remembered(kind: str, parts: Sequence[object], compute: Callable[[], int]) -> int:
    """Returns a number that ``compute`` gives, or that an earlier start stored.

    Args:
      kind: name of the number.
      parts: everything besides the code on which it depends; their `repr` tells them apart.
      compute: called if the number is not stored.
    """
    entry = _entry(kind, parts)
    stored = _read(entry)
    if stored is not None:
        return int(stored)
    number = compute()
    _write(entry, str(number).encode())
    return number


def lower(
    function: Callable[..., Any], parts: Sequence[object], arguments: tuple[Any, ...], donated: Sequence[int]
) -> Any:
    """Traces and lowers a function, or reads the result of an earlier start.

    Args:
      function: returns a tuple, each element a dict of arrays or built like one of the arguments; other functions are
        lowered and not stored.
      parts: everything besides the code and the arguments' shapes on which the program depends.
      arguments: arrays or shapes.
      donated: numbers of the arguments that are donated.

    Returns:
      What ``jax.jit(...).lower(...)`` returns.
    """
    name = function.__name__
    entry = _entry(name, (*parts, *_shapes(arguments), tuple(donated)))
    if entry is None:
        return jax.jit(function, donate_argnums=tuple(donated)).lower(*arguments)
    stored = _read(entry)
    if stored is None:
        stored = _export(function, arguments)
        if stored is None:
            return jax.jit(function, donate_argnums=tuple(donated)).lower(*arguments)
        _write(entry, stored)
    return jax.jit(_called(name, stored), donate_argnums=tuple(donated)).lower(*arguments)


def _export(function: Callable[..., Any], arguments: tuple[Any, ...]) -> bytes | None:
    """Returns the form of the result as a line of JSON and the program; None if the form cannot be written."""
    leaves, tree = jax.tree.flatten(arguments)
    results: list[Any] = []

    def flat(*values: Any) -> list[Any]:
        results[:] = function(*jax.tree.unflatten(tree, values))
        return jax.tree.leaves(results)

    flat.__name__ = function.__name__
    exported = jax.export.export(jax.jit(flat))(*leaves)
    forms = [_form(result, arguments) for result in results]
    if None in forms:
        return None
    return json.dumps(forms).encode() + b"\n" + bytes(exported.serialize())


def _called(name: str, stored: bytes) -> Callable[..., Any]:
    """Returns a function that calls a stored program."""
    forms, _, program = stored.partition(b"\n")
    exported = jax.export.deserialize(bytearray(program))

    def call(*arguments: Any) -> Any:
        trees = [_tree(form, arguments) for form in json.loads(forms)]
        values = iter(exported.call(*jax.tree.leaves(arguments)))
        return tuple(jax.tree.unflatten(tree, [next(values) for _ in range(tree.num_leaves)]) for tree in trees)

    call.__name__ = name
    return call


def _form(result: Any, arguments: tuple[Any, ...]) -> int | list[str] | None:
    """Returns the number of an argument with the same structure, or the keys of a dict; None for anything else."""
    tree = jax.tree.structure(result)
    for number, argument in enumerate(arguments):
        if jax.tree.structure(argument) == tree:
            return number
    plain = isinstance(result, dict) and tree.num_leaves == len(result) and all(isinstance(key, str) for key in result)
    return sorted(result) if plain else None


def _tree(form: int | list[str], arguments: tuple[Any, ...]) -> Any:
    return jax.tree.structure(arguments[form] if isinstance(form, int) else dict.fromkeys(form, 0))


def _shapes(arguments: tuple[Any, ...]) -> tuple[str, ...]:
    leaves, tree = jax.tree.flatten(arguments)
    return (str(tree), *(f"{leaf.dtype}{leaf.shape}" for leaf in map(jax.typeof, leaves)))


def _entry(kind: str, parts: Sequence[object]) -> Path | None:
    """Returns the file of an entry; None if nothing is kept, on an accelerator, where this was not measured, and
    without flatbuffers, which `jax.export` needs."""
    folder = jax.config.jax_compilation_cache_dir
    if not folder or jax.default_backend() != "cpu" or find_spec("flatbuffers") is None:
        return None
    text = "\n".join([_surroundings(), *map(repr, parts)])
    return Path(folder) / "traced" / f"{kind}-{hashlib.sha256(text.encode()).hexdigest()}"


def _surroundings() -> str:
    settings = {
        name: value
        for name, value in jax.config.values.items()
        if isinstance(value, (bool, int, float, str)) and not any(word in name for word in _NOT_TRACED)
    }
    return repr((_code(), jax.__version__, version("jaxlib"), platform.python_version(), sorted(settings.items())))


@functools.cache
def _code() -> str:
    """Returns a digest of this package's code."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(str(path.relative_to(_PACKAGE)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _read(entry: Path | None) -> bytes | None:
    if entry is None:
        return None
    with suppress(OSError):
        data = entry.read_bytes()
        if hashlib.sha256(data[32:]).digest() == data[:32]:
            return data[32:]
    return None


def _write(entry: Path | None, data: bytes) -> None:
    """Writes an entry under its name when it is complete. A folder that takes none costs the next start its time."""
    if entry is None:
        return
    with suppress(OSError):
        entry.parent.mkdir(parents=True, exist_ok=True)
        write_new(entry, hashlib.sha256(data).digest() + data)
