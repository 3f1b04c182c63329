"""The samplers of several processes as one in a checkpoint, and one cut into those of another number of processes.

A checkpoint of several processes lists windows as one process would: in order of age, streams in order of processes.
Two things depend on the number of processes: the order of each list, to which a draw refers, and each generator. Both
are stored too, so that as many processes draw what they would have drawn. Another number of processes gets the same
windows and the same queue, in a list in order of age, and a new generator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.share import Share

State = Mapping[str, npt.NDArray[Any]]


def seed_of(seed: int, share: Share, starts: int = 0) -> np.random.SeedSequence:
    """Returns the seed of the draws of a process: of a run that one process trains, the seed itself.

    Args:
      seed: seed of the agent.
      share: the process.
      starts: starts of the run so far, if the draws begin anew.
    """
    if share.processes == 1 and not starts:
        return np.random.SeedSequence(seed)
    return np.random.SeedSequence(seed, spawn_key=(share.processes, share.process, starts))


def join_states(states: Sequence[State], capacity: int) -> dict[str, npt.NDArray[Any]]:
    """Joins states of `WindowSampler.state`.

    Args:
      states: of all processes, in order of their numbers.
      capacity: windows that one sampler of all streams would list at most.
    """
    streams = [len(state["counts"]) for state in states]
    first = np.cumsum([0, *streams[:-1]])
    _, _, window, rows = states[0]["settings"].tolist()

    def moved(name: str) -> npt.NDArray[Any]:
        pairs = [state[name] + np.asarray([at, 0], np.int32) for state, at in zip(states, first, strict=True)]
        return np.concatenate(pairs).astype(np.int32)

    windows, queue = moved("windows"), moved("queue")
    order = _by_age(windows)
    return {
        "settings": np.asarray([sum(streams), capacity, window, rows], np.int32),
        "counts": np.concatenate([state["counts"] for state in states]),
        "evicted": np.concatenate([state["evicted"] for state in states]),
        "queue": queue[_by_age(queue)],
        "windows": windows[order],
        "places": np.concatenate([state["places"] for state in states])[order],
        "generator": np.stack([state["generator"] for state in states]),
    }


def own_state(
    state: State, processes: int, share: Share, capacity: int, new: npt.NDArray[Any]
) -> dict[str, npt.NDArray[Any]]:
    """Cuts the state of one process out of a joined one.

    Args:
      state: joined state, or the state of a single process.
      processes: number of processes that stored it.
      share: the process that gets its part.
      capacity: windows that it lists at most.
      new: state of a new generator, for another number of processes.

    Returns:
      A state as `WindowSampler.state` returns it. The oldest windows that do not fit are left out.
    """
    own = share.rows(len(state["counts"]))
    mine, queued = (_within(state[name], own) for name in ("windows", "queue"))
    back = np.asarray([own.start, 0], np.int32)
    windows, places = state["windows"][mine] - back, state["places"][mine]
    evicted = state["evicted"][own].copy()
    generator = new
    if processes == share.processes:
        generator = state["generator"] if processes == 1 else state["generator"][share.process]
    else:
        spare = max(len(windows) - capacity, 0)
        np.add.at(evicted, windows[:spare, 0], 1)
        windows = windows[spare:]
        places = np.arange(len(windows), dtype=np.int32)
    settings = state["settings"].copy()
    settings[:2] = own.stop - own.start, -(-int(settings[1]) // share.processes)
    return {
        "settings": settings, "counts": state["counts"][own], "evicted": evicted,
        "queue": state["queue"][queued] - back, "windows": windows, "places": places, "generator": generator,
    }  # fmt: skip


def _by_age(windows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Returns the order of windows [n, 2] by the step at which they were completed, then by stream."""
    return np.lexsort((windows[:, 0], windows[:, 1]))


def _within(windows: npt.NDArray[Any], own: slice) -> npt.NDArray[Any]:
    """Returns which windows [n, 2] belong to some streams, bool [n]."""
    within: npt.NDArray[Any] = (windows[:, 0] >= own.start) & (windows[:, 0] < own.stop)
    return within
