"""Makes the folder of a sweep, opens an existing one, and lets one controller at a time lead it."""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dreamerguard import __version__
from dreamerguard.core.source import Source, SourceError
from dreamerguard.programs.native.run_lock import RunInUse, RunLock
from dreamerguard.sources.files import read_source
from dreamerguard.util.replace_file import replace_file

from .controller import SweepPlace
from .database import shared_file_system
from .plan.make_plan import SweepPlan
from .plan.read_file import parse_sweep
from .plan.run_commands import JOBS, RUN_FILE, RUNS
from .plan.sweep_file import SweepFile
from .store import SweepStore

#: Copy of the sweep file in the sweep's folder.
SWEEP_FILE = "sweep.yaml"

Say = Callable[[str], None]


class Led(Exception):
    """Another controller leads the sweep."""


@contextmanager
def leading(folder: Path, words: Sequence[str], say: Say, *, create: bool = False) -> Iterator[SweepStore]:
    """Leads a sweep: opens its state for changes.

    Args:
      folder: its folder, existing.
      words: the command, for the record.
      say: prints one line for the user.
      create: whether to make the database.

    Raises:
      Led: another controller leads it.
      SourceError: there is no sweep, or it cannot be used.
    """
    try:
        lock = RunLock([folder], words, say)
    except RunInUse as error:
        who = error.holder
        named = f", process {who.pid} on {who.host} since {who.since}" if who is not None else ""
        raise Led(
            f"another controller leads {folder}{named}: wait until it ends, or stop it there with Ctrl-C"
        ) from error
    except OSError as error:
        raise SourceError(f"{folder} cannot be used: {error.strerror or error}") from error
    with lock:
        store = SweepStore(folder, create=create)
        try:
            store.lead(f"{socket.gethostname()} {os.getpid()} {uuid.uuid4().hex}")
            kind = shared_file_system(folder)
            if kind:
                say(f"{folder} is on {kind}, which several machines may share: the database is kept without WAL")
            yield store
        finally:
            store.close()


def make_folder(folder: Path) -> None:
    """Makes the folder of a sweep.

    Raises:
      SourceError: it cannot be made, or something else is there.
    """
    try:
        for name in (RUNS, JOBS):
            (folder / name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SourceError(f"the sweep's folder {folder} cannot be made: {error.strerror or error}") from error


def store_plan(store: SweepStore, plan: SweepPlan, text: str, place: Path, words: Sequence[str]) -> int:
    """Stores a plan in a new sweep, or adds the new runs of a plan to an existing one. Returns their number.

    Args:
      store: the sweep's state.
      plan: the plan.
      text: text of the sweep file.
      place: folder in which the commands run.
      words: the command that was typed.

    Raises:
      SourceError: the sweep in the folder is another one.
    """
    _check_same(store, plan)
    config = plan.sweep.config
    if config is not None and not (plan.folder / RUN_FILE).exists():
        source, problem = read_source(config)
        if problem is not None:
            raise SourceError(f"{config}: {problem.message}")
        replace_file(plan.folder / RUN_FILE, source.text.encode())
    replace_file(plan.folder / SWEEP_FILE, text.encode())
    with store.leading():
        first = store.get("created") is None
        facts = {"text": text, "place": str(place), "words": list(words), "version": __version__}
        store.put(facts | ({"created": time.time()} if first else {}))
        return store.add_runs(plan.runs, [run.name for run in plan.left_out])


def stored_sweep(store: SweepStore) -> tuple[SweepFile, SweepPlace]:
    """Returns the sweep of a folder, and where it runs.

    Raises:
      SourceError: it was never stored, or not by this version.
    """
    text = store.get("text")
    if text is None:
        raise SourceError(f"{store.folder} holds a sweep that was never started: start it with its file")
    sweep = parse_sweep(Source(SWEEP_FILE, text))
    return sweep, SweepPlace(store.folder, Path(store.get("place")))


def _check_same(store: SweepStore, plan: SweepPlan) -> None:
    """Checks that a plan keeps all runs of the sweep, and adds no combination: the error rates count them."""
    rows = store.rows()
    planned = {run.name: run for run in plan.runs}
    for row in rows:
        run = planned.get(row.name)
        if run is None:
            raise SourceError(f"{plan.folder} holds another sweep: {row.name} is not in the file; use another --dir")
        if run.words != row.words:
            old, new = _first_difference(row.words, run.words)
            raise SourceError(
                f"{plan.folder} holds another sweep: {row.name} has {old!r} there and {new!r} in the file; use another"
                " --dir"
            )
    known = {tuple(row.combination.items()) for row in rows}
    added = next((run for run in plan.runs if rows and tuple(run.combination.items()) not in known), None)
    if added is not None:
        raise SourceError(
            f"{plan.folder} holds a sweep without the combination {added.shown}: tasks and seeds may be added, but"
            " error rates are for the combinations of the start; use another --dir"
        )


def _first_difference(old: Sequence[str], new: Sequence[str]) -> tuple[str, str]:
    for before, now in zip(old, new, strict=False):
        if before != now:
            return before, now
    return " ".join(old[len(new) :]), " ".join(new[len(old) :])
