"""Opens what hears about the runs of a command beside the terminal, and tells it how a training ended."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import CommandFailed, fail
from .exit_codes import SIGNALLED
from .notifications import open_notifier, say

if TYPE_CHECKING:
    from dreamerguard.core.result import Result
    from dreamerguard.notify.listeners import Listener, Listeners
    from dreamerguard.programs.native.options import TrainOptions
    from dreamerguard.schema import RunConfig
    from dreamerguard_agent.processes.group import ProcessGroup

    from .start_from import Start
    from .stop_signals import StopSignals


def open_listeners(
    options: TrainOptions, *, remember: bool = False, whole: bool = False, tell: Callable[[str], None] = say
) -> Listeners:
    """Returns the listeners of a command, for a ``with`` block.

    Args:
      options: options of the command.
      remember: whether sent states are kept for the next command.
      whole: whether the command writes a metrics file of its own, on many runs together.
      tell: prints one line for the user.

    Raises:
      CommandFailed: a channel or a settings file is not valid.
    """
    from dreamerguard.notify.listeners import Listeners
    from dreamerguard.notify.metrics_file import MetricsFile
    from dreamerguard.notify.notifier import NOTIFIED

    path = metrics_path(options.metrics_file)
    found: list[Listener] = [] if path is None or whole else [MetricsFile(path, tell)]
    notifier = open_notifier(
        options.notify,
        config_file=options.config_file,
        no_config=options.no_config,
        approved=options.allow_local_rules,
        remember=remember,
        tell=tell,
    )
    if notifier:
        os.environ[NOTIFIED] = "1"  # a program under guard leaves the channels of settings to the guard
        found.append(notifier)
    return Listeners(found)


def metrics_path(typed: str | None) -> Path | None:
    """Returns the file of ``--metrics-file``; None without the option.

    Raises:
      CommandFailed: it cannot be written there, or the collector would not read it.
    """
    from dreamerguard.notify.prometheus import SUFFIX

    if typed is None:
        return None
    path = Path(typed)
    if path.suffix != SUFFIX:
        fail(f"--metrics-file {typed}: the name must end in {SUFFIX}, which the collector looks for")
    if not path.absolute().parent.is_dir():
        fail(f"--metrics-file {typed}: the folder does not exist")
    return path


def train_and_tell(
    listeners: Listeners,
    config: RunConfig,
    directory: Path,
    result: Result,
    typed: list[str],
    stop: StopSignals,
    *,
    restart: bool,
    start: Start | None,
    group: ProcessGroup | None = None,
) -> int:
    """Trains a run as `run_training` does, and passes on how it ended."""
    from .training import run_training

    def failed(code: int, line: str) -> None:
        listeners.ended(f"FAILED (exit code {code}): {config.task}", directory, [line], failed=True)

    try:
        code = run_training(
            config, directory, result, typed, stop, restart=restart, start=start, listeners=listeners, group=group
        )
    except CommandFailed as error:
        failed(error.code, error.message)
        raise
    except Exception as error:
        failed(1, f"internal error: {type(error).__name__}")
        raise
    if code > SIGNALLED:
        how = f"stopped ({stop.received.name}): {config.task}" if stop.received else f"stopped: {config.task}"
        listeners.ended(how, directory, ["the run is saved; the same command continues it"], failed=True)
    elif not code:
        listeners.ended(f"finished: {config.task}", directory, failed=False)
    return code
