"""Damages of a run directory: one function per fault, each with what the four commands that read logs must answer."""

from __future__ import annotations

import json
import os
import random
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..regression.run_logs import Row, append, native_run

Damage = Callable[[Path], None]


@dataclass(frozen=True)
class Fault:
    """A fault of a sound run of walker-walk.

    Attributes:
      damage: changes the run directory.
      says: text that ``watch --once`` must print.
      alone: whether the run has no metrics, so that the scores are all there is.
      code: exit code of ``watch --once`` if nothing can be judged.
    """

    damage: Damage
    says: str
    alone: bool = True
    code: int = 3


def run(folder: Path, fault: Fault | None = None) -> Path:
    """Makes a sound run, without metrics if the fault wants that, and damages it."""
    directory = native_run(folder / "run")
    if fault is not None:
        if fault.alone:
            (directory / "metrics.jsonl").unlink()
        fault.damage(directory)
    return directory


def _instead(data: bytes) -> Damage:
    return lambda run: (run / "scores.jsonl").write_bytes(data) and None


def _changed(change: Callable[[bytes], bytes], name: str = "scores.jsonl") -> Damage:
    return lambda run: (run / name).write_bytes(change((run / name).read_bytes())) and None


def _rows(*rows: Row | str, name: str = "scores.jsonl") -> Damage:
    return lambda run: append(run / name, list(rows))


def _put(make: Callable[[Path], object], name: str = "scores.jsonl") -> Damage:
    def damage(run: Path) -> None:
        (run / name).unlink(missing_ok=True)
        make(run / name)

    return damage


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket must be short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def _loop(path: Path) -> None:
    path.symlink_to(path.with_suffix(".other"))
    path.with_suffix(".other").symlink_to(path)


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 38)


def _every(change: Callable[[Row], Row]) -> Damage:
    def damage(run: Path) -> None:
        rows: list[Row | str] = [change(json.loads(row)) for row in (run / "scores.jsonl").read_text().splitlines()]
        (run / "scores.jsonl").unlink()
        append(run / "scores.jsonl", rows)

    return damage


