"""Rows 29 to 33: logs of others, damaged, hostile, huge or still growing."""

from __future__ import annotations

import json
import os
import random
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

from .bench import Bench, designed, line_with
from .row import Finding, row

_COMMANDS: tuple[tuple[str, ...], ...] = (
    ("watch", "run", "--once"),
    ("report", "run", "-o", "page.html"),
    ("compare", "run", "--baseline", "sound"),
)
Damage = Callable[[Path], object]


def sound(folder: Path, rows: int = 199) -> Path:
    """Writes a sound run of walker-walk with scores that learn."""
    run = folder / "run"
    run.mkdir()
    (run / "run.yaml").write_text("task: dmc_walker_walk\n")
    lines = [
        {"frames": 2002 * i, "score": min(5.0 * i, 950.0), "length": 500, "step": 1001 * i, "env": 0}
        for i in range(1, rows + 1)
    ]
    (run / "scores.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return run


def _text(change: Callable[[bytes], bytes]) -> Damage:
    return lambda run: (run / "scores.jsonl").write_bytes(change((run / "scores.jsonl").read_bytes()))


def _line(text: str) -> Damage:
    return _text(lambda data: data + text.encode() + b"\n")


def _instead(make: Callable[[Path], object]) -> Damage:
    def damage(run: Path) -> None:
        (run / "scores.jsonl").unlink()
        make(run / "scores.jsonl")

    return damage


def _numbers(change: Callable[[dict[str, float]], dict[str, object]]) -> Damage:
    return _text(
        lambda data: b"".join(json.dumps(change(json.loads(line))).encode() + b"\n" for line in data.splitlines())
    )


def _metrics(text: str) -> Damage:
    return lambda run: (run / "metrics.jsonl").write_text(text)


#: Name -> damage and the exit codes of `watch --once` that are true. 3: nothing can be judged.
LOGS: dict[str, tuple[Damage, set[int]]] = {
    "cut in a row": (_text(lambda data: data[:-20]), {0}),
    "NUL bytes at the end": (_text(lambda data: data + bytes(4000)), {0}),
    "NUL bytes in the middle": (_text(lambda data: data[:3000] + bytes(400) + data[3000:]), {0}),
    "one negative step": (_line('{"frames": -5, "score": 1.0}'), {0}),
    "all steps negative": (_numbers(lambda line: line | {"frames": -line["frames"]}), {3}),
    "two scores of 1e308": (_line('{"frames": 398100, "score": 1e308}\n{"frames": 398200, "score": 1e308}'), {0, 1}),
    "frames of 1e300": (_line('{"frames": 1e300, "score": 500.0}'), {0}),
    "a number of 400 digits": (_line('{"frames": ' + "9" * 400 + ', "score": 1.0}'), {0}),
    "all scores NaN": (_numbers(lambda line: line | {"score": float("nan")}), {1, 3}),
    "scores as text": (_numbers(lambda line: line | {"score": "good"}), {3}),
    "no column with scores": (_numbers(lambda line: {"frames": line["frames"]}), {3}),
    "empty": (_text(lambda data: b""), {3}),
    "garbage": (_text(lambda data: random.Random(0).randbytes(20_000)), {3}),
    "UTF-16": (_text(lambda data: data.decode().encode("utf-16")), {3}),
    "all on one line": (_text(lambda data: data.replace(b"\n", b" ")), {3}),
    "deep nesting": (_line("[" * 100_000), {0}),
    "CRLF": (_text(lambda data: data.replace(b"\n", b"\r\n")), {0}),
    "steps that go back": (_text(lambda data: data + data[:4000]), {0, 1}),
    "a FIFO": (_instead(os.mkfifo), {3}),
    "a link to itself": (_instead(lambda path: path.symlink_to(path)), {3}),
    "a link to /dev/zero": (_instead(lambda path: path.symlink_to("/dev/zero")), {3}),
    "a folder": (_instead(Path.mkdir), {3}),
    "a link seed0 to the run itself": (lambda run: (run / "seed0").symlink_to(run), {0}),
    "a metrics row with 1e300": (_metrics('{"frames": 1e300, "updates": 1e300, "loss/dyn": 1e308}\n'), {0}),
}  # fmt: skip


@row(
    29,
    "logs that are damaged or hostile",
    f"{len(LOGS)} logs x watch --once, report, compare",
    times=len(LOGS) * 3,
    quick=len(LOGS),
    test="tests/logs/test_bad_logs.py",
)
def bad_logs(bench: Bench, times: int) -> Finding:
    """One clear message, a true exit code, bounded time."""
    finding = Finding()
    for name, (damage, codes) in LOGS.items():
        folder = bench.new("log")
        sound(folder).rename(folder / "sound")
        damage(sound(folder))
        for words in _COMMANDS[: max(times // len(LOGS), 1)]:
            process = bench.start(folder, *words)
            code = process.end(60)
            finding.count(code)
            finding.expect(code != "hang", f"{name}: {words[0]} hangs")
            finding.expect(
                "internal error" not in process.output and "Traceback" not in process.output,
                f"{name}: {words[0]} crashes",
            )
            if words[0] == "watch" and code != "hang":
                finding.expect(
                    code in codes, f"{name}: watch ends with {code}, expected {' or '.join(map(str, sorted(codes)))}"
                )
                early = "TOO EARLY" in process.output and "verdicts start at 49,000" in process.output
                finding.expect(not early or code == 3, f"{name}: TOO EARLY with scores up to 398,398 frames")
    return finding


def _events(folder: Path, rows: int = 200) -> Path:
    """Writes a TensorBoard file with TensorBoard's own writer."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(folder))
    for step in range(rows):
        value = Summary.Value(tag="Rewards/rew_avg", simple_value=float(step))
        writer.add_event(Event(wall_time=1.0, step=step * 1000, summary=Summary(value=[value])))
    writer.close()
    return next(folder.glob("events.out.tfevents.*"))


@row(
    30,
    "event files cut, flipped, garbage, a length of 2**60",
    "watch --once on a run of sheeprl",
    times=30,
    quick=6,
    test="tests/logs/test_events.py",
)
def event_files(bench: Bench, times: int) -> Finding:
    """No crash, no hang."""
    finding, draw, folder = Finding(), random.Random(0), bench.new("events")
    whole = _events(folder).read_bytes()
    for number in range(times):
        here = bench.new("event")
        place = draw.randrange(len(whole))
        kinds = {
            0: whole[:place],
            1: whole[:place] + bytes([whole[place] ^ 1 << draw.randrange(8)]) + whole[place + 1 :],
            2: draw.randbytes(5000),
            3: whole + struct.pack("<Q", 2**60) + bytes(100),
        }
        (here / "version_0").mkdir()
        (here / "version_0" / "events.out.tfevents.1.host").write_bytes(kinds[number % 4])
        process = bench.start(here, "watch", ".", "--once", "--task", "dmc_walker_walk", "--action-repeat", "2")
        code = process.end(60)
        finding.count(code)
        finding.expect(code != "hang", "hangs")
        designed(finding, process.output)
    return finding


@row(
    31,
    "a bit flipped in an event file",
    "random bit, the reader alone",
    times=400,
    quick=100,
    test="tests/logs/test_events.py",
)
def flipped_events(bench: Bench, times: int) -> Finding:
    """No changed figure may be taken as true."""
    from dreamerguard.logs.event_files import read_events

    draw, believed, finding = random.Random(0), 0, Finding(times)
    whole = _events(bench.new("flips")).read_bytes()
    true = {(item.step, item.tag, item.value) for item in read_events(whole).scalars}
    for _ in range(times):
        place = draw.randrange(len(whole))
        data = whole[:place] + bytes([whole[place] ^ 1 << draw.randrange(8)]) + whole[place + 1 :]
        believed += bool({(item.step, item.tag, item.value) for item in read_events(data).scalars} - true)
    finding.expect(not believed, f"{believed} of {times} changed figures are taken as true")
    return finding


@row(32, "huge logs", "500,000 rows; 100 MB without a line end", times=2, quick=1, test="benchmarks/log_reading.py")
def huge_logs(bench: Bench, times: int) -> Finding:
    """Answered in bounded time and memory."""
    finding = Finding()
    for number in range(times):
        folder = bench.new("huge")
        run = sound(folder)
        if number:
            with (run / "metrics.jsonl").open("wb") as file:
                for _ in range(100):
                    file.write(b"1" * 1_000_000)
        else:
            with (run / "scores.jsonl").open("w") as file:
                for i in range(1, 500_001):
                    file.write(f'{{"frames": {i}, "score": 500.0, "length": 500, "step": {i}, "env": 0}}\n')
        start = time.monotonic()
        process = bench.start(folder, "watch", "run", "--once")
        code = process.end(120)
        finding.count(code)
        designed(finding, process.output)
        finding.expect(code != "hang", "no answer within 120 s")
        finding.message = f"{time.monotonic() - start:.0f} s"
    return finding


@row(
    33, "a log that grows while it is read", "a writer at full speed, watch --once", test="tests/logs/test_bad_logs.py"
)
def growing(bench: Bench, times: int) -> Finding:
    """A look ends although the log does not."""
    finding, folder = Finding(), bench.new("growing")
    run, stop = sound(folder), threading.Event()

    def write() -> None:
        with (run / "scores.jsonl").open("a") as file:
            frames = 400_000
            while not stop.is_set() and file.tell() < 2_000_000_000:
                frames += 1
                file.write(f'{{"frames": {frames}, "score": 500.0, "length": 500, "step": {frames}, "env": 0}}\n' * 100)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    start = time.monotonic()
    process = bench.start(folder, "watch", "run", "--once")
    code = process.end(120)
    stop.set()
    thread.join()
    (run / "scores.jsonl").unlink()
    finding.count(code)
    finding.expect(code != "hang", "a look does not end within 120 s")
    designed(finding, process.output)
    finding.message = f"{time.monotonic() - start:.0f} s; {line_with(process.output, ':')[:80]}"
    return finding
