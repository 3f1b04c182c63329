"""Checks memory: what this process may use, control groups and limits included, against the estimate of a run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from .folders import gigabytes
from .grade import MachineCheck, error, not_checked, ok, warning

#: Memory that Python, JAX and compiled programs take besides the estimate, in bytes.
PROGRAM = 700_000_000


def memory_limits(root: Path = Path("/")) -> dict[str, int]:
    """Returns the limits of memory by name, in bytes: the machine, control groups of both versions, and ulimit.

    Args:
      root: root of the file system; tests use another folder.
    """
    limits = {}
    total = _meminfo(root).get("MemTotal")
    if total is not None:
        limits["machine"] = total
    for file in _group_files(root):
        value = _number(file)
        if value is not None and value < 1 << 60:  # version 1 writes a huge number for "no limit"
            limits[str(file)] = value
    try:
        import resource

        most = resource.getrlimit(resource.RLIMIT_AS)[0]
        if most != resource.RLIM_INFINITY:
            limits["ulimit -v"] = most
    except (ImportError, ValueError):
        pass
    return limits


def available_memory(root: Path = Path("/")) -> int | None:
    """Returns the bytes that are free now, within all control groups; None if unknown."""
    free = []
    available = _meminfo(root).get("MemAvailable")
    if available is not None:
        free.append(available)
    for file in _group_files(root):
        limit = _number(file)
        used = _number(file.with_name({"memory.max": "memory.current"}.get(file.name, "memory.usage_in_bytes")))
        if limit is not None and used is not None and limit < 1 << 60:
            free.append(max(limit - used, 0))
    return min(free, default=None)


def check_memory(need: int | None, parts: str, device_limit: int | None, problem: str = "") -> MachineCheck:
    """Compares the memory of a run with what the machine offers.

    Args:
      need: bytes of the run on its device; None if unknown.
      parts: the estimate in words.
      device_limit: bytes of the GPU; None if the run computes in main memory.
      problem: why the need is unknown.
    """
    limits, free = memory_limits(), available_memory()
    if not limits or free is None:
        return not_checked("memory", "the memory of this machine is not known")
    where, limit = min(limits.items(), key=lambda item: item[1])
    text = f"{gigabytes(free)} free of {gigabytes(limit)}"
    facts: dict[str, Any] = {"limit": limit, "free": free, "limits": limits, "need": need}
    if problem:
        return not_checked("memory", f"{text}; the need of the run is not known: {problem}", where, **facts)
    fix = "set a smaller replay.capacity, size or batch, or fewer --seeds"
    if need is not None and device_limit is not None:
        text = f"the run needs {gigabytes(need)} of {gigabytes(device_limit)} device memory; main memory: {text}"
        if need > device_limit:
            return error("memory", text, "GPU", fix, **facts)
        need = 0
    if need is None:
        grade = warning if free < PROGRAM else ok
        text = f"{text}; a run takes at least {gigabytes(PROGRAM)}" if free < PROGRAM else text
        return _report(grade, text, where, "free memory", facts)
    needed = need + PROGRAM
    if device_limit is None:
        text = f"{text}; the run needs about {gigabytes(needed)}: {parts}, and {gigabytes(PROGRAM)} for programs"
    if needed > limit:
        return error("memory", text, where, fix, **facts)
    return _report(warning if needed > free else ok, text, where, f"free memory, or {fix}", facts)


def _report(report: object, text: str, where: str, fix: str, facts: dict[str, Any]) -> MachineCheck:
    return ok("memory", text, where, **facts) if report is ok else warning("memory", text, where, fix, **facts)


def _group_files(root: Path) -> Iterator[Path]:
    """Yields the files with a memory limit of this process's control groups and of all groups above them."""
    base = root / "sys/fs/cgroup"
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        lines = []
    groups = {(base, "memory.max"): "/", (base / "memory", "memory.limit_in_bytes"): "/"}
    for line in lines:
        _, names, path = (*line.split(":", 2), "", "")[:3]
        if not names:
            groups[base, "memory.max"] = path
        elif "memory" in names.split(","):
            groups[base / "memory", "memory.limit_in_bytes"] = path
    for (folder, name), path in groups.items():
        parts = [part for part in path.split("/") if part not in ("", "..")]
        for depth in range(len(parts), -1, -1):
            file = folder.joinpath(*parts[:depth]) / name
            if os.path.isfile(file):  # noqa: PTH113 - does not raise
                yield file


def _number(file: Path) -> int | None:
    try:
        text = file.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _meminfo(root: Path) -> dict[str, int]:
    """Returns the lines of /proc/meminfo in bytes."""
    values = {}
    with suppress(OSError, ValueError):
        for line in (root / "proc/meminfo").read_text().splitlines():
            name, _, rest = line.partition(":")
            if rest.split()[1:] == ["kB"]:
                values[name] = int(rest.split()[0]) * 1024
    if not values and root == Path("/"):
        with suppress(AttributeError, ValueError, OSError):
            values["MemTotal"] = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return values
