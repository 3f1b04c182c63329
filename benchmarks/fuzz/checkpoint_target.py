"""The target that reads checkpoints: the input is the manifest, with the checksum that belongs to it."""

from __future__ import annotations

from functools import cache

from .log_targets import folder

#: Pieces of a manifest.
WORDS = (
    *(b'"offset": ', b'"bytes": ', b'"shape": [', b'"dtype": "bfloat16"', b'"rows": ', b'"packs": ["'),
    *(b"9007199254740993", b"-1", b"1e300", b"NaN", b"null", b"../../x.bin", b'"format": 1'),
)


@cache
def _files() -> dict[str, bytes]:
    """Returns the files of a sound checkpoint, of arrays and chunks, by name."""
    import numpy as np

    from dreamerguard_agent.checkpoints.chunks import ChunkCopy, ChunkLayout, ChunkTable
    from dreamerguard_agent.checkpoints.draft import ReplayPlan
    from dreamerguard_agent.checkpoints.folder import Checkpoints

    layout = ChunkLayout(2, 6, 2, {"x": ("float32", (3,))})
    plan = ReplayPlan({"records": ChunkTable.empty(layout, 3)}, 6, None)
    pieces = [ChunkCopy("records", row, chunk, {"x": np.ones((2, 3), np.float32)}) for row, chunk in np.ndindex(2, 3)]
    parts = {"learner": {"params/a": np.arange(30.0), "count": np.array(3)}, "policy": {"key": np.ones((2, 2), bool)}}
    with folder() as here:
        Checkpoints(here).save(1, {"step": 1, "frames": 2, "updates": 3}, parts, plan, pieces, 1)
        return {path.name: path.read_bytes() for path in (here / "1").iterdir()}


def manifests() -> list[bytes]:
    """Returns the manifest of the sound checkpoint."""
    from dreamerguard_agent.checkpoints.manifest import NAME

    return [_files()[NAME]]


def checkpoint(data: bytes) -> object:
    """Opens a checkpoint with this manifest and reads all that it lists, as a resumed run does."""
    from dreamerguard_agent.checkpoints.checkpoint import Checkpoint, checksum_line
    from dreamerguard_agent.checkpoints.errors import Damaged, OtherFormat
    from dreamerguard_agent.checkpoints.manifest import NAME, SUM

    with folder() as here:
        stored = here / "1"
        stored.mkdir()
        for name, content in (_files() | {NAME: data, SUM: checksum_line(data)}).items():
            (stored / name).write_bytes(content)
        try:
            opened = Checkpoint.open(stored)
            read = [sorted(opened.part(part)) for part in ("learner", "policy")]
            pieces = sum(1 for group in opened.tables for _ in opened.pieces(group))
        except (Damaged, OtherFormat) as error:
            return str(error)[:24]
        return str(read), pieces
