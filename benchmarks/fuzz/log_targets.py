"""The targets that read logs: lines, event files, and whole run directories of every program."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Program -> configuration file and its text, score file, step, score and metrics, and folder of event files.
PROGRAMS = {
    "native": ("run.yaml", "task: dmc_walker_walk\nenv: {action_repeat: 2}\nrun: {frames: 490000}\n", "scores.jsonl",
               "frames", "score", {"updates": 3.0, "loss/dyn": 1.0, "train_ratio/achieved": 512.0}, "tensorboard"),
    "danijar": ("config.yaml", "task: dmc_walker_walk\nbatch_size: 16\nbatch_length: 64\n", "metrics.jsonl", "step",
                "episode/score", {"train/opt/updates": 3.0, "replay/replay_ratio": 32.0, "fps/policy": 9.0}, "."),
    "nm512_torch": ("", "", "metrics.jsonl", "step", "train_return", {"update_count": 3.0, "model_loss": 1.0}, "."),
    "r2dreamer": (".hydra/config.yaml", "env: {task: dmc_walker_walk, action_repeat: 2}\n", "metrics.jsonl", "step",
                  "episode/score", {"train/opt/updates": 3.0, "fps/fps": 9.0}, "."),
    "sheeprl": ("config.yaml", "env: {id: walker_walk, action_repeat: 2}\nalgo: {total_steps: 9}\n", "", "", "",
                {"Params/replay_ratio": 0.5, "Loss/policy_loss": 1.0}, "version_0"),
    "torchrl": (".hydra/config.yaml", "env: {name: walker, task: walk, backend: dm_control}\n", "metrics.jsonl",
                "environment_steps", "score", {"updates": 3.0, "loss_actor": 1.0}, ""),
}  # fmt: skip

WORDS = (
    *(
        b'"frames": ',
        b'"step": ',
        b'"score": ',
        b'"episode/score": ',
        b'"updates": ',
        b"\n",
        b"}\n{",
        b'{"frames": 5, ',
    ),
    *(b"=== scores.jsonl\n", b"=== metrics.jsonl\n", b"=== config.yaml\n", b"=== run.yaml\n", b"=== lint.json\n"),
    *(b"=== events.out.tfevents.2\n", b"task: dmc_walker_walk\n", b"action_repeat: 0\n"),
)

_SECTION = re.compile(rb"^=== ([\w./-]{1,60})\n", re.MULTILINE)


@contextmanager
def folder() -> Iterator[Path]:
    """A new folder, in memory where the system has one there."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as name:
        yield Path(name)


def run_directory(data: bytes) -> object:
    """Looks at a run, also in two steps, and makes every report about it."""
    from dreamerguard.logs import LogError
    from dreamerguard.regression.compare.compared_runs import against_reference, read_sides
    from dreamerguard.regression.compare.decision import decide
    from dreamerguard.regression.reference.comparability import NotComparable
    from dreamerguard.regression.watch.status_report import headline, status_json, status_text
    from dreamerguard.regression.watch.watcher import Watcher

    with folder() as here:
        _write(here, data)
        try:
            status = Watcher(here, "dmc_walker_walk", "dmc_proprio", 2, memory_gb=64, clock=lambda: 2e9).look()
        except LogError as error:
            return str(error)[:20]
        status_text(status)
        json.dumps(status_json(status), allow_nan=False)
        try:
            sides = read_sides([here], "dmc_walker_walk", "dmc_proprio", 2)
            decide(against_reference(sides, None, ["action-repeat", "score-kind", "edition"]).tasks, draws=10)
        except (LogError, NotComparable):
            pass
        kinds = sorted({problem.kind for problem in status.log.problems}) if status.log else ()
        return headline(status), tuple(kinds), tuple(finding.name for finding in status.health)


