"""Resuming: the configuration beside the checkpoint replaces that of the command, but for a few keys.

See ``resume_from_checkpoint`` in ``sheeprl/cli.py`` (sheeprl at 33b6366). Another environment or algorithm stops it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dreamerguard.core.finding import Problem
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Layer
from dreamerguard.core.source import Value
from dreamerguard.programs.hydra.composed import Composed
from dreamerguard.programs.hydra.tree import Leaf, Tree, find
from dreamerguard.programs.shared.stored_run import StoredRun, other_run

RESUME = "checkpoint.resume_from"
#: Keys that the command keeps, and those of which another value stops the program.
_KEPT = frozenset({"root_dir", "run_name", "algo.total_steps", "algo.learning_starts", RESUME, "env.id", "algo.name"})


def with_stored(composed: Composed, stored: StoredRun) -> Composed:
    """Returns a command's configuration with the values that a resumed run takes from its checkpoint."""
    root = composed.composition.root
    for key, item in stored.items.items():
        path = key.split(".")
        leaf, above = find(root, path), find(root, path[:-1])
        if key in _KEPT or item.nested or not isinstance(leaf, Leaf) or leaf.opaque or not isinstance(above, Tree):
            continue
        if not _known(item.value) or composed.value(key) == item.value:
            continue
        layer = Layer("file", stored.name, item.value, item.span)
        above.children[path[-1]] = Leaf((*leaf.chain, layer))
    composed.composition.resolved = None
    return replace(composed, settings=composed.composition.settings())


def _known(value: Value) -> bool:
    return not (isinstance(value, str) and "${" in value)


def resume_problems(run: ResolvedRun, stored: StoredRun) -> Iterator[Problem]:
    """Yields the problem of a checkpoint of another environment, at which the program stops."""
    resumed = run.settings.get(RESUME)
    if resumed is not None:
        yield from other_run(run, stored, ("task",), resumed, "the program stops")
