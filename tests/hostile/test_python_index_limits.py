"""Limits of the Python index on hostile checkouts: 2 s of a process's own CPU time and 300 MB at its peak."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dreamerguard.rules.helpers.example_files import with_torch_preset

SECONDS, MEGABYTES = 2.0, 300
PROGRAM = """
import sys
from pathlib import Path
from dreamerguard.lint.engine import check_command
from dreamerguard.sources.argv import read_command
import time
before = time.process_time()
words = "python dreamer.py --configs mine --task dmc_walker_walk --logdir x --odd_key 3".split()
check_command(read_command(words), folder=Path(sys.argv[1]))
peak = [line for line in open("/proc/self/status") if line.startswith("VmHWM")][0]
print(time.process_time() - before, int(peak.split()[1]) / 1024)
"""
READS = "def main(config):\n    print(config.train_ratio, config.dyn_deter, config.batch_size, config.steps)\n"


def thousands_of_files(folder: Path) -> None:
    for number in range(3000):
        (folder / f"part{number}.py").write_text(f"import part{number + 1}\nprint(config.odd_key{number})\n")


def deep_folders(folder: Path) -> None:
    path = folder
    for number in range(200):
        path = path / "d"
        path.mkdir()
        (path / f"m{number}.py").write_text("config.odd_key\n")


def deep_expressions(folder: Path) -> None:
    (folder / "a.py").write_text("odd_key = " + "(" * 50_000 + "1" + ")" * 50_000)
    (folder / "b.py").write_text("odd_key = " + "config." * 30_000 + "x")
    (folder / "c.py").write_text("odd_key = " + "-" * 100_000 + "1")
    (folder / "d.py").write_text("".join(" " * depth + "if odd_key:\n" for depth in range(99)) + " " * 99 + "pass\n")


def a_large_expression(folder: Path) -> None:
    (folder / "large.py").write_text("odd_key = config\nx = " + "+".join(["config.odd_key"] * 350_000))
    (folder / "fits.py").write_text("x = " + "+".join(["config.odd_key"] * 15_000))


def long_chains(folder: Path) -> None:
    lines = "".join(f"config{number + 1} = config{number}\n" for number in range(9000))
    (folder / "chain.py").write_text("config0 = args\n" + lines + "print(config9000.odd_key)\n")
    (folder / "calls.py").write_text("".join(f"def f{n}(config): f{n + 1}(config)\n" for n in range(5000)))
    (folder / "same.py").write_text(" = ".join(f"c{number}" for number in range(20_000)) + " = config\n")


def a_million_names(folder: Path) -> None:
    (folder / "names.py").write_text("x = [" + ",".join(f"n{number}" for number in range(1_000_000)) + "]")
    for part in range(12):
        (folder / f"names{part}.py").write_text("".join(f"config.n{part}_{n}\n" for n in range(14_000)))


def circles_of_links(folder: Path) -> None:
    inner = folder / "inner"
    inner.mkdir()
    (inner / "up").symlink_to(folder)
    (inner / "own.py").symlink_to(inner / "own.py")
    (folder / "round").symlink_to(folder / "round")
    (folder / "again.py").symlink_to(folder / "dreamer.py")
    for number in range(300):
        (inner / f"l{number}").symlink_to(inner)


def many_sizes_of_words(folder: Path) -> None:
    (folder / "text.py").write_text('x = "' + "odd_key " * 30_000 + '"')
    (folder / "line.py").write_text("é = 1; " + "print(é.odd_key, **config); " * 8000)
    (folder / "bytes.py").write_bytes(b"\xff\xfe" + b"odd_key\x00" * 30_000)


@pytest.mark.parametrize(
    "fill",
    [thousands_of_files, deep_folders, deep_expressions, a_large_expression, long_chains, a_million_names,
     circles_of_links, many_sizes_of_words],
)  # fmt: skip
def test_a_hostile_checkout_stays_within_its_limits(tmp_path: Path, fill: Callable[[Path], None]) -> None:
    (tmp_path / "configs.yaml").write_text(with_torch_preset("odd_key: 2", "my_speed: 3")["configs.yaml"])
    (tmp_path / "dreamer.py").write_text("import part0, names0, chain, calls, line\n" + READS)
    fill(tmp_path)
    words = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    seconds, peak = map(float, done.stdout.split())
    assert seconds < SECONDS and peak < MEGABYTES, f"{seconds:.2f} s, {peak:.0f} MB"
