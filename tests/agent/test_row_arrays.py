"""Rows in memory and in files: the same values, little memory, no trace after a kill, one message for a full disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamerguard_agent.checkpoints.errors import NotSaved
from dreamerguard_agent.replay.packing import pack
from dreamerguard_agent.replay.row_arrays import FileRows, MemoryRows, RowShape

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("dtype", ["uint8", "bool", "int32", "float32", "bfloat16"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 2, 3)])
def test_files_hold_what_memory_holds(tmp_path: Path, dtype: str, shape: tuple[int, ...]) -> None:
    about = RowShape(3, 10, shape, np.dtype(jnp.dtype(dtype)))
    file, memory, random = FileRows(about, tmp_path), MemoryRows(about), np.random.default_rng(0)
    for _ in range(40):
        stream, row = int(random.integers(3)), int(random.integers(10))
        values = random.integers(0, 2, (int(random.integers(1, 11 - row)), *shape)).astype(about.dtype)
        every = random.integers(0, 2, (3, *shape)).astype(about.dtype)
        for array in (file, memory):
            array.write(stream, row, values)
            array.write_all(row, every)
        one, two = (np.ones((10 - row, *shape), about.dtype) for _ in range(2))
        file.read(stream, row, one)
        memory.read(stream, row, two)
        np.testing.assert_array_equal(one, two)
    file.close()
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=200)
@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 6), st.integers(2, 7), st.integers(0, 2**31))
def test_a_packed_ring_holds_every_record_once(agents: int, updates: int, batch: int, window: int, seed: int) -> None:
    streams, random = 3, np.random.default_rng(seed)
    shape = (updates, batch) if agents == 1 else (agents, updates, batch)
    indices = np.stack([random.integers(0, streams, shape), random.integers(0, 40, shape)], -1).astype(np.int32)
    packing = pack(indices, streams, window)
    place: dict[tuple[int, int], tuple[int, int]] = {}
    for segment in packing.segments:
        assert segment.at + segment.length <= packing.rows == updates * batch * window
        for step in range(segment.length):
            key = (segment.stream, segment.number + step)
            assert key not in place  # a record has one place
            place[key] = (segment.agent, segment.at + step)
    assert len(set(place.values())) == len(place)
    covered = set()
    for agent, windows in enumerate(packing.indices.reshape(agents, -1, 4)):
        for _, at, stream, start in windows.tolist():
            for step in range(window):
                key = (agent * streams + stream, start + step)
                assert place[key] == (agent, at + step)  # consecutive in the packed ring
                covered.add(key)
    assert covered == place.keys()
    np.testing.assert_array_equal(packing.indices[..., 2:], indices)
    assert (packing.indices[..., 0] == 0).all()


#: Fills and reads a ring of 3 GB where no more than 0.2 GB can be allocated.
LARGE = """
import resource, sys
import numpy as np
from pathlib import Path
from dreamerguard_agent.replay.row_arrays import FileRows, RowShape

shape = RowShape(4, 60_000, (64, 64, 3), np.dtype("uint8"))
assert shape.bytes > 2.9e9
now = int(next(line for line in open("/proc/self/status") if line.startswith("VmSize")).split()[1]) << 10
resource.setrlimit(resource.RLIMIT_AS, (now + (200 << 20),) * 2)
try:
    np.ones(shape.bytes, np.uint8)
except MemoryError:
    rows = FileRows(shape, Path(sys.argv[1]))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for row in range(0, 60_000, 12_000):
        for stream in range(4):
            for part in range(row, row + 12_000, 1_000):
                rows.write(stream, part, np.full((1_000, 64, 64, 3), part % 251, np.uint8))
    out = np.empty((65, 64, 64, 3), np.uint8)
    for row in range(100, 59_000, 1_000):
        rows.read(row % 4, row, out)
        assert (out == row // 1_000 * 1_000 % 251).all(), row
    print("grown", (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""


@pytest.mark.slow
def test_a_ring_larger_than_memory_works(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LARGE, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[1]) < 64  # MB; the ring has 2,900
    assert list(tmp_path.iterdir()) == []


HOLD = """
import sys
import numpy as np
from pathlib import Path
from dreamerguard_agent.replay.row_arrays import FileRows, RowShape

rows = FileRows(RowShape(1, 1000, (1000,), np.dtype("uint8")), Path(sys.argv[1]))
rows.write(0, 0, np.ones((1000, 1000), np.uint8))
print("ready", flush=True)
sys.stdin.read()
"""


def test_a_killed_process_leaves_no_file(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGKILL)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fails_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    about = RowShape(1, 10, (4,), np.dtype("float32"))
    rows, values = FileRows(about, tmp_path), np.ones((2, 4), np.float32)

    def full(*_: object) -> int:
        raise OSError(28, os.strerror(28))

    for name, use, verb in (("pwrite", rows.write, "written"), ("preadv", rows.read, "read")):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, full)
            with pytest.raises(NotSaved, match=f"the replay on disk cannot be {verb} in .*: no space left on device"):
                use(0, 0, values)
    rows.close()
    with pytest.raises(NotSaved, match=r"cannot be made in .*: no such file or directory"):
        FileRows(about, tmp_path / "removed")


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a file system in memory")
def test_space_is_reserved_at_once() -> None:
    folder = Path("/dev/shm")
    free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    with pytest.raises(NotSaved, match="cannot be made in /dev/shm: no space left on device"):
        FileRows(RowShape(1, 1, (2 * free,), np.dtype("uint8")), folder)
