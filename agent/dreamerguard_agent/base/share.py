"""The share of a run that one of its processes has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import jax

from dreamerguard.schema import RunConfig

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Share:
    """One process of those that train a run together. Each has as many environments and windows of a batch.

    Attributes:
      process: number of this process, from 0. Process 0 leads: it writes all files.
      processes: number of processes.
    """

    process: int = 0
    processes: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes the files of the run."""
        return self.process == 0

    def of(self, process: int) -> Share:
        """Returns the share of another process."""
        return Share(process, self.processes)

    def config(self, config: RunConfig) -> RunConfig:
        """Returns the run with this process's numbers: environments, windows of a batch, and places of the replay.

        The replay of all processes together lists at most one window less than their number more than one would.
        """
        if self.processes == 1:
            return config
        replay, run = config.replay, config.run
        own = {"batch_size": replay.batch_size // self.processes, "capacity": -(-replay.capacity // self.processes)}
        envs = {"envs": run.envs // self.processes}
        return config.model_copy(update={"replay": replay.model_copy(update=own), "run": run.model_copy(update=envs)})

    def rows(self, total: int) -> slice:
        """Returns this process's part of rows that belong to all processes, in their order."""
        each = total // self.processes
        return slice(self.process * each, (self.process + 1) * each)

    def part(self, values: _T) -> _T:
        """Cuts this process's rows out of every array [n, ...] of a pytree."""

        def cut(value: Any) -> Any:
            return value[self.rows(len(value))]

        found: _T = jax.tree.map(cut, values)
        return found


#: The share of a run that one process trains alone.
WHOLE = Share()
