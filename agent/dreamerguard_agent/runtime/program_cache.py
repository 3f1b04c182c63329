"""Repairs the folder of compiled programs that JAX keeps on disk.

JAX 0.10 writes an entry directly to its final name, so a process that is killed during this write leaves a cut one. JAX
then warns at every later start, compiles again and never replaces the entry (`findings/jax_cut_cache_entry.sh`).
"""

from __future__ import annotations

import importlib
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: Text of JAX's warning about an entry that it cannot read.
_WARNING = "Error reading persistent compilation cache"
_ZSTANDARD = b"\x28\xb5\x2f\xfd"


@contextmanager
def stored_by_every_process() -> Iterator[None]:
    """Lets also processes other than 0 of a run store what they compile inside the block.

    JAX 0.10 stores the programs of process 0 only, under names that hold the numbers of its devices. So the others
    would compile everything at every start (`findings/jax_other_processes_compile_again.sh`).
    """
    try:
        state = importlib.import_module("jax._src.distributed").global_state
        number, state.process_id = state.process_id, 0
    except (ImportError, AttributeError):
        yield
        return
    try:
        yield
    finally:
        state.process_id = number


@contextmanager
def repaired(folder: str | None) -> Iterator[None]:
    """Removes the damaged entries if JAX finds one inside the block; the next start stores them again.

    JAX compiles the program anyway, so its warning is not shown. All other warnings are.

    Args:
      folder: JAX's cache; None: it keeps none.
    """
    with warnings.catch_warnings(record=True) as caught:
        yield
    about_entries = [warning for warning in caught if _WARNING in str(warning.message)]
    for warning in caught:
        if warning not in about_entries:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    if folder and about_entries:
        for entry in Path(folder).glob("*-cache"):
            if _damaged(entry):
                with suppress(OSError):
                    entry.unlink()


def _damaged(entry: Path) -> bool:
    try:
        data = entry.read_bytes()
    except OSError:
        return False
    if not data.startswith(_ZSTANDARD):
        return _cut_zlib(data)
    try:
        library = importlib.import_module("zstandard")
    except ImportError:
        return False
    try:
        library.ZstdDecompressor().decompress(data)
    except library.ZstdError:
        return True
    return False


def _cut_zlib(data: bytes) -> bool:
    try:
        zlib.decompress(data)
    except zlib.error:
        return True
    return False
