"""One process of a run of several.

    python -m tests.agent.shared_runs.process FOLDER CONFIG STEPS PORT NUMBER PROCESSES

CONFIG is JSON. Before vector step STEPS of this start, the process with the highest number wants all to stop. Prints
the result of the run, or the failure, as one line that begins with ``ended:``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import jax

from dreamerguard.schema import RunConfig
from dreamerguard_agent.base.share import Share
from dreamerguard_agent.events import Silent
from dreamerguard_agent.failures import RunFailed
from dreamerguard_agent.loop import train
from dreamerguard_agent.processes.group import ProcessGroup, ProcessLost
from dreamerguard_agent.processes.jax_service import check_devices, connect_devices, disconnect_devices
from dreamerguard_agent.processes.joining import Rendezvous, join
from dreamerguard_agent.runtime.device import batch_devices, configure


class Notes(Silent):
    """Prints the notes of a run."""

    def note(self, text: str) -> None:
        """Prints one."""
        sys.stderr.write(f"{text}\n")


def main() -> None:
    """Trains one share."""
    folder, config = Path(sys.argv[1]), RunConfig.model_validate(json.loads(sys.argv[2]))
    limit, port, number, processes = map(int, sys.argv[3:7])
    jax.config.update("jax_disable_most_optimizations", True)
    share, group = Share(number, processes), None
    if processes > 1:
        group = connected(Rendezvous("localhost", port, share))
    configure(config.runtime, folder.parent / "programs")
    check_devices(batch_devices(config.runtime))
    left = iter(range(limit if number == processes - 1 else 10**9))
    try:
        outcome: object = train(config, folder, Notes(), lambda: next(left, None) is None, None, group)
    except (RunFailed, ProcessLost) as failed:
        outcome = f"{type(failed).__name__}: {failed}"
        if group is not None:
            group.leave(str(failed), 71)
    sys.stdout.write(f"ended: {outcome}\n")
    if group is not None:
        group.part()
        disconnect_devices()


def connected(place: Rendezvous) -> ProcessGroup:
    """Joins the other processes."""
    group, port = join(place, {}, lambda text: None)
    connect_devices(place.share, place.host, port, everywhere=False, local=None)
    return group


if __name__ == "__main__":
    main()
