"""The manifest of a checkpoint: everything that is needed to read it, with limits on every number.

A manifest may be untrusted: every size, offset, shape and type is checked against
limits and against the files before memory is allocated.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from .array_file import DTYPES, Place
from .chunks import ChunkLayout
from .errors import Damaged, OtherFormat

NAME, SUM = "manifest.json", "manifest.sha256"
#: Number of this format. A change that older versions cannot read raises it.
FORMAT = 1
#: Maximum bytes of a manifest.
MOST_BYTES = 1 << 26
_MOST = 1 << 53
_MOST_ROWS = (1 << 31) - 1
#: Levels of the sizes of log files: seed, log, event file.
_LEVELS = 3
_FILE = re.compile(r"[a-z][a-z0-9-]{0,80}\.bin")


@dataclass(frozen=True, slots=True)
class StoredArray:
    """The type, shape and place of an array."""

    dtype: str
    shape: tuple[int, ...]
    file: str
    place: Place


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of a checkpoint.

    Attributes:
      version: version of dreamerguard that wrote it.
      numbers: counters of the run, as JSON.
      arrays: stored arrays by name, for example ``learner/params/dyn/dynin0/kernel``.
      packs: files with chunks; tables number them in this order.
      chunks: by group, the layout and the number of rows that hold records.
    """

    version: str
    numbers: Mapping[str, Any]
    arrays: Mapping[str, StoredArray]
    packs: tuple[str, ...] = ()
    chunks: Mapping[str, tuple[ChunkLayout, int]] = field(default_factory=dict)

    def text(self) -> str:
        """Returns the manifest as JSON."""
        arrays = {name: _array_json(array) for name, array in self.arrays.items()}
        chunks = {name: _chunks_json(layout, stored) for name, (layout, stored) in self.chunks.items()}
        whole = {"format": FORMAT, "dreamerguard": self.version, "numbers": dict(self.numbers)}
        whole |= {"packs": list(self.packs), "chunks": chunks, "arrays": arrays}
        return json.dumps(whole, allow_nan=False, indent=1) + "\n"


def parse_manifest(text: bytes) -> Manifest:
    """Reads and checks a manifest.

    Raises:
      Damaged: it is not valid.
      OtherFormat: a newer version wrote it.
    """
    try:
        whole = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise Damaged(f"{NAME}: not valid JSON") from error
    whole = _object("the manifest", whole)
    version = str(whole.get("dreamerguard"))[:40]
    if (number := _natural("format", whole.get("format"))) != FORMAT:
        raise OtherFormat(
            f"was written by dreamerguard {version} in checkpoint format {number}; this version reads format {FORMAT}."
            " Continue the run with that version, or start a new one with another --logdir"
        )
    packs = whole.get("packs")
    if not isinstance(packs, list) or len(packs) > 10_000:
        _fail("packs must be a list of file names")
    arrays = _object("arrays", whole.get("arrays"))
    chunks = _object("chunks", whole.get("chunks"))
    return Manifest(
        version,
        check_numbers(_object("numbers", whole.get("numbers"))),
        {_name(name): _array(name, value) for name, value in arrays.items()},
        tuple(_file(pack) for pack in packs),
        {_name(name): _chunks(name, value) for name, value in chunks.items()},
    )


def check_numbers(numbers: dict[str, Any]) -> dict[str, Any]:
    """Checks the counters of a run; unknown ones are left alone.

    Raises:
      Damaged: a counter is missing, negative or too large.
    """
    limits = {"frames": _MOST, "vector_steps": _MOST_ROWS, "updates": _MOST, "starts": 1 << 17, "evaluations": _MOST}
    for name, most in limits.items():
        _natural(f"numbers.{name}", numbers.get(name), most)
    ratio = _object("numbers.ratio", numbers.get("ratio"))
    _natural("numbers.ratio.first", ratio.get("first") if ratio.get("first") != -1 else 0)
    _natural("numbers.ratio.done", ratio.get("done"))
    _natural("numbers.ratio.numerator", ratio.get("numerator"))
    if not _natural("numbers.ratio.denominator", ratio.get("denominator")):
        _fail("numbers.ratio.denominator is 0")
    _natural("numbers.processes", numbers.get("processes", 1), 1 << 17)
    _natural("numbers.played", numbers.get("played", 0), _MOST_ROWS)
    episodes = _object("numbers.episodes", numbers.get("episodes", {}))
    for name in ("first", "from") if episodes else ():
        _natural(f"numbers.episodes.{name}", episodes.get(name), _MOST_ROWS)
    evaluating = _object("numbers.evaluating", numbers.get("evaluating", {}))
    for name in ("frames", "updates") if evaluating else ():
        _natural(f"numbers.evaluating.{name}", evaluating.get(name), _MOST)
    _check_sizes("numbers.logs", numbers.get("logs"), _LEVELS)
    return numbers


