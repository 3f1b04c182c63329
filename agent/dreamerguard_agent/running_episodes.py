"""The running episodes of a run as named arrays of a checkpoint: driver, environments and the carry of acting.

With them a resumed run continues every episode, so it equals an uninterrupted one bit for bit. Environments that cannot
be stored, for example in worker processes, start new episodes instead.
"""

from __future__ import annotations

from collections.abc import Mapping

import jax
import numpy as np

from .algorithm.actor import Carry
from .driver import Driver
from .envs import Array, Values


def read_episodes(driver: Driver, carry: Carry) -> Values | None:
    """Returns the running episodes by name, or None if the environments cannot be stored. Waits for the device."""
    state = driver.state()
    if state is None:
        return None
    leaves = jax.device_get(jax.tree.leaves(carry))
    return {**state, **{f"carry.{number}": np.asarray(leaf) for number, leaf in enumerate(leaves)}}


def write_episodes(driver: Driver, carry: Carry, state: Mapping[str, Array]) -> Carry:
    """Restores a state of `read_episodes`.

    Args:
      driver: a new driver, of environments that were made with the same numbers.
      carry: a carry with the shapes of the run.
      state: the stored state.

    Returns:
      The restored carry.

    Raises:
      ValueError: the state belongs to another task, backend or version of the simulator.
    """
    leaves, tree = jax.tree.flatten(carry)
    try:
        stored = [np.asarray(state[f"carry.{number}"]) for number in range(len(leaves))]
        driver.load(state)
    except KeyError as error:
        raise ValueError(f"the checkpoint does not have {error} of the running episodes") from error
    if any(old.shape != new.shape or old.dtype != new.dtype for old, new in zip(stored, leaves, strict=True)):
        raise ValueError("the agent's state has other shapes")
    restored: Carry = jax.tree.unflatten(tree, [jax.device_put(leaf) for leaf in stored])
    return restored
