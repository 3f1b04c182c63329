"""Checkpoints of a run: written by orbax, atomic; only the newest are kept.

A checkpoint has four parts: ``learner`` (parameters, optimizer, slow value, normaliser), ``replay`` (experience and
the sampler's integers; may be left out), ``envs`` (running episodes; may be left out) and ``json`` (counters and log
positions). Its directory gets its
final name only when it is complete, so after a kill at any moment the run can resume from the previous one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import jax
import numpy as np
import orbax.checkpoint as ocp

PyTree = Any
Part = Literal["learner", "replay", "envs"]


class Checkpoints:
    """The checkpoints of one run directory, numbered by agent steps."""

    def __init__(self, directory: Path, keep: int = 1) -> None:
        """Opens ``directory`` (made when missing) and keeps the newest ``keep`` checkpoints."""
        self.directory = directory
        options = ocp.CheckpointManagerOptions(max_to_keep=keep, create=True, enable_async_checkpointing=False)
        names = ("learner", "replay", "envs", "json")
        self._manager = ocp.CheckpointManager(directory.absolute(), options=options, item_names=names)

    def latest(self) -> int | None:
        """Returns the agent steps of the newest complete checkpoint, or None."""
        step: int | None = self._manager.latest_step()
        return step

    def save(self, step: int, parts: Mapping[Part, PyTree], numbers: dict[str, Any]) -> None:
        """Writes a checkpoint.

        Args:
          step: agent steps; an existing checkpoint with this number stays unchanged.
          parts: pytrees of arrays.
          numbers: values that JSON can represent.
        """
        if step == self.latest():
            return
        items = {name: ocp.args.StandardSave(tree) for name, tree in parts.items()}
        self._manager.save(step, args=ocp.args.Composite(**items, json=ocp.args.JsonSave(numbers)))
        self._manager.wait_until_finished()

    def numbers(self, step: int) -> dict[str, Any]:
        """Reads the JSON part of checkpoint ``step``."""
        return dict(self._manager.restore(step, args=ocp.args.Composite(json=ocp.args.JsonRestore())).json)

    def arrays(self, step: int, part: Part, like: PyTree, host: bool = False) -> PyTree:
        """Reads one part of checkpoint ``step``.

        Args:
          step: a number from ``latest``.
          part: name of the part.
          like: a pytree of arrays or ``jax.ShapeDtypeStruct`` with the structure that was saved.
          host: whether to return NumPy arrays, because a second copy does not fit into device memory.
        """
        make = _on_host if host else _on_device
        abstract = jax.tree.map(lambda leaf: make(leaf.shape, leaf.dtype), like)
        restored = self._manager.restore(step, args=ocp.args.Composite(**{part: ocp.args.StandardRestore(abstract)}))
        return restored[part]

    def close(self) -> None:
        """Waits for pending writes and closes the manager."""
        self._manager.close()


def _on_device(shape: tuple[int, ...], dtype: Any) -> Any:
    return jax.ShapeDtypeStruct(shape, dtype)


def _on_host(shape: tuple[int, ...], dtype: Any) -> Any:
    """Returns an array with the shape and type to restore; it takes no memory."""
    return np.broadcast_to(np.zeros((), dtype), shape)