def _check_sizes(name: str, sizes: Any, levels: int) -> None:
    """Checks the sizes of log files: by file, which may be a folder of files, and by seed if there are several."""
    for inner, size in _object(name, sizes).items():
        if levels > 1 and isinstance(size, dict):
            _check_sizes(f"{name}.{inner[:40]}", size, levels - 1)
        else:
            _natural(f"{name}.{inner[:40]}", size)


def _array_json(array: StoredArray) -> dict[str, Any]:
    place = array.place
    facts = {"dtype": array.dtype, "shape": list(array.shape), "file": array.file, "offset": place.offset}
    return facts | {"sha256": place.digest.hex()}


def _chunks_json(layout: ChunkLayout, stored: int) -> dict[str, Any]:
    arrays = {name: [dtype, list(shape)] for name, (dtype, shape) in layout.arrays.items()}
    return {
        "streams": layout.streams, "rows": layout.rows, "chunk": layout.chunk, "stored": stored, "arrays": arrays,
    }  # fmt: skip


def _array(name: str, value: Any) -> StoredArray:
    facts = _object(f"array {name}", value)
    dtype, shape = _dtype(name, facts.get("dtype")), _shape(name, facts.get("shape"))
    digest = facts.get("sha256")
    if not isinstance(digest, str) or not re.fullmatch(r"[0-9a-f]{64}", digest):
        _fail(f"array {name} has no SHA-256")
    size = math.prod(shape) * DTYPES[dtype].itemsize
    if size > _MOST:
        _fail(f"array {name} has {size:,} bytes")
    place = Place(_natural(f"offset of {name}", facts.get("offset")), size, bytes.fromhex(digest))
    return StoredArray(dtype, shape, _file(facts.get("file")), place)


def _chunks(name: str, value: Any) -> tuple[ChunkLayout, int]:
    facts = _object(f"chunks {name}", value)
    streams, rows, chunk, stored = (
        _natural(f"{key} of {name}", facts.get(key), _MOST_ROWS) for key in ("streams", "rows", "chunk", "stored")
    )
    arrays = {}
    for inner, pair in _object(f"arrays of {name}", facts.get("arrays")).items():
        if not isinstance(pair, list) or len(pair) != 2:
            _fail(f"array {inner[:80]} of {name} must have a type and a shape")
        arrays[_name(inner)] = _dtype(inner, pair[0]), _shape(inner, pair[1])
    if not (streams and rows and chunk and arrays):
        _fail(f"chunks {name} have no streams, rows or arrays")
    layout = ChunkLayout(streams, rows, chunk, arrays)
    if layout.size(0) > _MOST:
        _fail(f"a chunk of {name} has {layout.size(0):,} bytes")
    return layout, stored


def _object(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or len(value) > 1_000_000:
        _fail(f"{name} must be an object")
    return value


def _natural(name: str, value: Any, most: int = _MOST) -> int:
    if type(value) is not int or not 0 <= value <= most:
        _fail(f"{name} must be an integer from 0 to {most:,}, not {str(value)[:40]}")
    return value


def _shape(name: str, value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) > 16:
        _fail(f"{name[:80]} has no valid shape")
    return tuple(_natural(f"shape of {name[:80]}", length, _MOST) for length in value)


def _dtype(name: str, value: Any) -> str:
    if not isinstance(value, str) or value not in DTYPES:
        _fail(f"{name[:80]} has the unknown type {str(value)[:40]}")
    return value


def _file(value: Any) -> str:
    if not isinstance(value, str) or not _FILE.fullmatch(value):
        _fail(f"{str(value)[:80]!r} is no file of a checkpoint")
    return value


def _name(value: str) -> str:
    if not value.isprintable() or len(value) > 400:
        _fail(f"the name {value[:80]!r} is not valid")
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _fail(text: str) -> NoReturn:
    raise Damaged(f"{NAME}: {text}")
