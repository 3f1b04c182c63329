"""Rows 7 to 14: files of a run directory are removed, cut, damaged or edited, and the same command is given again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from . import inventory
from .bench import Bench, designed, last_line, line_with, steps
from .row import Finding, row


def again(bench: Bench, folder: Path, finding: Finding, *words: str) -> tuple[int | str, str]:
    """Gives the same command, with further words, and notes what was lost of the logs as they were before."""
    before = inventory.take(folder / "run")
    process = bench.train(folder, *words)
    code = process.end()
    finding.count(code)
    designed(finding, process.output)
    after = inventory.take(folder / "run")
    finding.lose(inventory.lost_rows(before, after, before.saved or None))
    finding.wrong += [fault for fault in inventory.faults(after) if fault not in finding.wrong]
    return code, process.output


@row(
    7,
    "checkpoints removed, same command",
    "rm -r RUN/checkpoints of a finished run",
    test="tests/agent/test_records_faults.py",
)
def no_checkpoints(bench: Bench, times: int) -> Finding:
    """The logs must stay: refused, or set aside with a message."""
    finding, folder = Finding(), bench.finished("no-checkpoints")
    shutil.rmtree(folder / "run/checkpoints")
    code, output = again(bench, folder, finding)
    finding.message = line_with(output, "checkpoint", "aside") if code != 0 or "aside" in output else last_line(output)
    finding.expect(code != 0 or "aside" in output, "nothing is said about the logs")
    return finding


@row(
    8,
    "scores.jsonl cut, metrics.jsonl removed, same command",
    "truncate -s 40; rm, finished run",
    test="tests/agent/test_records_faults.py",
)
def short_logs(bench: Bench, times: int) -> Finding:
    """No NUL bytes, and a word about what is missing."""
    finding, folder = Finding(), bench.finished("short-logs")
    run = folder / "run"
    with (run / "scores.jsonl").open("r+b") as file:
        file.truncate(40)
    (run / "metrics.jsonl").unlink()
    _, output = again(bench, folder, finding)
    for name in ("scores.jsonl", "metrics.jsonl"):
        data = (run / name).read_bytes() if (run / name).exists() else b""
        finding.expect(b"\0" not in data, f"{data.count(0)} NUL bytes in {name}")
    finding.message = line_with(output, "missing", "shorter", "scores.jsonl")
    finding.expect("missing" in output or "shorter" in output, "nothing is said about the missing bytes")
    return finding


@row(
    9,
    "the newest checkpoint is damaged, the previous one is sound",
    "each file deleted, emptied, halved; bits flipped; 64 bytes zeroed",
    times=183,
    quick=40,
    test="tests/agent/test_checkpoint_files.py",
)
def damaged(bench: Bench, times: int) -> Finding:
    """Right is only the previous checkpoint, or the newest one with the values it had."""
    from .damaged_checkpoints import count_outcomes, make_checkpoints

    directory = bench.new("damaged") / "checkpoints"
    make_checkpoints(directory)
    zeroed = max(times // 9, 1)
    counts = count_outcomes(directory, max(times - zeroed - 18, 1), zeroed)
    finding = Finding(counts.total())
    right = sum(count for (_, outcome), count in counts.items() if outcome in ("previous", "same values"))
    finding.message = f"right {right} of {counts.total()}"
    finding.expect(right == counts.total(), f"{counts.total() - right} of {counts.total()} damages")
    finding.expect(not any(kind[1] == "wrong values" for kind in counts), "changed values are used")
    return finding


def _emptied(folder: Path) -> None:
    min(_files(folder), key=lambda path: path.stat().st_size).write_bytes(b"{")


def _halved(folder: Path) -> None:
    largest = max(_files(folder), key=lambda path: path.stat().st_size)
    largest.write_bytes(largest.read_bytes()[: largest.stat().st_size // 2])


def _described(folder: Path) -> None:
    named = [path for path in _files(folder) if "metadata" in path.name.lower() or "manifest" in path.name.lower()]
    (named or _files(folder))[0].write_bytes(b"{")


def _removed(folder: Path) -> None:
    for path in folder.rglob("*"):
        if "_METADATA" in path.name or "manifest" in path.name.lower():
            path.unlink()


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)


@row(
    10,
    "the newest checkpoint of a stopped run is damaged, same command",
    "smallest file '{', largest halved, description '{' or removed",
    times=4,
    quick=2,
    test="tests/commands/test_train_damage.py",
)
def damaged_run(bench: Bench, times: int) -> Finding:
    """The previous checkpoint is used and the run goes on."""
    finding = Finding()
    damages: list[Callable[[Path], None]] = [_described, _halved, _removed, _emptied]
    for damage in damages[:times]:
        folder = bench.interrupted("damaged-run")
        newest, previous = steps(folder / "run")[-1], steps(folder / "run")[0]
        damage(folder / "run/checkpoints" / str(newest))
        before = inventory.take(folder / "run")
        process = bench.train(folder)
        code = process.end()
        finding.count(code)
        designed(finding, process.output)
        after = inventory.take(folder / "run")
        finding.lose(inventory.lost_rows(before, after, previous * 8))
        finding.expect(code == 0, f"the run cannot go on: exit code {code}")
        finding.message = line_with(process.output, "damaged", "set aside", "internal error", "previous")
    return finding


@row(11, "model width changed", "model.units=16, finished run", test="tests/commands/test_train.py")
def other_width(bench: Bench, times: int) -> Finding:
    """Refused, with the key."""
    finding, folder = Finding(), bench.finished("width")
    code, output = again(bench, folder, finding, "model.units=16")
    finding.message = line_with(output, "model.units")
    finding.expect(code == 2 and "model.units" in output, f"exit code {code}, or the key is not named")
    return finding


@row(
    12,
    "run.yaml edited too, shapes differ from the checkpoint",
    "model.units 8 -> 16 in both",
    test="tests/commands/test_train_damage.py",
)
def other_shapes(bench: Bench, times: int) -> Finding:
    """Refused before anything changes, with the name of the parameter."""
    finding, folder = Finding(), bench.interrupted("shapes")
    stored = folder / "run/run.yaml"
    stored.write_text(stored.read_text().replace("units: 8", "units: 16"))
    before = inventory.take(folder / "run")
    code, output = again(bench, folder, finding, "model.units=16")
    finding.lose(inventory.lost_rows(before, inventory.take(folder / "run")))
    finding.message = line_with(output, "shape", "does not fit", "kernel")
    finding.expect(code not in (0, 70), f"exit code {code}")
    finding.expect("kernel" in output or "weight" in output or "/" in finding.message, "no parameter is named")
    return finding


@row(13, "run.yaml broken", "task: [", test="tests/commands/test_train_damage.py")
def broken_config(bench: Bench, times: int) -> Finding:
    """Refused."""
    finding, folder = Finding(), bench.finished("broken-config")
    (folder / "run/run.yaml").write_text("task: [")
    code, output = again(bench, folder, finding)
    finding.message = line_with(output, "run.yaml")
    finding.expect(code == 2, f"exit code {code}")
    return finding


@row(
    14,
    "logging, checkpoint or length of the run changed",
    "logging.every, checkpoint.keep, run.frames raised",
    times=3,
    quick=1,
    test="tests/commands/test_train_resume.py",
)
def other_intervals(bench: Bench, times: int) -> Finding:
    """These change nothing that was computed, so the run goes on."""
    finding = Finding()
    for change in ("logging.every=0.3", "checkpoint.keep=3", "run.frames=3200")[:times]:
        folder = bench.finished("intervals")
        code, output = again(bench, folder, finding, change)
        finding.expect(code == 0, f"{change} is refused: exit code {code}")
        finding.message = line_with(output, "finished", "another", change.partition("=")[0])
        if change.startswith("run.frames"):
            last = inventory.take(folder / "run").rows["metrics.jsonl"][-1]
            finding.expect(inventory.frames(last) == 3200, "the run is not lengthened")
    return finding
