"""Facts about the machine that a run is meant for. Rules read these facts and never inspect the machine themselves."""

from __future__ import annotations

import os
from pathlib import Path

from dreamerguard.util.fast_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Machine:
    """Facts about a machine. ``None`` means unknown; no rule reports a finding about an unknown fact.

    Attributes:
      gpus: usable NVIDIA GPUs.
      cpus: processor cores usable by this process.
      memory: main memory in bytes.
      job: whether the memory is that of a job of a cluster.
      lacking: packages of the bundled trainer's environments that its Python lacks; None: this Python is asked.
    """

    gpus: int | None = None
    cpus: int | None = None
    memory: int | None = None
    job: bool = False
    lacking: frozenset[str] | None = None


#: Used for a run on another machine, for example on a cluster.
UNKNOWN = Machine()


def detect_machine() -> Machine:
    """Returns the facts about this machine without starting programs or loading libraries."""
    return Machine(gpus=count_gpus(), cpus=len(_affinity()) or os.cpu_count(), memory=_memory())


def count_gpus(root: Path = Path("/"), visible: str | None = None) -> int:
    """Returns the number of NVIDIA GPUs that the driver offers, reduced by ``CUDA_VISIBLE_DEVICES``.

    Args:
      root: root of the file system; tests use another folder.
      visible: value of ``CUDA_VISIBLE_DEVICES``; by default the value in this process.
    """
    devices = [path for path in (root / "dev").glob("nvidia*") if path.name.removeprefix("nvidia").isdigit()]
    cards = (root / "proc/driver/nvidia/gpus").glob("*")
    found = max(len(devices), len(list(cards)))
    if not found and (root / "dev/dxg").exists():
        found = 1  # WSL 2 offers the GPU of Windows through this device only
    visible = os.environ.get("CUDA_VISIBLE_DEVICES") if visible is None else visible
    if visible is None:
        return found
    chosen = [name for name in visible.split(",") if name.strip() not in ("", "-1", "NoDevFiles")]
    return min(found, len(chosen))


def _affinity() -> set[int]:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
