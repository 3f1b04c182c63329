"""Checks folders by using them: writes, syncs, renames and locks files, and measures free space."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median

from .child import run_probe
from .grade import MachineCheck, error, not_checked, ok, warning

_SYNC_BYTES, _SYNC_TIMES = 1 << 20, 5
#: Seconds for a synced write of one MB above which saving is reported as slow.
SLOW_SYNC = 1.0


def existing(folder: Path) -> Path:
    """Returns the folder, or the nearest folder above it that exists: there the trainer would create it."""
    folder = folder.absolute()
    while not os.path.isdir(folder) and folder != folder.parent:  # noqa: PTH112 - does not raise
        folder = folder.parent
    return folder


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """Makes a folder with a name that cannot be guessed, and removes it at the end.

    Raises:
      OSError: the folder is not writable.
    """
    made = Path(tempfile.mkdtemp(prefix=".dreamerguard-doctor-", dir=folder))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def check_folder(name: str, folder: Path, needed: bool, fix: str) -> MachineCheck:
    """Makes the folder on trial, and writes, syncs and renames a file, as a save does.

    Args:
      name: name of the check.
      folder: the folder; it may not exist yet.
      needed: whether a run cannot do without it.
      fix: how to choose another folder.
    """
    place = existing(folder)
    report = error if needed else warning
    wrong = _in_the_way(folder, place)
    if wrong is not None:
        return report(name, "a file of the run cannot be replaced, or no folder can be made here", str(wrong), fix)
    try:
        with scratch(place) as made:
            (made / folder.absolute().relative_to(place)).mkdir(parents=True, exist_ok=True)
            first = made / "first"
            with first.open("wb") as file:
                file.write(bytes(65536))
                file.flush()
                os.fsync(file.fileno())
            first.replace(made / "second")
            if (made / "second").read_bytes() != bytes(65536):
                raise OSError(0, "a file holds other bytes than were written")
    except OSError as failure:
        return report(name, f"cannot be written: {failure.strerror or failure}", str(place), fix)
    free = shutil.disk_usage(place).free
    return ok(name, f"writable, {gigabytes(free)} free", str(place), free=free)


def _in_the_way(folder: Path, place: Path) -> Path | None:
    """Returns a path that keeps the trainer from writing: no folder where one is needed, or a protected file."""
    folder = folder.absolute()
    if place != folder:
        below = place / folder.relative_to(place).parts[0]
        return below if os.path.lexists(below) else None
    names = sorted(os.listdir(folder)) if os.access(folder, os.R_OK) else []  # noqa: PTH208 - names only
    return next((folder / name for name in names if not os.access(folder / name, os.W_OK)), None)


def check_disk(folder: Path, checkpoint: int | None, keep: int, files: int = 0) -> MachineCheck:
    """Compares the free space with the checkpoints of a run, and with the limit of a file's size.

    Args:
      folder: run directory; it may not exist yet.
      checkpoint: bytes of one checkpoint; None if unknown.
      keep: checkpoints that are kept.
      files: bytes of the replay's files, if it lies on this disk.
    """
    place = existing(folder)
    try:
        free = shutil.disk_usage(place).free
        nodes = os.statvfs(place) if hasattr(os, "statvfs") else None
    except OSError as failure:
        return not_checked("disk", f"free space is not known: {failure.strerror}", str(place))
    fix = "free space, choose another --logdir, or set checkpoint.replay=false or a smaller replay.capacity"
    if nodes is not None and nodes.f_files and nodes.f_favail < 1000:
        return error("disk", f"only {nodes.f_favail} more files can be created", str(place), "remove files")
    if checkpoint is None:
        return not_checked("disk", f"{gigabytes(free)} free; the size of a checkpoint is not known", str(place))
    stored = sum(_size(path) for path in (folder / "checkpoints").glob("*"))
    need = max((keep + 1) * checkpoint - stored, checkpoint) + files
    replay = f" and a replay of {gigabytes(files)}" if files else ""
    text = f"{gigabytes(free)} free, {keep} + 1 checkpoints of {gigabytes(checkpoint)}{replay} need {gigabytes(need)}"
    facts = {"free": free, "need": need, "checkpoint": checkpoint}
    most = _largest_file()
    if most is not None and most < checkpoint:
        limit = f"no file may be larger than {gigabytes(most)}, a checkpoint has {gigabytes(checkpoint)}"
        return error("disk", limit, "ulimit -f", "ulimit -f unlimited", **facts)
    if free < need:
        return error("disk", text, str(place), fix, **facts)
    if free < 2 * need:
        return warning("disk", f"{text}; little remains for logs and other programs", str(place), fix, **facts)
    return ok("disk", text, str(place), **facts)


def check_sync(folder: Path) -> MachineCheck:
    """Measures the time until a write of one MB is on the disk."""
    place = existing(folder)
    times = []
    try:
        with scratch(place) as made:
            for number in range(_SYNC_TIMES):
                with (made / str(number)).open("wb") as file:
                    file.write(os.urandom(_SYNC_BYTES))
                    file.flush()
                    start = time.perf_counter()
                    os.fsync(file.fileno())
                    times.append(time.perf_counter() - start)
    except OSError as failure:
        return not_checked("sync", f"the time of a sync is not known: {failure.strerror or failure}", str(place))
    middle, longest = median(times), max(times)
    text = f"a synced write of 1 MB takes {1000 * middle:.1f} ms, at most {1000 * longest:.1f} ms"
    if middle > SLOW_SYNC:
        fix = "choose a --logdir on a local disk, or save less often (checkpoint.every)"
        return warning("sync", text, str(place), fix, seconds=middle)
    return ok("sync", text, str(place), seconds=middle)


def check_lock(folder: Path, seconds: float) -> MachineCheck:
    """Takes a lock, and lets another process try to take it too: while it is held, and after its release."""
    try:
        import fcntl
    except ImportError:
        return not_checked("lock", "this system has no flock", str(folder))
    place, fix = existing(folder), "never start two runs in one directory here, or choose a --logdir on a local disk"
    try:
        with scratch(place) as made, (made / "lock").open("w+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = run_probe("lock", seconds, [str(made / "lock")])
            fcntl.flock(file, fcntl.LOCK_UN)
            free = run_probe("lock", seconds, [str(made / "lock")])
    except OSError as failure:
        return warning("lock", f"files cannot be locked: {failure.strerror or failure}", str(place), fix)
    if held.problem or free.problem:
        return not_checked("lock", held.problem or free.problem, str(place))
    if held.values["taken"]:
        return warning("lock", "a second process could lock a file that was locked", str(place), fix)
    if not free.values["taken"]:
        return warning("lock", "a lock stays after its release", str(place), fix)
    return ok("lock", "a lock keeps a second process out", str(place))


def gigabytes(count: float) -> str:
    """Formats bytes, for example ``1.2 GB``."""
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count / 1000:.1f} kB"


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            total += path.lstat().st_size
    return total


def _largest_file() -> int | None:
    try:
        import resource
    except ImportError:
        return None
    most = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    return None if most == resource.RLIM_INFINITY else most