def _middle(piece: bytes) -> Damage:
    def change(data: bytes) -> bytes:
        at = data.index(b"\n", len(data) // 2) + 1
        return data[:at] + piece + data[at:]

    return _changed(change)


def _hole(run: Path) -> None:
    data = (run / "scores.jsonl").read_bytes()
    at = data.index(b"\n", len(data) // 2) + 1
    with (run / "scores.jsonl").open("r+b") as file:
        file.seek(at + (1 << 33))
        file.write(data[at:])
        file.seek(at)
        file.write(bytes(len(data) - at))


GARBAGE = random.Random(0).randbytes(20_000)

#: Nothing can be judged: `watch --once` and `report` end with 3, `compare` and `reference build` with 2.
HOPELESS = {
    "empty": Fault(_instead(b""), "the log has no score; verdicts start at 50,000 frames"),
    "garbage": Fault(_instead(GARBAGE), "lines without valid JSON"),
    "garbage without a line end": Fault(_instead(GARBAGE.replace(b"\n", b" ").replace(b"\0", b" ")), "is unfinished"),
    "zeros": Fault(_instead(bytes(50_000)), "the log has no score"),
    "UTF-16": Fault(_changed(lambda data: data.decode().encode("utf-16")), "lines without valid JSON"),
    "no line end": Fault(_changed(lambda data: data.replace(b"\n", b" ")), "the last line is unfinished"),
    "one line": Fault(_changed(lambda data: data.replace(b"\n", b" ") + b"\n"), "lines without valid JSON"),
    "one list": Fault(_changed(lambda data: b"[" + data.strip().replace(b"\n", b",") + b"]\n"), "no score"),
    "much without a line end": Fault(_instead(b"x" * (70 << 20)), "the first 64 MiB hold no readable row"),
    "many lines of nothing": Fault(_instead(b'"score"\n' * (1 << 16)), "lines without valid JSON"),
    "all NaN": Fault(_every(lambda row: row | {"score": float("nan")}), "error[non-finite-score]", code=1),
    "all text": Fault(_every(lambda row: row | {"score": "1.5"}), "245 scores are not finite"),
    "all too large": Fault(_every(lambda row: row | {"score": 1e308}), "245 scores are not finite", code=1),
    "no frames": Fault(_every(lambda row: {"score": row["score"]}), "lines without valid JSON or possible frames"),
    "all negative": Fault(_every(lambda row: row | {"frames": -1 - row["frames"]}), "lines without valid JSON or"),
    "no scores": Fault(_every(lambda row: {"frames": row["frames"]}), "the log has no score"),
    "FIFO": Fault(_put(os.mkfifo), "scores.jsonl: scores.jsonl cannot be read: a FIFO, not a file"),
    "socket": Fault(_put(_socket), "a socket, not a file"),
    "device": Fault(_put(lambda path: path.symlink_to("/dev/zero")), "a device, not a file"),
    "directory": Fault(_put(Path.mkdir), "a directory, not a file"),
    "link to itself": Fault(_put(lambda path: path.symlink_to(path)), "a link that leads back to itself"),
    "links in a circle": Fault(_put(_loop), "a link that leads back to itself"),
    "link to nothing": Fault(_put(lambda path: path.symlink_to("nowhere")), "the log has no score"),
    "256 GiB of nothing": Fault(_put(_sparse), "the log has no score"),
    "process memory": Fault(_put(lambda path: path.symlink_to("/proc/self/mem")), "the log has no score"),
}  # fmt: skip

_LATER = {"frames": 490_000, "score": 900.0}
_NEGATED: list[Row | str] = [{"frames": -4002 - 2000 * i, "score": 1.0} for i in range(199)]

#: The other rows count as if the fault was not there: the verdict is that of the sound run.
HARMLESS = {
    "a negative frame": Fault(_rows({"frames": -5, "score": 1.0}), "possible frames are skipped (1)"),
    "negative frames": Fault(_rows(*_NEGATED), "possible frames are skipped (199)"),
    "frames beyond all": Fault(_rows({"frames": 1e300, "score": 1.0}), "possible frames are skipped (1)"),
    "frames far ahead": Fault(_rows({"frames": 10_000_000, "score": 1.0}), "do not count (1)"),
    "frames far ahead twice": Fault(_rows({"frames": 1e7, "score": 1.0}, {"frames": 3e7, "score": 1.0}), "count (2)"),
    "a rewind": Fault(_rows({"frames": 5, "score": 1.0}), "do not count (1)"),
    "frames that are none": Fault(
        _rows(*({"frames": x, "score": 1.0} for x in (None, True, "7", [7], {}, float("nan"), float("inf")))),
        "possible frames are skipped (7)",
    ),
    "large scores": Fault(_rows(*[_LATER | {"score": 1e308}] * 2), "too large do not count in the verdict (2)"),
    "a NaN score": Fault(_rows(_LATER | {"score": float("nan")}), "do not count in the verdict (1)"),
    "a very long number": Fault(_rows('{"frames": 490000, "score": ' + "9" * 400 + "}\n"), "do not count"),
    "deep nesting": Fault(_rows('{"frames": 1, "score": ' + "[" * 50_000 + "\n"), "are skipped (1)"),
    "many keys": Fault(_rows({"frames": 490_001, "score": 1.0} | {f"k{i}": i for i in range(5000)}), "OK"),
    "a torn row": Fault(_middle(b'{"frames": 250000, "sc\n'), "are skipped (1)"),
    "zeros at the end": Fault(_changed(lambda data: data + bytes(9000)), "OK"),
    "zeros in the middle": Fault(_middle(bytes(9000)), "OK"),
    "zeros in a row": Fault(_middle(b'{"frames": 250' + bytes(9) + b', "score": 0}\n'), "are skipped (2)"),
    "a hole of 8 GiB": Fault(_hole, "OK"),
    "garbage in the middle": Fault(_middle(GARBAGE + b"\n"), "lines without valid JSON"),
    "a long line": Fault(_middle(b"y" * (9 << 20) + b"\n"), "lines of more than 4 MiB are skipped"),
    "CRLF": Fault(_changed(lambda data: data.replace(b"\n", b"\r\n")), "OK"),
    "byte order mark": Fault(_changed(lambda data: b"\xef\xbb\xbf" + data), "OK"),
    "metrics far ahead": Fault(
        _rows({"frames": 1e300, "updates": 1e300, "loss/dyn": 1e308}, name="metrics.jsonl"), "possible frames", False
    ),
    "metrics beyond the plan": Fault(_rows({"frames": 1e9, "updates": 9}, name="metrics.jsonl"), "do not count", False),
    "metrics before the start": Fault(_rows({"frames": -1, "updates": 9}, name="metrics.jsonl"), "frames", False),
    "metrics are a FIFO": Fault(_put(os.mkfifo, "metrics.jsonl"), "a FIFO, not a file", False),
    "evaluations are a device": Fault(_put(lambda path: path.symlink_to("/dev/zero"), "eval.jsonl"), "a device"),
    "lint report is a FIFO": Fault(_put(os.mkfifo, "lint.json"), "OK"),
    "manifest is a FIFO": Fault(_put(os.mkfifo, "manifest.json"), "OK"),
    "a seed that is the run": Fault(lambda run: (run / "seed0").symlink_to(run), "OK"),
    "a seed that is the folder above": Fault(lambda run: (run / "seed0").symlink_to(run.parent), "OK"),
    "a seed that is nothing": Fault(lambda run: (run / "seed0").symlink_to("seed0"), "OK"),
    "an event file that is a FIFO": Fault(_put(os.mkfifo, "events.out.tfevents.1"), "OK"),
    "an event file of garbage": Fault(_put(lambda path: path.write_bytes(GARBAGE), "events.out.tfevents.1"), "OK"),
    "an event file of nothing": Fault(_put(_sparse, "events.out.tfevents.1"), "OK"),
    "a length bomb": Fault(
        _put(lambda path: path.write_bytes(struct.pack("<QI", 1 << 62, 0) * 99), "events.out.tfevents.1"), "OK"
    ),
}  # fmt: skip
