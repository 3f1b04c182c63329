"""Damages the newest of two checkpoints in many ways and reads what the trainer would continue from.

    python -m benchmarks.trust.damaged_checkpoints [--flips 145] [--zeroed 20] [--seed 0] [--replay-kb 256]

Every file of the newest checkpoint is deleted, emptied and cut in half; single bits are flipped in every file;
stretches of 64 bytes are zeroed. A case is right if the previous checkpoint is read, or the newest one with its values.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dreamerguard_agent.checkpoints.checkpoint import Checkpoint
from dreamerguard_agent.checkpoints.chunks import ChunkCopy, ChunkLayout, ChunkTable
from dreamerguard_agent.checkpoints.draft import ReplayPlan
from dreamerguard_agent.checkpoints.folder import Checkpoints, newest_sound

Rng = np.random.Generator


class Damage(NamedTuple):
    """One damage: its kind, the file, and the new bytes; None if the file is deleted."""

    kind: str
    file: Path
    change: Callable[[bytes], bytes | None]


def make_checkpoints(directory: Path, replay_bytes: int = 1 << 18, seed: int = 0, count: int = 4) -> Checkpoints:
    """Saves ``count`` checkpoints of random content, of which the newest two are kept.

    Half of the replay's chunks change between two saves, so that packs are shared, as in a run.
    """
    random = np.random.default_rng(seed)
    layout = ChunkLayout(2, 64, 8, {"image": ("uint8", (max(1, replay_bytes // 128 - 8),)), "reward": ("float64", ())})
    content = {at: _piece(layout, *at, random) for at in np.ndindex(layout.streams, layout.chunks)}
    checkpoints = Checkpoints(directory, keep=2)
    checkpoints.open_newest(print)
    for number in range(count):
        plan, pieces = _plan(checkpoints, layout, content, random)
        parts = {"learner": {f"params/layer{i}/kernel": random.normal(size=(16, 40)) for i in range(8)}}
        numbers = {"frames": 100 * number, "vector_steps": 50 * number, "updates": number, "starts": 1}
        numbers |= {"evaluations": 0, "logs": {"scores": 10 * number}}
        ratio = {"first": 1, "done": number, "numerator": 1, "denominator": 2}
        checkpoints.save(100 * (number + 1), {**numbers, "ratio": ratio}, parts, plan, pieces, epoch=number)
    return checkpoints


def _plan(
    checkpoints: Checkpoints, layout: ChunkLayout, content: dict[Any, ChunkCopy], random: Rng
) -> tuple[ReplayPlan, list[ChunkCopy]]:
    """Changes half of the chunks and plans a checkpoint that shares the other half."""
    shared, table = checkpoints.shared(), ChunkTable.empty(layout, layout.chunks)
    for at in np.argwhere(random.random(table.pack.shape) < 0.25):
        content[tuple(at)] = _piece(layout, *at, random)
    if shared:
        same = _same(shared.tables["records"], content, layout)
        table.take(shared.tables["records"], shared.shared({"records": same})["records"])
    pieces = [content[tuple(at)] for at in np.argwhere(table.pack < 0)]
    return ReplayPlan({"records": table}, layout.rows, shared), pieces


def _same(table: ChunkTable, content: dict[Any, ChunkCopy], layout: ChunkLayout) -> np.ndarray[Any, Any]:
    """Returns the chunks that a checkpoint stores as they are now, bool [S, C]."""
    same = np.zeros(table.pack.shape, bool)
    for at, piece in content.items():
        data = b"".join(piece.arrays[name].tobytes() for name, _, _ in layout.shapes(at[1]))
        same[at] = hashlib.sha256(data).digest() == table.digest[at].tobytes()
    return same


def _piece(layout: ChunkLayout, stream: int, number: int, random: Rng) -> ChunkCopy:
    arrays = {name: random.integers(0, 200, shape).astype(dtype) for name, dtype, shape in layout.shapes(int(number))}
    return ChunkCopy("records", int(stream), int(number), arrays)


def damages(folder: Path, flips: int, zeroed: int, seed: int = 0) -> Iterator[Damage]:
    """Yields damages of a checkpoint: three for every file, then bit flips and zeroed stretches in all files."""
    files, random = sorted(folder.iterdir()), np.random.default_rng(seed)
    for file in files:
        yield Damage("deleted", file, lambda data: None)
        yield Damage("emptied", file, lambda data: b"")
        yield Damage("halved", file, lambda data: data[: len(data) // 2])
    for number in range(flips):
        place = random.random()
        yield Damage("bit flipped", files[number % len(files)], lambda data, place=place: _flip(data, place))
    for number in range(zeroed):
        place = random.random()
        yield Damage("64 bytes zeroed", files[number % len(files)], lambda data, place=place: _zero(data, place))


def count_outcomes(directory: Path, flips: int = 145, zeroed: int = 20, seed: int = 0) -> Counter[tuple[str, str]]:
    """Applies every damage to the newest checkpoint in a folder, one at a time and undone afterwards.

    Returns:
      Counts by kind of damage and outcome: ``previous``, ``same values``, ``wrong values`` or the name of an exception.
    """
    newest, previous = (directory / str(step) for step in sorted(map(int, _names(directory)), reverse=True)[:2])
    right = {folder.name: fingerprint(Checkpoint.open(folder)) for folder in (newest, previous)}
    counts: Counter[tuple[str, str]] = Counter()
    for kind, file, change in damages(newest, flips, zeroed, seed):
        before = file.read_bytes()
        after = change(before)
        if after is None:
            file.unlink()
        else:
            with file.open("r+b") as opened:  # in place, as a fault of the disk: links would show it too
                opened.write(after)
                opened.truncate(len(after))
        counts[kind, _outcome(directory, newest.name, right)] += 1
        file.write_bytes(before)
    return counts


def fingerprint(checkpoint: Checkpoint) -> str:
    """Returns a checksum of everything that the trainer reads from a checkpoint."""
    digest = hashlib.sha256(repr(sorted(checkpoint.numbers.items())).encode())
    for part in ("learner", "sampler"):
        for name, array in sorted(checkpoint.part(part).items()):
            digest.update(f"{name}{array.dtype}{array.shape}".encode() + array.tobytes())
    for group in checkpoint.tables:
        for piece in checkpoint.pieces(group):
            digest.update(b"".join(array.tobytes() for _, array in sorted(piece.arrays.items())))
    return digest.hexdigest()


def _outcome(directory: Path, newest: str, right: dict[str, str]) -> str:
    try:
        found, _ = newest_sound(directory)
        assert found is not None
        same = fingerprint(found) == right[found.folder.name]
    except Exception as error:
        return type(error).__name__
    if not same:
        return "wrong values"
    return "same values" if found.folder.name == newest else "previous"


def _names(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir() if path.name.isdigit()]


def _flip(data: bytes, place: float) -> bytes:
    bit = int(place * 8 * len(data))
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def _zero(data: bytes, place: float) -> bytes:
    start = int(place * max(1, len(data) - 64))
    return data[:start] + bytes(len(data[start : start + 64])) + data[start + 64 :]


def main() -> None:
    """Prints a table of kinds and outcomes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flips", type=int, default=145)
    parser.add_argument("--zeroed", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--replay-kb", type=int, default=256)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "checkpoints"
        make_checkpoints(directory, options.replay_kb << 10, options.seed)
        counts = count_outcomes(directory, options.flips, options.zeroed, options.seed)
    for (kind, outcome), count in sorted(counts.items()):
        print(f"{kind:<16} {outcome:<14} {count:>6}")
    good = sum(count for (_, outcome), count in counts.items() if outcome in ("previous", "same values"))
    print(f"right: {good} of {counts.total()}")


if __name__ == "__main__":
    main()
