"""The Python files of a checkout: bounded in number and size, read as bytes and parsed only when somebody asks."""

from __future__ import annotations

import ast
import os
import stat
import warnings
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from dreamerguard.util.fast_dataclass import dataclass

#: Larger files are generated, or data.
MAX_FILE_BYTES = 1 << 18
#: Bytes of all files of a checkout together.
MAX_BYTES = 3 << 20
MAX_FILES = 1000
_MAX_FOLDERS = 2000
_MAX_ENTRIES = 20_000
_SKIPPED = frozenset({
    ".git", ".hg", ".venv", "venv", "node_modules", "__pycache__", "build", "dist", "site-packages", ".tox", ".nox",
    ".mypy_cache", ".ruff_cache", ".cache", "wandb", "mlruns", "logdir", "logs", "runs",
})  # fmt: skip


#: Some of them are also names of packages.
_OUTPUT = frozenset({"build", "dist", "wandb", "mlruns", "logdir", "logs", "runs"})


@dataclass(frozen=True, slots=True)
class PythonFile:
    """One file: its name relative to the root of the checkout, and its content; None where it was not read."""

    name: str
    data: bytes | None


def collect(root: Path, first: Sequence[Path] = ()) -> tuple[PythonFile, ...]:
    """The Python files below a folder, each once.

    Args:
      root: the checkout.
      first: folders inside it that matter most, so that the limits cut elsewhere.
    """
    found: dict[str, PythonFile] = {}
    room = MAX_BYTES
    for path in _walk([*first, root], root):
        name = Path(os.path.relpath(path, root)).as_posix()
        if name in found:
            continue
        data = _read(path) if room > 0 and len(found) < MAX_FILES else None
        if data is not None and len(data) > room:
            data = None
        found[name] = PythonFile(name, data)
        room -= len(data or b"")
        if len(found) > MAX_FILES:
            break
    return tuple(found.values())


def state_of(root: Path, first: Sequence[Path] = ()) -> tuple[tuple[str, int, int], ...]:
    """Returns names, sizes and times of the files that `collect` would read, to see whether any has changed."""
    found: dict[str, tuple[str, int, int]] = {}
    for path in _walk([*first, root], root):
        if len(found) > MAX_FILES:
            break
        try:
            status = os.stat(path)  # noqa: PTH116 - thousands of files
            found[path] = (path, status.st_size, status.st_mtime_ns)
        except OSError:
            found[path] = (path, -1, -1)
    return tuple(found.values())


def read_file(path: Path) -> PythonFile:
    """One file alone."""
    return PythonFile(path.name, _read(str(path)))


def _walk(tops: list[Path], root: Path) -> Iterator[str]:
    seen: set[str] = set()
    queue, entries_left = [os.path.normpath(top) for top in tops], _MAX_ENTRIES
    while queue:
        folder = queue.pop(0)
        if folder in seen:
            continue
        seen.add(folder)
        if len(seen) > _MAX_FOLDERS or entries_left < 0:
            yield os.path.join(root, "more folders.py")  # noqa: PTH118 - stands for what was not looked at
            return
        try:
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            continue
        entries_left -= len(listed)
        for entry in listed:
            if entry.name.endswith(".py"):
                yield entry.path
            elif _is_folder(entry) and (entry.name not in _SKIPPED or _is_package(entry)):
                queue.append(os.path.normpath(entry.path))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        inside = entry.is_dir(follow_symlinks=False)
    except OSError:
        return False
    marks = ("pyvenv.cfg", "conda-meta")  # an environment, not code of the checkout
    return inside and not any(os.path.exists(os.path.join(entry.path, mark)) for mark in marks)  # noqa: PTH110, PTH118


def _is_package(entry: os.DirEntry[str]) -> bool:
    """Returns whether a folder with the name of output holds code: ``logs/__init__.py``."""
    return entry.name in _OUTPUT and os.path.isfile(os.path.join(entry.path, "__init__.py"))  # noqa: PTH113, PTH118


def _read(path: str) -> bytes | None:
    """The content of a regular file that is not too large."""
    try:
        status = os.stat(path)  # noqa: PTH116 - thousands of files
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_FILE_BYTES:
            return None
        with open(path, "rb") as stream:  # noqa: PTH123
            return stream.read(MAX_FILE_BYTES)
    except OSError:
        return None


@lru_cache(maxsize=2)  # several readers look at the same file in turn
def parse(data: bytes | str) -> ast.Module | None:
    """The syntax tree of a file; None where it is not valid or nested too deeply."""
    if len(data) > MAX_FILE_BYTES:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
