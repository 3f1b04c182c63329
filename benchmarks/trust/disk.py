"""Rows 15 to 18 and 44: the disk is full or read-only, the run directory goes away, two processes want the same one."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import inventory
from .bench import LONG, Bench, designed, last_line, line_with, steps
from .row import Finding, NotRun, row


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[bool]:
    """Mounts a small file system on a folder. Yields False where this is not allowed, and then nothing is mounted."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "trust", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)


class FaultyDisk:
    """An ext4 file system in a file, mounted on a folder, that can be made to fail.

    Args:
      folder: empty; becomes the mount point.
      image: the file, to be made.

    Raises:
      NotRun: this machine or user cannot mount it.
    """

    def __init__(self, folder: Path, image: Path) -> None:
        self._folder, self._image = folder, image
        image.write_bytes(bytes(24_000_000))
        self._run("mkfs.ext4", "-q", "-F", str(image))
        self.mount()

    def mount(self) -> None:
        """Mounts it; errors make it read-only, as is usual."""
        self._run("mount", "-o", "loop,errors=remount-ro", str(self._image), str(self._folder))

    def fail(self) -> None:
        """Injects an error by the kernel's own switch: from now on every write fails with EROFS."""
        device = self._folder.stat().st_dev
        for switch in Path("/sys/fs/ext4").glob("loop*/trigger_fs_error"):
            number = Path("/sys/class/block", switch.parent.name, "dev").read_text().strip()
            if number == f"{os.major(device)}:{os.minor(device)}":
                switch.write_text("injected by a test of faults")
                return
        raise NotRun("the kernel has no switch for errors of this file system")

    def repair(self) -> None:
        """Unmounts it, repairs it and mounts it again."""
        self._run("umount", str(self._folder))
        self._run("e2fsck", "-p", "-f", str(self._image), codes=(0, 1))
        self.mount()

    def close(self) -> None:
        """Unmounts it."""
        subprocess.run(["umount", "-l", str(self._folder)], capture_output=True, check=False)

    def _run(self, *command: str, codes: tuple[int, ...] = (0,)) -> None:
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            raise NotRun(f"{command[0]}: {error.strerror}") from error
        if done.returncode not in codes:
            raise NotRun(f"{command[0]}: {(done.stderr or done.stdout).strip()[:80]}")


@row(
    15,
    "the disk is full while training",
    "tmpfs that the second checkpoint fills, then room is made; else a limit of file sizes",
    test="tests/agent/test_records_faults.py",
)
def full_disk(bench: Bench, times: int) -> Finding:
    """The old checkpoint stays; training goes on or ends with a designed message; then the run continues."""
    finding, folder = Finding(), bench.new("full-disk")
    bench.write_config(folder, **LONG)
    (folder / "run").mkdir()
    filler = folder / "run" / "filler"
    with small_disk(folder / "run", 4000) as mounted:
        process = bench.train(folder)
        process.until(lambda: len(steps(folder / "run")) >= 1)
        before = inventory.take(folder / "run")
        if mounted:
            free = os.statvfs(folder / "run")
            filler.write_bytes(bytes(max(free.f_bavail * free.f_frsize - 8192, 0)))
        else:
            resource.prlimit(process.inner.pid, resource.RLIMIT_FSIZE, (20_000, 20_000))
        words = ("No space", "full", "not saved", "cannot be written", "RESOURCE_EXHAUSTED", "too large")
        process.until(lambda: any(word in process.output for word in words), 60)
        finding.message = line_with(process.output, *words)
        finding.expect(any(word in process.output for word in words), "nothing is said within a minute")
        finding.expect(process.inner.poll() is None, "training ends at once")
        filler.unlink(missing_ok=True)
        if not mounted:
            process.inner.send_signal(signal.SIGTERM)
        code = process.end()
        finding.count(code)
        designed(finding, process.output)
        finding.expect(bool(steps(folder / "run")), "no checkpoint is left")
        if code != 0:
            code = bench.train(folder).end()
            finding.expect(code == 0, f"the run cannot be continued once there is room: {code}")
        after = inventory.take(folder / "run")
        finding.lose(inventory.lost_rows(before, after, before.saved))
        finding.wrong += inventory.faults(after)
    return finding


