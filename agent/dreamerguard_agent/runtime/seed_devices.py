"""Agents spread over devices: each device has an equal part of the seeds, and computes without the others.

Arrays of all agents have an axis N in front, which is split. A function of N agents runs as one of N / D agents on each
of D devices, so nothing is exchanged, and the numbers are those of one device up to rounding of products whose batch is
smaller.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

_T = TypeVar("_T")

#: Name of the mesh axis over which seeds are split.
_SEEDS = "seeds"
Axes = tuple[int | None, ...]


class SeedDevices:
    """The devices of the agents of a run.

    Args:
      devices: their number divides that of the agents. With one, everything stays as it is.

    Attributes:
      split: whether there are several.
      sharding: of arrays [N, ...]; None with one device.
    """

    def __init__(self, devices: Sequence[jax.Device] = ()) -> None:
        self.split = len(devices) > 1
        self.sharding: NamedSharding | None = None
        if self.split:
            mesh = Mesh(np.asarray(devices), (_SEEDS,))
            self._mesh, self.sharding = mesh, NamedSharding(mesh, PartitionSpec(_SEEDS))
            self._everywhere = NamedSharding(mesh, PartitionSpec())

    def place(self, values: _T) -> _T:
        """Puts arrays [N, ...] where their agents are; arrays that are there stay."""
        placed: _T = jax.device_put(values, self.sharding) if self.split else values
        return placed

    def share(self, value: Any) -> Any:
        """Puts a number that all agents share on the devices."""
        return jax.device_put(value, self._everywhere) if self.split else jax.device_put(value)

    def jit(self, function: Callable[..., Any], axes: Axes, donated: int | tuple[int, ...] = ()) -> Any:
        """Returns ``jax.jit(function)``, on several devices so that each computes its agents.

        Args:
          function: of all agents, with an axis N in front of the arguments with axis 0 in ``axes``, and of all results.
          axes: of every argument; None where the agents share it.
          donated: numbers of donated arguments.
        """
        if not self.split:
            return jax.jit(function, donate_argnums=donated)
        parts = tuple(PartitionSpec() if axis is None else PartitionSpec(_SEEDS) for axis in axes)
        split = jax.shard_map(
            function, mesh=self._mesh, in_specs=parts, out_specs=PartitionSpec(_SEEDS), check_vma=False
        )
        given = tuple(self._everywhere if axis is None else self.sharding for axis in axes)
        return jax.jit(split, in_shardings=given, out_shardings=self.sharding, donate_argnums=donated)


#: The agents of a run whose device is the default one.
ONE_DEVICE = SeedDevices()
