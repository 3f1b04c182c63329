"""Runs `dreamerguard` with a thread that samples what only the process itself knows: live arrays and the heap.

python -m benchmarks.soak_child SAMPLES.jsonl SECONDS train ...
"""

from __future__ import annotations

import ctypes
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any


class _MallInfo(ctypes.Structure):
    """``struct mallinfo2`` of glibc 2.33 and later."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "k")
    ]


def mallinfo2() -> _MallInfo:
    """Returns what the allocator of glibc knows about itself, over all its heaps.

    Raises:
      AttributeError: the C library has no such function.
    """
    call = ctypes.CDLL(None).mallinfo2
    call.restype = _MallInfo
    info: _MallInfo = call()
    return info


def heap() -> dict[str, int | None]:
    """Returns the bytes that the allocator has given out and the free bytes that it keeps; None where unknown."""
    try:
        info = mallinfo2()
    except (OSError, AttributeError):
        return {"heap_used": None, "heap_free": None}
    return {"heap_used": info.uordblks + info.hblkhd, "heap_free": info.fordblks}


def arrays() -> dict[str, int | None]:
    """Returns number and bytes of the live arrays of JAX; None before JAX is imported or while it changes them."""
    jax: Any = sys.modules.get("jax")
    try:
        live = jax.live_arrays()
        return {"arrays": len(live), "array_bytes": sum(array.nbytes for array in live)}
    except Exception:  # JAX is not imported yet, or an array was donated while it was counted
        return {"arrays": None, "array_bytes": None}


def _sample(path: Path, every: float) -> None:
    with path.open("a") as file:
        while True:
            file.write(json.dumps({"time": time.time(), **heap(), **arrays()}) + "\n")
            file.flush()
            time.sleep(every)


def main() -> None:
    """Starts the thread and runs the command."""
    path, every = Path(sys.argv[1]), float(sys.argv[2])
    sys.argv[1:] = sys.argv[3:]
    threading.Thread(target=_sample, args=(path, every), daemon=True).start()
    from dreamerguard.cli import main as run

    run()


if __name__ == "__main__":
    main()