@row(
    16,
    "the run directory is read-only at the start",
    "a folder in which nobody can write",
    test="tests/commands/test_train_damage.py",
)
def read_only(bench: Bench, times: int) -> Finding:
    """Refused with the folder and the option that chooses another one."""
    finding, folder = Finding(), bench.new("read-only")
    bench.write_config(folder)
    process = bench.train(folder, logdir="/proc/self/run")
    finding.count(process.end())
    designed(finding, process.output)
    finding.message = line_with(process.output, "--logdir")
    finding.expect(
        finding.codes.keys() == {"2"} and "--logdir" in process.output, "the message does not say how to fix it"
    )
    return finding


@row(
    44,
    "the file system becomes read-only while training",
    "ext4 in a file, an error by the kernel's switch; then it is repaired",
    test="tests/agent/test_checkpoint_saver.py",
)
def read_only_later(bench: Bench, times: int) -> Finding:
    """Training goes on with a warning, ends with 73 after `checkpoint.max_unsaved`, and continues after the repair."""
    finding, folder = Finding(), bench.new("read-only-later")
    bench.write_config(folder, **LONG | {"checkpoint": {"every": 1.5, "max_unsaved": 4}})
    run = folder / "run"
    run.mkdir()
    disk = FaultyDisk(run, folder / "image")
    try:
        process = bench.train(folder)
        process.until(lambda: len(steps(run)) >= 1)
        before = inventory.take(run)
        disk.fail()
        finding.count(process.end())
        designed(finding, process.output)
        finding.message = line_with(process.output, "Read-only")
        finding.expect(finding.codes.keys() == {"73"}, "the run does not end with 73")
        disk.repair()
        code = bench.train(folder).end()
        finding.expect(code == 0, f"the run cannot be continued after the repair: {code}")
        after = inventory.take(run)
        finding.lose(inventory.lost_rows(before, after, before.saved))
        finding.wrong += inventory.faults(after)
    finally:
        disk.close()
    return finding


@row(
    17,
    "the run directory is removed while training",
    "rm -r after the first rows",
    test="tests/agent/test_records_faults.py",
)
def removed(bench: Bench, times: int) -> Finding:
    """The run notices it at the next write, and does not end as finished."""
    finding, folder = Finding(), bench.new("removed")
    bench.write_config(folder, **LONG)
    run = folder / "run"
    process = bench.train(folder)
    process.until(lambda: bool(inventory.take(run).rows["scores.jsonl"]))
    run.rename(folder / "hidden")
    shutil.rmtree(folder / "hidden", ignore_errors=True)
    finding.count(process.end())
    designed(finding, process.output)
    code = next(iter(finding.codes))
    finding.message = line_with(process.output, "removed", "is gone", "missing", "finished")
    finding.expect(code not in ("0", "70"), f"exit code {code} over nothing")
    finding.expect(
        not (run / "checkpoints").exists() or (run / "run.yaml").exists(), "a directory without run.yaml is made"
    )
    return finding


@row(18, "two processes, same directory", "same command 4 s later", test="tests/programs/test_run_lock.py")
def two_writers(bench: Bench, times: int) -> Finding:
    """The second process is refused and told who holds the directory."""
    finding, folder = Finding(), bench.new("two-writers")
    bench.write_config(folder, **LONG)
    first = bench.train(folder)
    first.until(lambda: "compiling" in first.output)
    second = bench.train(folder)
    code = second.end()
    finding.count(code)
    designed(finding, second.output)
    finding.message = line_with(second.output, "pid", "process", "uses", "in use", "finished")
    finding.expect(code not in (0, 70), f"the second process ends with {code}")
    finding.expect(str(first.inner.pid) in second.output, "the message does not name the holder")
    end = first.end()
    finding.expect(end == 0, f"the first process ends with {end}: {last_line(first.output)[:80]}")
    finding.wrong += inventory.faults(inventory.take(folder / "run"))
    crash = bench.train(folder, logdir="crash")
    crash.until(lambda: "compiling" in crash.output)
    crash.kill()
    after = bench.train(folder, logdir="crash")
    after.until(lambda: "compiling" in after.output or after.inner.poll() is not None)
    finding.expect(
        "compiling" in after.output, f"the directory stays locked after a crash: {last_line(after.output)[:80]}"
    )
    after.kill()
    return finding
