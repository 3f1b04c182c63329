"""CPU time of ``lint`` in a checkout of 200 Python files, without and with stored facts, and peak memory.

    python -m benchmarks.index_speed [--runs 9] [--write]

The checkout is made here: presets of danijar/dreamerv3, and modules of the size and kinds of a fork. A bit less than
half of them have a name of settings, as in the published repositories. ``dead key`` makes the linter look through all.
``--write`` stores the figures in ``results/index_speed.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from .lint_speed import presets

RESULT = Path(__file__).with_name("results") / "index_speed.json"
FILES = 200
_WORDS = ["python", "dreamerv3/main.py", "--configs", "dmc_proprio", "--task", "dmc_walker_walk", "--logdir", "x"]
COMMANDS = {"known key": [*_WORDS, "--seed", "3"], "dead key": [*_WORDS, "--my_speed", "3"]}
_MAIN = """import argparse
from .lib.part0 import Part0


def main(config):
    print({reads})
    return Part0(config, 3)
"""
_SETTINGS = '''    def train{index}(self, data, state=None):
        """Makes one update and returns its metrics."""
        scale = self.config.loss_scales.get("part{index}", 1.0)
        loss = self.net{index}(data["obs"], state) * scale
        if self.config.run.debug and loss > {index}:
            raise ValueError(f"loss {{loss}} at step {{self.step}}")
        metrics = {{f"{{key}}_mean": value.mean() for key, value in data.items()}}
        return loss, {{**metrics, "loss": loss}}

'''
_PLAIN = '''    def step{index}(self, action):
        """Moves the arm and returns the observation."""
        position = self.position + self.speed * np.clip(action["move"], -1.0, 1.0)
        if np.linalg.norm(position) > {index} and not self.done:
            self.done, self.reward = True, -1.0
        image = self.render(position)[..., :3].astype(np.uint8)
        return {{"image": image, "position": position, "reward": np.float32(self.reward), "is_last": self.done}}

'''


def make_checkout(folder: Path, count: int) -> int:
    """Writes a checkout of ``count`` Python files; returns their size."""
    package = folder / "dreamerv3"
    (package / "lib").mkdir(parents=True)
    (folder / ".git").mkdir()
    text = f"{presets()}".replace("defaults:\n", "defaults:\n  my_speed: 1\n", 1)
    (package / "configs.yaml").write_text(text, encoding="utf-8")
    first = text.partition("\n\n")[0].split("\n")  # the block of defaults
    tops = dict.fromkeys(line.strip().split(":")[0] for line in first if line[:2] == "  " and line[2:3] != " ")
    reads = ", ".join(f"config.{name}" for name in tops if name.isidentifier() and name != "my_speed")
    (package / "main.py").write_text(_MAIN.format(reads=reads), encoding="utf-8")
    for number in range(count - 1):
        settings = number % 9 < 4
        head = "import numpy as np\n\n\n" + f"class Part{number}:\n"
        head += (
            "    def __init__(self, config, step):\n        self.config, self.step = config, step\n\n"
            if settings
            else ""
        )
        body = "".join((_SETTINGS if settings else _PLAIN).format(index=index) for index in range(12 + number % 5))
        (package / "lib" / f"part{number}.py").write_text(head + body, encoding="utf-8")
    return sum(path.stat().st_size for path in folder.rglob("*.py"))


def run(words: list[str], folder: Path, home: Path, *, cache: bool, ends: int) -> dict[str, float]:
    """Returns user CPU seconds, all CPU seconds and peak MiB of one command.

    Raises:
      SystemExit: its exit code is not ``ends``, so it found something else than it was made for.
    """
    own = [
        sys.executable,
        "-m",
        "dreamerguard",
        "lint",
        *([] if cache else ["--no-cache"]),
        "--no-config",
        "--",
        *words,
    ]
    root = Path(__file__).resolve().parents[1]
    environment = os.environ | {"PYTHONPATH": f"{root}{os.pathsep}{root / 'agent'}", "XDG_CACHE_HOME": str(home)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has compiled files
    environment.pop("DREAMERGUARD_NO_CACHE", None)
    child = subprocess.Popen(own, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != ends:
        raise SystemExit(f"exit code {child.returncode} instead of {ends}: {' '.join(words)}")
    return {"user_s": used.ru_utime, "cpu_s": used.ru_utime + used.ru_stime, "peak_mib": used.ru_maxrss / 1024}


def figures(runs: int) -> dict[str, object]:
    """Returns the medians of every command: cold, with stored facts, and in a folder without a checkout."""
    rows: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder, home, empty = Path(name) / "fork", Path(name) / "cache", Path(name) / "empty"
        empty.mkdir()
        size = make_checkout(folder, FILES)
        cases = {"no checkout": (COMMANDS["known key"], empty, False, 0)}
        for title, words in COMMANDS.items():
            ends = int(title == "dead key")
            cases |= {f"{title}, cold": (words, folder, False, ends), f"{title}, stored": (words, folder, True, ends)}
        taken: dict[str, list[dict[str, float]]] = {title: [] for title in cases}
        for _ in range(runs + 1):
            for title, (words, where, cache, ends) in cases.items():
                taken[title].append(run(words, where, home, cache=cache, ends=ends))
        for title, found in taken.items():  # the first round fills caches
            rows[title] = {key: round(statistics.median(row[key] for row in found[1:]), 3) for key in found[0]}
    about = {"python": platform.python_version(), "machine": platform.machine(), "runs": runs}
    return {"about": about, "files": FILES, "bytes": size, "rows": rows}


def main() -> None:
    """Prints one line per command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--write", action="store_true", help=f"store the figures in {RESULT.name}")
    options = parser.parse_args()
    found = figures(options.runs)
    rows = found["rows"]
    assert isinstance(rows, dict)
    print(f"{found['files']} Python files of {found['bytes']} bytes; median of {options.runs} runs")
    for title, row in rows.items():
        print(f"{title:18} user {row['user_s']:.3f} s  cpu {row['cpu_s']:.3f} s  peak {row['peak_mib']:.0f} MiB")
    if options.write:
        RESULT.write_text(f"{json.dumps(found, indent=1)}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
