"""Checkpoints of a run: written by orbax, atomic, the newest few kept.

One checkpoint holds the learner (parameters, optimizer, slow value, normaliser), the replay with the sampler's
integers, and a JSON part with counters and log positions. A checkpoint directory appears under its final name only
when it is complete, so a kill at any moment leaves the previous one to resume from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import orbax.checkpoint as ocp

Tree = Any


class Checkpoints:
    """The checkpoints of one run directory, numbered by agent steps."""

    def __init__(self, directory: Path, keep: int) -> None:
        """Opens ``directory`` (made when missing) and keeps the newest ``keep`` checkpoints."""
        options = ocp.CheckpointManagerOptions(max_to_keep=keep, create=True, enable_async_checkpointing=False)
        self._manager = ocp.CheckpointManager(directory.absolute(), options=options, item_names=("arrays", "json"))

    def latest(self) -> int | None:
        """Agent steps of the newest complete checkpoint; None without one."""
        return self._manager.latest_step()

    def save(self, step: int, arrays: Tree, numbers: dict[str, Any]) -> None:
        """Writes a checkpoint.

        Args:
          step: agent steps; a checkpoint that already has this number is left as it is.
          arrays: a pytree of arrays.
          numbers: what JSON can hold.
        """
        if step == self.latest():
            return
        self._manager.save(
            step, args=ocp.args.Composite(arrays=ocp.args.StandardSave(arrays), json=ocp.args.JsonSave(numbers))
        )
        self._manager.wait_until_finished()

    def numbers(self, step: int) -> dict[str, Any]:
        """The JSON part of checkpoint ``step``."""
        restored = self._manager.restore(step, args=ocp.args.Composite(json=ocp.args.JsonRestore()))
        return dict(restored.json)

    def arrays(self, step: int, like: Tree, partial: bool = False) -> Tree:
        """The arrays of checkpoint ``step``.

        Args:
          step: a number from ``latest``.
          like: a pytree of arrays or ``jax.ShapeDtypeStruct`` with the structure that was saved.
          partial: restore only the parts that ``like`` names.
        """
        abstract = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), like)
        if partial:
            args = ocp.args.PyTreeRestore(
                abstract, restore_args=ocp.checkpoint_utils.construct_restore_args(abstract), partial_restore=True
            )
        else:
            args = ocp.args.StandardRestore(abstract)
        return self._manager.restore(step, args=ocp.args.Composite(arrays=args)).arrays

    def close(self) -> None:
        """Waits for what is being written."""
        self._manager.close()
