"""Memory that the allocator keeps: the settings of a run on a CPU, and many saves in a row."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import soak_child

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(soak_child.heap()["heap_used"] is None, reason="needs mallinfo2 of glibc 2.33"),
]

#: Measures what the allocator of glibc holds, and leaves its heaps to other threads: so each new thread gets one of
#: them in turn, as in a run, where JAX has more threads than there are heaps.
HEAPS = """
import ctypes, json, sys, threading
from benchmarks.soak_child import mallinfo2

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
held = threading.Event()
def hold():
    address = libc.malloc(5000)
    ready.release()
    held.wait()
    libc.free(address)
ready = threading.Semaphore(0)
for _ in range(16):
    threading.Thread(target=hold, daemon=True).start()
    ready.acquire()
"""
SETTINGS = """
from dreamerguard.schema import RuntimeSection
from dreamerguard_agent.runtime import device

device.configure(RuntimeSection(platform="cpu", compilation_cache=False))
rows = [mallinfo2()]
address = libc.malloc(200 << 20)
ctypes.memset(address, 1, 200 << 20)
rows.append(mallinfo2())
libc.free(address)
rows.append(mallinfo2())
print(json.dumps([{"mapped": row.hblkhd, "system": row.arena} for row in rows]))
"""
SAVES = """
from pathlib import Path
import numpy as np
from dreamerguard_agent.checkpoints.folder import Checkpoints
from dreamerguard_agent.checkpoints.save_job import Content, SaveJob

libc.mallopt(-4, 0)  # M_MMAP_MAX and M_TRIM_THRESHOLD as in a run
libc.mallopt(-1, 2**31 - 1)
checkpoints, found = Checkpoints(Path(sys.argv[1]), keep=1), []
parts = {"learner": {"a": np.ones(2 << 20, np.float32)}}
for step in range(1, 20):
    job = SaveJob(checkpoints, Content(step, step, {"frames": step}, parts))
    while not job.ended:
        job.wait(1)
    assert job.error is None, job.error
    found.append(mallinfo2().arena)
print(json.dumps(found))
"""


def answer(code: str, *words: str) -> Any:
    """Runs code in a child that has at most 8 heaps and returns what it prints as JSON."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "MALLOC_ARENA_MAX": "8"}
    done = subprocess.run(
        [sys.executable, "-c", HEAPS + code, *words], capture_output=True, text=True, env=environment
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_memory_of_an_update_is_kept_on_a_cpu() -> None:
    before, used, after = answer(SETTINGS)
    assert used["mapped"] == before["mapped"]
    assert used["system"] >= before["system"] + (100 << 20)
    assert after["system"] == used["system"]


def test_saves_leave_no_buffers_in_the_heaps_of_their_threads(tmp_path: Path) -> None:
    sizes = answer(SAVES, str(tmp_path / "checkpoints"))
    assert sizes[-1] - sizes[1] < 2 << 20  # a buffer takes 4 MiB, and there are 8 heaps
