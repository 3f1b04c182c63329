"""Checkpoints of a run: written by orbax, atomic, the newest few kept.

A checkpoint has three parts: ``learner`` (parameters, optimizer, slow value, normaliser), ``replay`` (experience and
the sampler's integers; may be left out) and ``json`` (counters and log positions). Its directory appears under its
final name only when it is complete, so a kill at any moment leaves the previous one to resume from.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import jax
import numpy as np
import orbax.checkpoint as ocp

Tree = Any
Part = Literal["learner", "replay"]


class Checkpoints:
    """The checkpoints of one run directory, numbered by agent steps."""

    def __init__(self, directory: Path, keep: int = 1) -> None:
        """Opens ``directory`` (made when missing) and keeps the newest ``keep`` checkpoints."""
        options = ocp.CheckpointManagerOptions(max_to_keep=keep, create=True, enable_async_checkpointing=False)
        names = ("learner", "replay", "json")
        self._manager = ocp.CheckpointManager(directory.absolute(), options=options, item_names=names)

    def latest(self) -> int | None:
        """Agent steps of the newest complete checkpoint; None without one."""
        step: int | None = self._manager.latest_step()
        return step

    def save(self, step: int, parts: Mapping[Part, Tree], numbers: dict[str, Any]) -> None:
        """Writes a checkpoint.

        Args:
          step: agent steps; a checkpoint that already has this number is left as it is.
          parts: pytrees of arrays.
          numbers: what JSON can hold.
        """
        if step == self.latest():
            return
        items = {name: ocp.args.StandardSave(tree) for name, tree in parts.items()}
        self._manager.save(step, args=ocp.args.Composite(**items, json=ocp.args.JsonSave(numbers)))
        self._manager.wait_until_finished()

    def numbers(self, step: int) -> dict[str, Any]:
        """The JSON part of checkpoint ``step``."""
        return dict(self._manager.restore(step, args=ocp.args.Composite(json=ocp.args.JsonRestore())).json)

    def arrays(self, step: int, part: Part, like: Tree, host: bool = False) -> Tree:
        """One part of checkpoint ``step``.

        Args:
          step: a number from ``latest``.
          part: which part.
          like: a pytree of arrays or ``jax.ShapeDtypeStruct`` with the structure that was saved.
          host: gives NumPy arrays: the device has no room for what it holds already.
        """
        make = _on_host if host else _on_device
        abstract = jax.tree.map(lambda leaf: make(leaf.shape, leaf.dtype), like)
        restored = self._manager.restore(step, args=ocp.args.Composite(**{part: ocp.args.StandardRestore(abstract)}))
        return restored[part]

    def close(self) -> None:
        """Waits for what is being written."""
        self._manager.close()


def _on_device(shape: tuple[int, ...], dtype: Any) -> Any:
    return jax.ShapeDtypeStruct(shape, dtype)


def _on_host(shape: tuple[int, ...], dtype: Any) -> Any:
    """An array whose type tells orbax what to restore; it takes no memory."""
    return np.broadcast_to(np.zeros((), dtype), shape)
