"""Finds the files of a repository that configure or start a run. Nothing is judged or run here.

Folders that hold no source (``.git``, environments, caches, builds) and whatever ``.gitignore`` excludes are left out,
links to folders are not followed, so there are no circles.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from . import gitignore
from .file_kinds import MAX_BYTES, SETTINGS, Kind, kind_of

_SKIPPED = frozenset({
    ".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", "build", "dist", "site-packages", ".tox",
    ".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".cache", ".eggs", "wandb", "mlruns", ".ipynb_checkpoints",
})  # fmt: skip
MAX_FILES = 50_000
_GITIGNORE_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class Found:
    """A file that may hold commands or settings.

    Attributes:
      path: of the file.
      name: relative to the root, with slashes.
      kind: what it may hold.
      given: whether the user named the file itself.
    """

    path: Path
    name: str
    kind: Kind
    given: bool = False


@dataclass
class FoundFiles:
    """The files that a walk found.

    Attributes:
      root: what names are relative to.
      found: files to look into.
      seen: files that were walked past, with those.
      unreadable: names of what could not be opened.
      folders: folders that were entered, relative to the root.
    """

    root: Path
    found: list[Found] = field(default_factory=list)
    seen: int = 0
    unreadable: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)


def discover(paths: Sequence[Path], root: Path, exclude: Iterable[str] = ()) -> FoundFiles:
    """Returns the files below some folders; a file that is named itself is always read.

    Args:
      paths: files and folders, by default the root alone.
      root: the repository; names are relative to it.
      exclude: globs of names that are left out.
    """
    tree = FoundFiles(root)
    globs = tuple(exclude)
    for path in paths or [root]:
        if path.is_dir():
            _walk(tree, path, globs, lambda entry, name: _note(tree, entry, name))
        else:
            tree.seen += 1
            name = _relative(path, root)
            kind = kind_of(path, name) or ("settings" if path.suffix in SETTINGS else "commands")
            tree.found.append(Found(path, name, kind, given=True))
    return tree


def state_below(root: Path, exclude: Iterable[str] = ()) -> dict[str, tuple[int, int]]:
    """Returns the files below a folder with their times and sizes, to see whether any has changed; reads none.

    Args:
      root: the folder.
      exclude: globs of names that are left out.
    """
    found: dict[str, tuple[int, int]] = {}

    def note(entry: os.DirEntry[str], name: str) -> None:
        with suppress(OSError):
            status = entry.stat()
            found[name] = (status.st_mtime_ns, status.st_size)

    _walk(FoundFiles(root), root, tuple(exclude), note)
    return found


def _walk(tree: FoundFiles, top: Path, globs: tuple[str, ...], note: Callable[[os.DirEntry[str], str], None]) -> None:
    queue: list[tuple[Path, tuple[gitignore.IgnoreFile, ...]]] = [(top, tuple(_above(tree.root, top)))]
    while queue and tree.seen < MAX_FILES:
        folder, patterns = queue.pop(0)
        base = _relative(folder, tree.root)
        base = "" if base == "." else base
        tree.folders.append(base)
        patterns = (*patterns, *_gitignore(folder, base))
        for entry in _entries(tree, folder, base):
            name = f"{base}/{entry.name}" if base else entry.name
            if _is_folder(entry):
                if not _left_out(entry, name, patterns, globs):
                    queue.append((Path(entry.path), patterns))
            elif not gitignore.ignored(name, False, patterns) and not _matches(name, globs):
                tree.seen += 1
                note(entry, name)


def _entries(tree: FoundFiles, folder: Path, base: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        tree.unreadable.append(base or str(folder))
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _left_out(
    entry: os.DirEntry[str], name: str, patterns: Sequence[gitignore.IgnoreFile], globs: tuple[str, ...]
) -> bool:
    if entry.name in _SKIPPED or entry.name.endswith(".egg-info"):
        return True
    if gitignore.ignored(name, True, patterns) or _matches(name, globs):
        return True
    marks = ("pyvenv.cfg", "conda-meta")
    return any(os.path.exists(os.path.join(entry.path, mark)) for mark in marks)  # noqa: PTH110, PTH118 - thousands


def _matches(name: str, globs: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, glob) or fnmatchcase(name, f"{glob.rstrip('/')}/*") for glob in globs)


def _note(tree: FoundFiles, entry: os.DirEntry[str], name: str) -> None:
    kind = kind_of(Path(entry.path), name)
    if kind is None:
        return
    try:
        if not entry.is_file() or entry.stat().st_size > MAX_BYTES:
            return
        if not os.access(entry.path, os.R_OK):
            tree.unreadable.append(name)
            return
    except OSError:
        tree.unreadable.append(name)
        return
    tree.found.append(Found(Path(entry.path), name, kind))


def _gitignore(folder: Path, base: str) -> Iterator[gitignore.IgnoreFile]:
    path = folder / ".gitignore"
    try:
        if path.is_file() and path.stat().st_size < _GITIGNORE_BYTES:
            yield gitignore.read_patterns(path.read_text(encoding="utf-8", errors="replace"), base)
    except OSError:
        return


def _above(root: Path, folder: Path) -> Iterator[gitignore.IgnoreFile]:
    """Patterns of the folders between the root and a folder."""
    parts = Path(_relative(folder, root)).parts
    for depth in range(len(parts)):
        base = "/".join(parts[:depth])
        if parts[0] != "..":
            yield from _gitignore(root / base, base)


def _relative(path: Path, root: Path) -> str:
    return os.path.relpath(path, root).replace(os.sep, "/")
