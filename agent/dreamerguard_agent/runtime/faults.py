"""Counts updates that were skipped because loss or gradient are not finite, and keeps the first one, on the device.

Everything is part of the compiled update, so that the host need not wait for an update to know whether it was applied.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from ..algorithm.learner import Metrics
from ..base.pytree import container
from ..base.spec import AgentSpec


@container
class Faults:
    """Updates that were skipped since the start of the process.

    Attributes:
      counts: all, and those in a row up to the last update, int32 [2].
      step: number of the first skipped update of the last row, int32.
      windows: its windows, int32 [B, 2].
      terms: its loss terms, total loss and gradient norm by metric name.
    """

    counts: jax.Array
    step: jax.Array
    windows: jax.Array
    terms: Metrics

    def add(self, step: jax.Array, windows: jax.Array, metrics: Metrics) -> Faults:
        """Counts one more update."""
        bad = metrics["opt/skipped"] > 0
        total, row = self.counts[0] + bad, jnp.where(bad, self.counts[1] + 1, 0)
        mine = step, windows, {name: metrics[name] for name in self.terms}
        first = jax.tree.map(
            lambda new, old: jnp.where(row == 1, new, old), mine, (self.step, self.windows, self.terms)
        )
        return Faults(jnp.stack([total, row]), *first)


def no_faults(agents: int, batch: int, terms: Sequence[str]) -> Faults:
    """Returns the faults at the start of a run, with a leading axis N for several agents."""
    axes = () if agents == 1 else (agents,)
    zeros = {name: np.zeros(axes, np.float32) for name in terms}
    made: Faults = jax.device_put(
        Faults(np.zeros((*axes, 2), np.int32), np.zeros(axes, np.int32), np.zeros((*axes, batch, 2), np.int32), zeros)
    )
    return made


def fault_terms(spec: AgentSpec) -> tuple[str, ...]:
    """Returns the metrics that `Faults` keeps, in the order in which an update computes them."""
    world = ("dyn", "rep", "rew", "con", *dict(spec.decoded))
    losses = tuple(f"loss/{name}" for name in (*world, "policy", "value", "repval"))
    return (*losses, "opt/loss", "opt/grad_norm")
