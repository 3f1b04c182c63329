"""Reads one checkpoint. Opening it verifies every byte that is used; nothing is ever changed."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import jax
import numpy as np

from . import names
from .array_file import DTYPES, Array, Place, check_place, opened, read_into, read_small
from .chunks import ChunkCopy, ChunkLayout, ChunkTable
from .errors import Damaged, DoesNotMatch, NoSoundCheckpoint, OtherFormat
from .manifest import MOST_BYTES, NAME, SUM, Manifest, StoredArray, parse_manifest

#: Part of the arrays that holds the tables of chunks.
TABLE = "table"
#: Entries of a checkpoint of dreamerguard 0.1.0, which used orbax.
_ORBAX = ("_CHECKPOINT_METADATA", "_METADATA", "learner", "json")


class Checkpoint:
    """A sound checkpoint.

    Attributes:
      folder: its folder.
      step: agent steps.
      numbers: counters of the run.
      tables: places of the replay's chunks by group; empty if the replay is not stored.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder, self.step, self.numbers = folder, int(folder.name), dict(manifest.numbers)
        self._manifest = manifest
        self.tables = {name: self._table(name, *facts) for name, facts in manifest.chunks.items()}

    @classmethod
    def open(cls, folder: Path) -> Checkpoint:
        """Opens a checkpoint and verifies all its checksums.

        Raises:
          Damaged: it cannot be used; the message states the file and the reason.
          OtherFormat: another version wrote it.
        """
        if not stat.S_ISDIR(folder.lstat().st_mode):
            raise Damaged("not a folder")
        if not (folder / NAME).exists() and any((folder / name).exists() for name in _ORBAX if name != NAME):
            raise OtherFormat(
                "was written by dreamerguard 0.1.0 with orbax, which this version does not read."
                " Continue the run with dreamerguard 0.1.0, or start a new one with another --logdir"
            )
        text = read_small(folder / NAME, MOST_BYTES)
        if read_small(folder / SUM, 200) != checksum_line(text):
            raise Damaged(f"{NAME} does not have the checksum in {SUM}")
        manifest = parse_manifest(text)
        _check_arrays(folder, manifest)
        checkpoint = cls(folder, manifest)
        checkpoint._check_chunks()
        return checkpoint

    @property
    def packs(self) -> tuple[str, ...]:
        """Names of the files that hold chunks."""
        return self._manifest.packs

    def part(self, part: str) -> dict[str, Array]:
        """Reads the arrays of a part by name, without the name of the part.

        Raises:
          NoSoundCheckpoint: the files have changed since they were verified.
        """
        with self._reading():
            return {name: self._read(array) for name, array in self._entries(part).items()}

    def restore(self, part: str, like: Any) -> Any:
        """Reads a part as a pytree of NumPy arrays.

        Args:
          part: name of the part.
          like: pytree of arrays or ``jax.ShapeDtypeStruct`` of this run.

        Raises:
          DoesNotMatch: names, shapes or types differ; nothing was read.
          NoSoundCheckpoint: the files have changed since they were verified.
        """
        wanted, entries = names.flatten(like), self._entries(part)
        try:
            names.check_same({name: (array.dtype, array.shape) for name, array in entries.items()}, wanted)
        except DoesNotMatch as error:
            raise DoesNotMatch(f"{self._does_not_fit(part)}\n{error}") from None
        with self._reading():
            values = {name: names.converted(self._read(entries[name]), wanted[name].dtype) for name in wanted}
        return names.unflatten(like, values)

    def check_layout(self, group: str, layout: ChunkLayout) -> None:
        """Checks that the chunks of a group have the streams and arrays of ``layout``; the rows may differ.

        Raises:
          DoesNotMatch: they have not.
        """
        stored = self.tables[group].layout
        streams = {"streams": ("int32", (stored.streams,))} | dict(stored.arrays)
        wanted = {"streams": jax.ShapeDtypeStruct((layout.streams,), np.int32)}
        wanted |= {name: jax.ShapeDtypeStruct(shape, DTYPES[dtype]) for name, (dtype, shape) in layout.arrays.items()}
        try:
            names.check_same(streams, wanted)
        except DoesNotMatch as error:
            raise DoesNotMatch(f"{self._does_not_fit('replay')}\n{error}") from None

    def pieces(self, group: str, streams: slice = slice(None)) -> Iterator[ChunkCopy]:
        """Reads the chunks of a group, or of some of its streams, one at a time.

        Raises:
          NoSoundCheckpoint: the files have changed since they were verified.
        """
        table = self.tables[group]
        with self._reading(), ExitStack() as stack:
            files = [stack.enter_context(opened(self.folder / name)) for name in self.packs]
            for stream, number in product(range(len(table.pack))[streams], range(table.pack.shape[1])):
                yield self._chunk(files[table.pack[stream, number]], group, stream, number)

    def piece(self, group: str, stream: int, number: int) -> ChunkCopy:
        """Reads one chunk.

        Raises:
          NoSoundCheckpoint: the files have changed since they were verified.
        """
        name = self.packs[self.tables[group].pack[stream, number]]
        with self._reading(), opened(self.folder / name) as file:
            return self._chunk(file, group, stream, number)

    def stored(self, group: str) -> int:
        """Records in every stream of a group."""
        return self._manifest.chunks[group][1]

    def _chunk(self, file: int, group: str, stream: int, number: int) -> ChunkCopy:
        table = self.tables[group]
        place, arrays = table.place(stream, number), {}
        data, start = np.empty(place.size, np.uint8), 0
        read_into(file, place.offset, data)
        for name, dtype, shape in table.layout.shapes(number):
            end = start + int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
            arrays[name], start = data[start:end].view(dtype).reshape(shape), end
        return ChunkCopy(group, stream, number, arrays)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except Damaged as error:
            raise NoSoundCheckpoint(f"{self.folder} changed while it was read: {error}. Try again") from error

    def _does_not_fit(self, part: str) -> str:
        return f"the checkpoint {self.folder} does not fit this run's configuration; in its {part} differ:"

    def _entries(self, part: str) -> dict[str, StoredArray]:
        prefix = f"{part}/"
        arrays = self._manifest.arrays
        return {name.removeprefix(prefix): arrays[name] for name in arrays if name.startswith(prefix)}

    def _read(self, array: StoredArray) -> Array:
        with opened(self.folder / array.file) as file:
            data = np.empty(array.place.size, np.uint8)
            read_into(file, array.place.offset, data)
        return data.view(DTYPES[array.dtype]).reshape(array.shape)

    def _table(self, group: str, layout: ChunkLayout, stored: int) -> ChunkTable:
        """Reads a table of chunks and checks all its numbers."""
        entries, shape = self._entries(f"{TABLE}/{group}"), (layout.streams, layout.count(stored))
        wanted = {"pack": ("int32", shape), "offset": ("int64", shape), "digest": ("uint8", (*shape, 32))}
        if {name: (array.dtype, array.shape) for name, array in entries.items()} != wanted:
            raise Damaged(f"{NAME}: the table of the {group} is missing or has another shape")
        table = ChunkTable(layout, **{name: self._read(array) for name, array in entries.items()})
        if table.pack.size and not (table.pack.min() >= 0 and table.pack.max() < len(self.packs)):
            raise Damaged(f"the table of the {group} names a pack that does not exist")
        if table.offset.size and table.offset.min() < 0:
            raise Damaged(f"the table of the {group} has a negative offset")
        return table

    def _check_chunks(self) -> None:
        for number, name in enumerate(self.packs):
            with opened(self.folder / name) as file:
                for table in self.tables.values():
                    for stream, chunk in np.argwhere(table.pack == number):
                        check_named(name, file, table.place(stream, chunk))


def checksum_line(text: bytes) -> bytes:
    """Returns the line that ``sha256sum`` prints for the manifest."""
    return f"{hashlib.sha256(text).hexdigest()}  {NAME}\n".encode()


def check_named(name: str, file: int, place: Place) -> None:
    """Compares the checksum of an entry.

    Raises:
      Damaged: as `check_place`, with the name of the file.
    """
    try:
        check_place(file, place)
    except Damaged as error:
        raise Damaged(f"{name}: {error}") from error


def _check_arrays(folder: Path, manifest: Manifest) -> None:
    files: dict[str, list[Place]] = {}
    for array in manifest.arrays.values():
        files.setdefault(array.file, []).append(array.place)
    for name, places in files.items():
        with opened(folder / name) as file:
            for place in places:
                check_named(name, file, place)
