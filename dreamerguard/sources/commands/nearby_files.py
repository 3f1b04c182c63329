"""Files beside the one that is read: those that a script sources or submits. Only files of the checkout are opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path

from dreamerguard.core.source import Source, SourceError
from dreamerguard.sources.argv import UNKNOWN
from dreamerguard.sources.files import read_source
from dreamerguard.util.check_cache import cached_per_check
from dreamerguard.util.paths import is_file

#: The folder of the file that is read, and the checkout.
_PLACE: ContextVar[tuple[Path, Path] | None] = ContextVar("place", default=None)
#: Larger files are no scripts that set a few variables.
_MAX_CHARACTERS = 100_000


@contextmanager
def reading_in(folder: Path, root: Path) -> Iterator[None]:
    """Lets `read_nearby` find files.

    Args:
      folder: folder of the file that is read.
      root: the checkout; names are relative to it, and nothing outside it is opened.
    """
    token = _PLACE.set((folder, root))
    try:
        yield
    finally:
        _PLACE.reset(token)


def read_nearby(name: str) -> Source | None:
    """Returns the file that a script names; None if it is missing, outside the checkout or not the only candidate.

    A path is relative to the folder in which the script is started, which is its own folder or the checkout. Where only
    the shell knows the beginning, as in ``$(dirname "$0")/env.sh``, the script's own folder is meant.
    """
    place = _PLACE.get()
    if place is None or not name or "\x00" in name or len(name) > 200:
        return None
    return _find(name, *place)


@cached_per_check
def _find(name: str, folder: Path, root: Path) -> Source | None:
    start, _, rest = name.rpartition(UNKNOWN)
    if start or (rest != name and not rest.startswith("/")) or name.startswith(("/", "~")):
        return None
    tops = (folder,) if rest != name else (folder, root)
    found = {path.resolve() for top in tops if is_file(path := top / rest.lstrip("/"))}
    inside = [path for path in found if path.is_relative_to(root.resolve())]
    return _read(inside[0], root) if len(inside) == 1 == len(found) else None


def _read(path: Path, root: Path) -> Source | None:
    try:
        source, problem = read_source(path)
    except SourceError:
        return None
    if problem is not None or len(source.text) > _MAX_CHARACTERS:
        return None
    return replace(source, name=path.relative_to(root.resolve()).as_posix())