def _write(here: Path, data: bytes) -> None:
    parts = _SECTION.split(data)
    for name, content in zip(parts[1::2], parts[2::2], strict=True):
        path = here / Path(name.decode().replace("..", "_").lstrip("/") or "x")
        if path.is_dir() or any(parent.is_file() for parent in path.parents):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def directories(program: str) -> list[bytes]:
    """Returns run directories of a program: with JSON lines, with event files, and with both."""
    from tests.logs.event_writer import event

    config, text, file, step, key, metrics, events = PROGRAMS[program]
    head = f"=== {config}\n{text}".encode() if config else b""
    found = []
    if file:
        rows = [{step: 4000 * i, key: 7.0 * i} for i in range(1, 60)] + [{step: 240_000} | metrics]
        found.append(head + f"=== {file}\n".encode() + b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    if events:
        tag = {"sheeprl": "Rewards/rew_avg", "nm512_torch": "scalars/train_return"}.get(program, "episode/score")
        records = [event(4000 * i, tag, 7.0 * i, program == "danijar") for i in range(1, 40)]
        records += [event(150_000, name, value) for name, value in metrics.items()]
        found.append(head + f"=== {events}/events.out.tfevents.1\n".encode() + b"".join(records))
    return [*found, b"".join(found)]


def json_lines(data: bytes) -> object:
    """Reads lines whole and in pieces, which must give the same scores."""
    from dreamerguard.logs import Follower

    with folder() as here:
        whole, pieces = here / "whole", here / "pieces"
        for path in (whole, pieces):
            path.mkdir()
            (path / "run.yaml").write_bytes(b"task: dmc_walker_walk\n")
        (whole / "scores.jsonl").write_bytes(data)
        one, two = Follower(whole), Follower(pieces)
        one.poll()
        for at in range(0, len(data), max(len(data) // 3, 1)):
            with (pieces / "scores.jsonl").open("ab") as file:
                file.write(data[at : at + max(len(data) // 3, 1)])
            two.poll()
        first, second = one.log, two.log
        assert first is not None
        if second is not None and all(map(_is_json, data.replace(b"\0", b"\n").split(b"\n"))):
            assert list(first.train) == list(second.train)
        assert all(-1e15 <= y <= 1e15 and 0 <= x <= 1e15 for x, y in first.train)
        assert list(first.train.frames) == sorted(first.train.frames)
        return min(len(first.train), 70), tuple(sorted(problem.kind for problem in first.problems))


def _is_json(line: bytes) -> bool:
    """Returns whether a line is JSON or blank. Of others, the fast reader takes some that the exact one does not."""
    try:
        return not line.strip() or json.loads(line) is not ...
    except (ValueError, RecursionError):
        return False


def line_files() -> list[bytes]:
    """Returns score files: short, resumed, with gaps, spelled in other ways."""
    rows = [{"frames": 2000 * i, "score": 1.5 * i, "length": 501} for i in range(40)]
    variants = [rows, rows + rows[20:], [*rows[::2], {"score": 1.0, "frames": 90_000}], rows[:3]]
    found = ["".join(json.dumps(row) + "\n" for row in each).encode() for each in variants]
    return [*found, found[0].replace(b": ", b":"), found[0].replace(b"\n", b"\r\n"), found[0] + bytes(50) + found[3]]


def event_file(data: bytes) -> object:
    """Reads records whole and in pieces, which must give the same scalars."""
    from dreamerguard.logs.event_files import EventReader, read_events

    whole = read_events(data)
    assert 0 <= whole.used <= len(data)
    reader, at, found = EventReader(), 0, []
    for end in range(7, len(data) + 7, max(len(data) // 4, 1)):
        part = reader.read(data[at:end])
        at += part.used
        found += part.scalars
        if part.long:
            return "long"
    found += reader.read(data[at:]).scalars
    assert repr(found) == repr(whole.scalars)
    return min(len(found), 40), min(whole.damaged, 3), min(whole.broken, 3), bool(whole.long)


def event_files() -> list[bytes]:
    """Returns event files: floats, tensors, starts, other records."""
    from tests.logs.event_writer import event, record, start

    floats = [event(100 * i, "Rewards/rew_avg", float(i)) for i in range(20)]
    tensors = [event(100 * i, "episode/score", float(i), wide=True) for i in range(20)]
    return [b"".join(floats), b"".join(tensors), b"".join([record(b"\x1a\x0dbrain.Event:2"), *floats[:5], start(300)])]
