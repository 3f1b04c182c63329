"""Writes a checkpoint into a temporary folder, verifies it and gives it its final name.

A kill at any moment leaves either no checkpoint with that name or a complete one.
"""

from __future__ import annotations

import errno
import importlib.metadata
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .array_file import Array, ArrayFile, sync_folder
from .checkpoint import TABLE, checksum_line
from .chunks import ChunkCopy, ChunkTable, StoredReplay
from .manifest import NAME, SUM, Manifest, StoredArray

#: Errors of file systems that have no hard links, or no more of them.
_NO_LINK = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EXDEV, errno.EMLINK, errno.ENOSYS, errno.EACCES}


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """The chunks of a new checkpoint.

    Attributes:
      tables: by group; the chunks that an earlier checkpoint stores are entered, with the numbers of its packs.
      stored: records in every stream.
      shared: the earlier checkpoint, or None.
    """

    tables: Mapping[str, ChunkTable]
    stored: int
    shared: StoredReplay | None


class Draft:
    """A checkpoint that is being written.

    Args:
      folder: path of a new folder.

    Raises:
      OSError: the folder cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._arrays: dict[str, StoredArray] = {}
        self._packs: tuple[str, ...] = ()
        self._plan: ReplayPlan | None = None
        folder.mkdir(mode=0o755)

    def add_part(self, part: str, arrays: Mapping[str, Array]) -> None:
        """Writes the arrays of a part into a file.

        Raises:
          OSError: they cannot be written.
        """
        file = ArrayFile(self._folder / f"{part}.bin")
        try:
            for name, array in arrays.items():
                place = file.append(array)
                self._arrays[f"{part}/{name}"] = StoredArray(array.dtype.name, array.shape, file.path.name, place)
            file.finish()
        finally:
            file.close()

    def add_chunks(self, plan: ReplayPlan, pieces: Iterable[ChunkCopy], pack: str) -> None:
        """Takes over the shared chunks and writes the others into a new pack.

        Args:
          plan: the tables; every chunk that is not in them comes as a piece.
          pieces: the copied chunks.
          pack: file name of the new pack.

        Raises:
          OSError: they cannot be written.
        """
        self._plan, kept = plan, _renumber(plan)
        for name in kept:
            assert plan.shared is not None
            _share(plan.shared.folder / name, self._folder / name)
        file = ArrayFile(self._folder / pack)
        try:
            for piece in pieces:
                arrays = [piece.arrays[name] for name in sorted(piece.arrays)]
                plan.tables[piece.group].store(piece.stream, piece.number, len(kept), file.append(*arrays))
            file.finish()
        finally:
            file.close()
        self._packs = (*kept, pack)
        tables = [(name, table.arrays()) for name, table in plan.tables.items()]
        self.add_part(TABLE, {f"{name}/{key}": array for name, arrays in tables for key, array in arrays.items()})

    def publish(self, target: Path, numbers: Mapping[str, Any]) -> StoredReplay | None:
        """Writes the manifest, verifies it, and renames the folder to ``target``.

        Returns:
          The stored chunks, for the next checkpoints; None if the replay is not stored.

        Raises:
          OSError: the checkpoint cannot be written.
        """
        plan = self._plan
        chunks = {name: (table.layout, plan.stored) for name, table in plan.tables.items()} if plan else {}
        text = Manifest(_version(), numbers, self._arrays, self._packs, chunks).text().encode()
        write_whole(self._folder / NAME, text)
        write_whole(self._folder / SUM, checksum_line(text))
        sync_folder(self._folder)
        self._folder.rename(target)
        sync_folder(target.parent)
        return StoredReplay(target, self._packs, dict(plan.tables), -1) if plan else None


def write_whole(path: Path, text: bytes) -> None:
    """Writes a new file, brings it to the disk and reads it back.

    Raises:
      OSError: it cannot be written, or differs when it is read.
    """
    file = ArrayFile(path)
    try:
        file.append(np.frombuffer(text, np.uint8))
        file.finish()
    finally:
        file.close()


def _version() -> str:
    try:
        return importlib.metadata.version("dreamerguard")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _renumber(plan: ReplayPlan) -> list[str]:
    """Numbers the packs that are still used from 0, in the tables too; returns their names."""
    if plan.shared is None:
        return []
    used = np.zeros(len(plan.shared.packs) + 1, bool)
    for table in plan.tables.values():
        used[np.unique(table.pack)] = True
    used[-1] = False  # chunks that are not stored have the number -1
    number = np.where(used, np.cumsum(used) - 1, -1).astype(np.int32)
    for table in plan.tables.values():
        table.pack[...] = number[table.pack]
    return [name for name, keep in zip(plan.shared.packs, used[:-1], strict=True) if keep]


def _share(source: Path, target: Path) -> None:
    """Links a pack into the new checkpoint, or copies it where that is not possible."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        shutil.copyfile(source, target, follow_symlinks=False)
        file = os.open(target, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(file)
        finally:
            os.close(file)
