"""Opens a run directory for training: its lock, the files of earlier starts, changed settings, new files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from .errors import fail, note

if TYPE_CHECKING:
    from dreamerguard.core.result import Result
    from dreamerguard.programs.native.run_lock import RunLock
    from dreamerguard.schema import RunConfig


@dataclass(frozen=True)
class OpenedRun:
    """A run directory that is held and prepared.

    Attributes:
      config: the run.
      directory: its run directory.
      lock: the lock.
      lint: the lint report.
      starts: the manifest's entries, the one of this start last.
    """

    config: RunConfig
    directory: Path
    lock: RunLock
    lint: Mapping[str, Any]
    starts: list[dict[str, Any]]


@contextmanager
def open_run(
    config: RunConfig,
    directory: Path,
    result: Result,
    typed: list[str],
    *,
    restart: bool,
    origin: Mapping[str, Any] | None = None,
) -> Iterator[OpenedRun]:
    """Holds a run directory and prepares it, or says why it cannot be used; then nothing in it has changed.

    Args:
      config: the run.
      directory: its run directory; created if needed.
      result: lint result; it is stored with the run.
      typed: the arguments as typed, for the manifest.
      restart: whether to set an earlier run in the directory aside.
      origin: where the parameters come from, for the manifest; None for a new agent.

    Raises:
      CommandFailed: the directory cannot be used, or the device is not available.
    """
    from dreamerguard.programs.native import run_directory as rundir
    from dreamerguard.programs.native.manifest import FROM, describe_start, read_starts
    from dreamerguard.reports.json import report_object
    from dreamerguard_agent.runtime.device import PlatformError, configure

    with _held(directory, config, typed) as lock:
        try:
            if not restart and (directory / rundir.CONFIG).exists():
                rundir.check_same(directory, config)
            facts = configure(config.runtime)
            manifest, lint = describe_start(typed, facts), report_object(result)
            manifest |= {FROM: dict(origin)} if origin is not None else {}
            _clear(directory, restart=restart)
            _say_differences(directory, manifest)
            _say_changes(rundir.prepare_agents(directory, config, lint, manifest))
            starts = read_starts(directory)
        except (PlatformError, rundir.ConfigChanged, ValueError) as error:
            fail(str(error))
        except OSError as error:
            _cannot_write(directory, error)
        yield OpenedRun(config, directory, lock, lint, starts)


@contextmanager
def _held(directory: Path, config: RunConfig, typed: list[str]) -> Iterator[RunLock]:
    """Makes and locks the directory and those of its agents. A directory that stays empty is removed."""
    from dreamerguard.programs.native.run_directory import agents
    from dreamerguard.programs.native.run_lock import RunInUse, RunLock

    from .exit_codes import IN_USE

    folders = [directory, *(folder for folder in agents(directory, config) if folder != directory)]
    outer = [parent for parent in reversed(directory.parents) if not parent.exists()]
    made = [*outer, *(folder for folder in folders if not folder.exists())]
    try:
        _refuse_links(directory)
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        lock = RunLock(folders, typed, note)
    except RunInUse as error:
        fail(str(error), IN_USE)
    except OSError as error:
        _cannot_write(directory, error)
    try:
        with lock:
            yield lock
    finally:
        for folder in reversed(made):
            with suppress(OSError):
                folder.rmdir()


def _refuse_links(directory: Path) -> None:
    from dreamerguard.programs.native.old_files import find_links

    from .exit_codes import DAMAGED

    links = find_links(directory)
    if links:
        names = ", ".join(str(path) for path in links)
        fail(f"not written through links: {names}. Put the files there, or use another --logdir", DAMAGED)


def _clear(directory: Path, *, restart: bool) -> None:
    """Sets an earlier run aside if the user wants that, and the logs of a start that ended before its first checkpoint.

    Raises:
      CommandFailed: there are scores and no checkpoint, though there has been one.
    """
    from dreamerguard.programs.native.old_files import LOGS, RUN, has_rows, set_aside, why_not_continued
    from dreamerguard.programs.native.run_directory import has_checkpoint

    from .exit_codes import DAMAGED

    if restart:
        aside = set_aside(directory, RUN)
        if aside is not None:
            note(f"starts from the beginning; the earlier run is now in {aside}")
    elif reason := why_not_continued(directory):
        fail(reason, DAMAGED)
    elif not has_checkpoint(directory) and has_rows(directory, LOGS):
        aside = set_aside(directory, LOGS)
        note(f"the earlier start ended before its first checkpoint: starts from the beginning; its logs are in {aside}")


def _say_differences(directory: Path, manifest: Mapping[str, Any]) -> None:
    from dreamerguard.programs.native.manifest import differences
    from dreamerguard.programs.native.run_directory import has_checkpoint

    found = differences(directory, manifest) if has_checkpoint(directory) else []
    if found:
        note(f"differs from the last start: {', '.join(found)}; results may differ in the last digits")


def _say_changes(changes: Mapping[str, tuple[Any, Any]]) -> None:
    if changes:
        text = ", ".join(f"{key} {old} -> {new}" for key, (old, new) in changes.items())
        note(f"continues with changed settings: {text}")


def _cannot_write(directory: Path, error: OSError) -> NoReturn:
    file = f" ({error.filename})" if error.filename not in (None, str(directory)) else ""
    fail(f"cannot write the run directory {directory}: {error.strerror}{file}; choose another one with --logdir")
