"""Makes small sweeps of programs given as text, and leads them in this process or as a command."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from dreamerguard.core.source import Source
from dreamerguard.sweep.controller import Controller
from dreamerguard.sweep.engines.embedded import EmbeddedEngine
from dreamerguard.sweep.engines.interface import Engine
from dreamerguard.sweep.observer import SweepObserver
from dreamerguard.sweep.open_sweep import leading, make_folder, store_plan, stored_sweep
from dreamerguard.sweep.outcome import Settlement
from dreamerguard.sweep.plan.make_plan import LintChoices, make_plan
from dreamerguard.sweep.plan.read_file import parse_sweep
from dreamerguard.sweep.states import SweptRow
from dreamerguard.sweep.store import SweepStore

TRAINER = Path(__file__).parents[2] / "benchmarks" / "fake_trainer.py"
#: Notes its start, and waits until the test makes the file `go` in its folder; SIGTERM ends it with 143.
WAITING = """
import pathlib, signal, sys, time
folder = pathlib.Path(sys.argv[1]); folder.mkdir(parents=True, exist_ok=True)
def note(name):
    with (folder / name).open("a") as file: file.write("x")
signal.signal(signal.SIGTERM, lambda number, frame: (note("saved"), sys.exit(143)))
note("starts")
for _ in range(60_000):
    if (folder / "go").exists(): break
    time.sleep(0.01)
note("ends")
"""


class Heard(SweepObserver):
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.settlements: list[tuple[str, str]] = []
        self.reasons: dict[str, str] = {}
        self.pauses = 0

    def round(self) -> None:
        """Keeps nothing."""

    def settled(self, row: SweptRow, found: Settlement) -> None:
        """Keeps run and new state."""
        self.settlements.append((row.name, found.state))

    def hopeless(self, reasons: Mapping[str, str]) -> None:
        """Keeps the reasons."""
        self.reasons |= reasons

    def pausing(self, count: int) -> None:
        """Counts."""
        self.pauses += 1


def sweep_text(program: str, **more: object) -> str:
    """A sweep of a program whose first word is the run's folder; 2 tasks and 2 seeds."""
    words = [sys.executable, "-c", program, "{logdir}", "{task}", "{seed}"]
    plain: dict[str, object] = {"tasks": ["a", "b"], "seeds": 2, "command": words, "frames": 1000}
    plain |= {"retries": {"backoff": 0}, "engine": {"slots": 4}, "watch": {"interval": 0.2, "kill_after": 30}}
    return json.dumps(plain | more)


@contextmanager
def opened(folder: Path, text: str = "") -> Iterator[SweepStore]:
    """Leads a sweep in this process; with a text, it is planned first."""
    make_folder(folder)
    with leading(folder, ["test"], lambda line: None, create=bool(text)) as store:
        if text:
            plan = make_plan(parse_sweep(Source("s", text)), folder, folder, LintChoices(no_config=True))
            store_plan(store, plan, text, folder, [])
        yield store


def control(
    store: SweepStore,
    watch: Callable[[], Mapping[str, str]] = dict,
    asked: Callable[[], bool] = lambda: False,
    engine: Engine | None = None,
) -> tuple[bool, Heard]:
    """Runs a controller in this process until it ends."""
    sweep, place = stored_sweep(store)
    heard = Heard()
    with closing(engine or EmbeddedEngine(sweep.engine)) as used:
        return Controller(place, store, sweep, used, watch, heard, asked).run(), heard


def command(folder: Path, *words: str) -> subprocess.Popen[str]:
    """Starts `dreamerguard sweep` with these words in a folder."""
    with (folder / "said.txt").open("a") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "dreamerguard", "sweep", *words],
            cwd=folder, text=True, stdout=said, stderr=said, start_new_session=True,
        )  # fmt: skip


def count(folder: Path, name: str) -> list[int]:
    """How often each run noted something."""
    runs = sorted(path for path in (folder / "runs").iterdir())
    return [len((run / name).read_text()) if (run / name).exists() else 0 for run in runs]


def until(condition: Callable[[], object]) -> None:
    """Waits until something is so."""
    for _ in range(12_000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it never happened")
