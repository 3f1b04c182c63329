"""Looks at skipped updates: keeps the first ones in the run directory, and stops the run after several in a row."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import jax
import numpy as np
import numpy.typing as npt

from dreamerguard.schema import LossSection, RunConfig

from .failures import NumbersFailed
from .replay.ring import Windows
from .runtime.faults import Faults

Tree = TypeVar("Tree")
ReadWindows = Callable[[int, npt.NDArray[Any]], Windows]

#: Folder in the run directory, cases that it holds at most, and bytes of one state.
FOLDER, MOST, LARGEST = "not_finite", 3, 512 << 20
#: Names of terms that are no losses; losses with a weight of their own name, others have ``loss.scales.rec``.
_SUMS = {"opt/loss": "the sum of the losses", "opt/grad_norm": "the gradient (opt/grad_norm)"}
_OWN_SCALES = ("rew", "con", "dyn", "rep", "policy", "value", "repval")


class NumbersWatch:
    """Watches the updates of all agents of a run.

    Args:
      config: the run.
      directory: the run directory.
      say: shows one line to the user.
      keeps: whether this process keeps cases; the others of a run see the same updates.
    """

    def __init__(self, config: RunConfig, directory: Path, say: Callable[[str], None], *, keeps: bool = True) -> None:
        self._keeps = keeps
        self._config, self._folder, self._say = config, directory / FOLDER, say
        self._seen = np.zeros(config.seeds, np.int64)

    def check(self, faults: Faults, state: Any, read: ReadWindows) -> None:
        """Looks at the updates so far. Costs one small transfer; waits until they are done.

        Args:
          faults: as the updates returned them.
          state: learner state, for a copy.
          read: reads windows [B, 2] of one agent, for a copy of the batch.

        Raises:
          NumbersFailed: too many updates in a row were skipped.
        """
        counts = np.atleast_2d(jax.device_get(faults.counts))
        if (counts[:, 0] == self._seen).all():
            return
        new, self._seen = counts[:, 0] > self._seen, counts[:, 0].astype(np.int64)
        agent = int(np.flatnonzero(new)[0])
        mine = _of_agent(jax.device_get(faults), agent, self._config.seeds)
        term = first_term({name: float(value) for name, value in mine.terms.items()}, self._config.loss)
        place = self._keep(mine, term, agent, state, read)
        if place:
            self._say(f"update {int(mine.step):,} was skipped: {term} is not finite; batch and state are in {place}")
        rows = counts[:, 1]
        if self._config.numbers.policy == "stop" and rows.max() >= self._config.numbers.stop_after:
            raise NumbersFailed(
                f"{rows.max()} update{'' if rows.max() == 1 else 's'} skipped in a row: loss or gradient is not"
                f" finite; first: {term}, at update {int(mine.step):,}. Batch and state are in {self._folder}."
                " Lower optimizer.lr or the weight of that term, or set numbers.policy=skip to train on"
            )

    def keep_action(self, params: Any, carry: Any, obs: Any) -> Path | None:
        """Keeps the values from which the policies chose an action that is not finite, and returns the file."""
        arrays = _named("params", params) | _named("carry", carry) | _named("obs", obs)
        return self._write("action", {"first_term": "the action"}, arrays)

    def _keep(self, mine: Faults, term: str, agent: int, state: Any, read: ReadWindows) -> Path | None:
        agents = self._config.seeds
        batch = read(agent, mine.windows)
        arrays = {"windows": mine.windows} | _named("batch", {**batch.records, "context": batch.context})
        now: Any = _of_agent(state, agent, agents)
        facts: dict[str, Any] = {"seed": self._config.seed + agent, "update": int(mine.step), "first_term": term}
        facts |= {"terms": {name: str(float(value)) for name, value in mine.terms.items()}}
        facts["updates_when_kept"] = int(jax.device_get(now.step))
        size = sum(leaf.nbytes for leaf in jax.tree.leaves(now))
        if size <= LARGEST:
            arrays |= _named("state", now)
        else:
            facts["state"] = f"not kept: {size} bytes; the next checkpoint holds it"
        return self._write(f"update-{int(mine.step)}", facts, arrays)

    def _write(self, name: str, facts: Mapping[str, Any], arrays: Mapping[str, Any]) -> Path | None:
        """Writes one case unless there are `MOST` already. A full disk costs the case, not the run."""
        if not self._keeps:
            return None
        path = self._folder / f"{name}.npz"
        try:
            self._folder.mkdir(exist_ok=True)
            if path.exists() or len(list(self._folder.glob("*.npz"))) >= MOST:
                return None
            with path.open("xb") as file:
                np.savez(file, allow_pickle=False, **{key: _plain(value) for key, value in arrays.items()})
            path.with_suffix(".json").write_text(json.dumps(facts, indent=2) + "\n")
        except OSError as error:
            self._say(f"batch and state could not be kept in {self._folder}: {error.strerror or error}")
            return None
        return path


def first_term(terms: Mapping[str, float], section: LossSection) -> str:
    """Returns the first term that is not finite, in the order in which an update computes them.

    Args:
      terms: unweighted losses, total loss and gradient norm.
      section: weights of the losses.
    """
    scales = section.scales.model_dump()
    for name, value in sorted(terms.items(), key=_order):
        loss = name.removeprefix("loss/")
        if not np.isfinite(value):
            return _SUMS.get(name, name)
        with np.errstate(over="ignore", invalid="ignore"):
            key = loss if loss in _OWN_SCALES else "rec"
            if name != loss and not np.isfinite(np.float32(value) * np.float32(scales[key])):
                return f"{name} times loss.scales.{key}={scales[key]:g}"
    return "a parameter"


def _order(term: tuple[str, float]) -> int:
    names = ("dyn", "rep", "rew", "con", "", "policy", "value", "repval", *_SUMS)
    name = term[0].removeprefix("loss/")
    return names.index(name) if name in names else names.index("")  # reconstructions come before the imagined losses


def _of_agent(tree: Tree, agent: int, agents: int) -> Tree:
    """Returns the values of one agent of several."""
    mine: Tree = tree if agents == 1 else jax.tree.map(lambda value: value[agent], tree)
    return mine


def _named(prefix: str, tree: Any) -> dict[str, Any]:
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {f"{prefix}/{jax.tree_util.keystr(path, simple=True, separator='/')}": leaf for path, leaf in leaves}


def _plain(value: Any) -> Any:
    """Returns a NumPy array of a type that NumPy itself can read again."""
    array = np.asarray(jax.device_get(value))
    return array.astype(np.float32) if array.dtype.kind == "V" or array.dtype.name == "bfloat16" else array
