"""Plays evaluation episodes in environments of their own. The policy samples, as in the reference."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import numpy as np

from dreamerguard.schema import RunConfig

from . import actor, programs
from .driver import Driver, Episode
from .envs import make_env
from .spec import AgentSpec

#: Environment numbers of evaluation begin here, so that training never sees their resets.
FIRST_ENV = 1_000_000


class Evaluator:
    """Plays episodes with given parameters.

    Args:
      config: the run.
      spec: its agent.
      episodes: episodes of one evaluation.
      seed: seed of resets and actions.
    """

    def __init__(self, config: RunConfig, spec: AgentSpec, episodes: int, seed: int) -> None:
        self._config, self._spec, self._episodes, self._seed = config, spec, episodes, seed
        self._envs = min(episodes, config.run.envs)
        self._act = jax.jit(partial(programs.act, spec, seed))
        self._played = 0

    def play(self, params: Any) -> list[Episode]:
        """Plays the episodes, in order of environments.

        Every environment plays the same number of episodes, give or take one, and stops; taking the first to finish
        would prefer short ones.
        """
        first = FIRST_ENV + self._played * self._envs
        self._played += 1
        driver = Driver([make_env(self._config, first + i, self._seed) for i in range(self._envs)])
        try:
            return self._finish(driver, params)
        finally:
            driver.close()

    def _finish(self, driver: Driver, params: Any) -> list[Episode]:
        share, rest = divmod(self._episodes, self._envs)
        wanted = [share + (i < rest) for i in range(self._envs)]
        played: list[list[Episode]] = [[] for _ in wanted]
        carry, count = actor.initial_carry(self._spec, self._envs), 0
        while any(len(mine) < most for mine, most in zip(played, wanted, strict=True)):
            carry, action, _ = self._act(params, carry, driver.observe(), np.uint32(count))
            count += 1
            for episode in driver.step(action):
                played[episode.env].append(episode)
        return [episode for mine, most in zip(played, wanted, strict=True) for episode in mine[:most]]
