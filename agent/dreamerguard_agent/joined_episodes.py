"""Running episodes of several processes as those of one in a checkpoint, and the part of one process of them.

Arrays have a row for each environment, but for the number of steps and for the states of environments that are stored
one by one, whose names begin with their number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from .base.share import Share
from .envs import Values

_STEPS = "steps"
#: Name of a value of one environment of several: its number follows ``envs.``.
_ONE = re.compile(r"envs\.(\d+)\.(.+)", re.DOTALL)


def join_episodes(parts: Sequence[Values | None]) -> Values | None:
    """Joins the episodes of all processes, in order of their numbers.

    Returns:
      The episodes as one process would store them; None if a process cannot store its own, or if they do not fit.
    """
    stored = [part for part in parts if part is not None]
    if len(stored) < len(parts):
        return None
    joined: Values = {}
    first = 0
    for part in stored:
        for name, value in part.items():
            if match := _ONE.fullmatch(name):
                joined[f"envs.{first + int(match[1])}.{match[2]}"] = value
        first += len(part["score"])
    names = [{name for name in part if not _ONE.fullmatch(name)} for part in stored]
    if any(found != names[0] for found in names):
        return None
    for name in names[0] - {_STEPS}:
        joined[name] = np.concatenate([part[name] for part in stored])
    joined[_STEPS] = np.asarray(sum(int(part[_STEPS]) for part in stored), np.int64)
    return joined


def cut_episodes(joined: Values, share: Share) -> Values:
    """Cuts the episodes of one process out of joined ones.

    Raises:
      ValueError: they are no episodes.
    """
    if share.processes == 1:
        return joined
    try:
        own, part = share.rows(len(joined["score"])), {}
        for name, value in joined.items():
            if match := _ONE.fullmatch(name):
                if own.start <= int(match[1]) < own.stop:
                    part[f"envs.{int(match[1]) - own.start}.{match[2]}"] = value
            elif name == _STEPS:
                part[name] = np.asarray(int(value) // share.processes, np.int64)
            else:
                part[name] = value[own]
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"they have another form: {error}") from error
    return part
