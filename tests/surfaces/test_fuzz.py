"""The fuzzer: it finds what fails, makes it smaller, stores it and exits with 1; every target runs on its examples."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.fuzz import session
from benchmarks.fuzz.bounds import attempt
from benchmarks.fuzz.mutations import LONGEST, mutate, shorter
from benchmarks.fuzz.targets import TARGETS, Target

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_takes_its_examples_and_some_changes_of_them(name: str) -> None:
    target, rng = TARGETS[name], random.Random(0)
    seeds = target.seeds()
    assert seeds
    inputs = rng.sample(seeds, min(len(seeds), 5))
    inputs += [mutate(rng.choice(seeds), seeds, target.words, rng) for _ in range(15)]
    for data in inputs:
        _, failure = attempt(target.run, data, 60)
        assert failure is None, failure.text


def _breaks(data: bytes) -> object:
    if b"killer" in data:
        os.kill(os.getpid(), 9)
    if b"loop" in data:
        while True:
            pass
    return {}[data] if b"bad" in data else len(data)


BROKEN = Target("broken", "", _breaks, lambda: [b"a good example"], (b"bad",))


def test_a_failure_is_told_by_its_place_and_a_slow_input_is_stopped() -> None:
    first, second = (attempt(_breaks, data, 0.2)[1] for data in (b"bad 1", b"2 bad"))
    assert first is not None and second is not None
    assert first.kind == second.kind and first.kind.startswith("KeyError in test_fuzz.py _breaks")
    slow = attempt(_breaks, b"loop", 0.2)[1]
    assert slow is not None and slow.kind == "TooSlow in test_fuzz.py _breaks"
    assert attempt(_breaks, b"fine", 0.2) == (4, None)


def test_failures_are_made_smaller_and_stored(tmp_path: Path) -> None:
    rounds = iter(range(4000))
    with (tmp_path / "current").open("w+b") as current:
        one = session.Session(BROKEN, 1, 10_000, tmp_path, random.Random(0))
        one.fuzz(lambda: next(rounds, None) is None or bool(one.failures), current.fileno())
    ((kind, path),) = one.failures.items()
    assert kind.startswith("KeyError")
    assert path.read_bytes() == b"bad"
    assert "KeyError" in path.with_name(path.name + ".txt").read_text()


def test_shorter_keeps_what_fails() -> None:
    assert (
        shorter(b"x" * 500 + b"<" + b"y" * 500 + b">" + b"z" * 99, lambda data: b"<" in data and b">" in data) == b"<>"
    )


def test_mutations_are_bounded_and_repeat_with_the_seed() -> None:
    first, second = ([mutate(b"a: 1\n" * 999, [b"b"], (), random.Random(i)) for i in range(300)] for _ in range(2))
    assert first == second
    assert max(map(len, first)) <= LONGEST


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.fuzz", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])


def test_the_command_line(tmp_path: Path) -> None:
    listed = _run()
    assert listed.returncode == 0
    assert all(name in listed.stdout for name in TARGETS)
    assert _run("nothing").returncode == 1
    found = _run("event-file", "--minutes", "0.02", "--out", str(tmp_path))
    assert found.returncode == 0, found.stderr
    assert found.stdout.splitlines()[1].split()[0] == "event-file"


def test_an_input_that_ends_the_process_is_kept(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.surfaces.test_fuzz import BROKEN\n"
        "from dataclasses import replace; from benchmarks.fuzz.session import fuzz_apart\n"
        "target = replace(BROKEN, seeds=lambda: [b'killer'])\n"
        "print(fuzz_apart(target, 1, (1, 10_000), Path(sys.argv[1]), 0))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.stdout.strip() == "(0, 1)", done.stderr
    stored = [path for path in tmp_path.iterdir() if path.suffix != ".txt"]
    assert [path.read_bytes() for path in stored] == [b"killer"]
