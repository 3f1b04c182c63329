"""The environments of several agents as one vector, those of the first agent in front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from dreamerguard.schema import RunConfig

from ..base.spaces import Space
from .factory import env_seed, make_envs
from .protocol import Array, Values, VectorEnv


def make_agent_envs(config: RunConfig, first: int, seeds: Sequence[int], count: int | None = None) -> VectorEnv:
    """Makes ``count`` environments for every agent, [N count, ...] in all.

    Each agent's are those of `make_envs` for its seed. Native physics of all of them share one crew of threads.

    Args:
      config: the run.
      first: number of the first environment within its agent.
      seeds: seeds of the agents.
      count: environments of an agent; none takes ``run.envs``.

    Raises:
      EnvError: as `make_envs`.
    """
    if len(seeds) == 1:
        return make_envs(config, first, seeds[0], count)
    count = config.run.envs if count is None else count
    if config.env.observation == "proprio" and config.env.backend in ("auto", "native"):
        from .native import NativeEnvs

        numbers = [env_seed(seed, first + number) for seed in seeds for number in range(count)]
        task = config.task.partition("_")[2]
        return NativeEnvs(task, numbers, repeat=config.env.action_repeat, threads=config.env.workers)
    made: list[VectorEnv] = []
    try:
        for seed in seeds:
            made.append(make_envs(config, first, seed, count))
    except BaseException:
        for envs in made:
            envs.close()
        raise
    return JoinedEnvs(made)


class JoinedEnvs:
    """A `VectorEnv` of others with equal spaces, stepped one after the other and closed with this.

    Args:
      parts: at least one.
    """

    def __init__(self, parts: Sequence[VectorEnv]) -> None:
        self._parts = list(parts)
        self._cuts = np.cumsum([len(part) for part in self._parts])[:-1]

    @property
    def obs_space(self) -> Mapping[str, Space]:
        """Observations; see `VectorEnv`."""
        return self._parts[0].obs_space

    @property
    def act_space(self) -> Mapping[str, Space]:
        """Actions; see `VectorEnv`."""
        return self._parts[0].act_space

    def __len__(self) -> int:
        return sum(len(part) for part in self._parts)

    def step(self, actions: Mapping[str, Array], reset: Array) -> Values:
        """Acts in one part after the other; see `VectorEnv`."""
        pieces = {key: np.split(value, self._cuts) for key, value in actions.items()}
        resets = np.split(reset, self._cuts)
        steps = [
            part.step({key: piece[number] for key, piece in pieces.items()}, resets[number])
            for number, part in enumerate(self._parts)
        ]
        return {key: np.concatenate([step[key] for step in steps]) for key in steps[0]}

    def close(self) -> None:
        """Closes every part."""
        for part in self._parts:
            part.close()
