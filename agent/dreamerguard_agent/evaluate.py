"""Plays evaluation episodes in environments of their own. The policy samples, as in the reference."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np

from dreamerguard.schema import RunConfig

from . import actor, programs
from .checkpoint import Checkpoints
from .driver import Driver, Episode
from .envs import make_env, make_envs
from .runtime import compute_dtype
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
        driver = Driver(make_envs(self._config, first, self._seed, self._envs))
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


class NoCheckpoint(Exception):
    """The run directory has no checkpoint to evaluate."""


def evaluate_checkpoint(config: RunConfig, directory: Path, episodes: int, seed: int) -> tuple[int, list[float]]:
    """Plays with the newest checkpoint of a run.

    Returns:
      Environment frames of the checkpoint, and a score per episode.

    Raises:
      NoCheckpoint: there is none yet.
      EnvError: the environment cannot be made.
    """
    folder = directory / "checkpoints"
    checkpoints = Checkpoints(folder) if folder.is_dir() else None
    step = checkpoints.latest() if checkpoints else None
    if checkpoints is None or step is None:
        raise NoCheckpoint(f"{directory} has no checkpoint yet")
    env = make_env(config, FIRST_ENV, seed)
    spec = AgentSpec.create(config, env.obs_space, env.act_space, compute_dtype(config.runtime))
    env.close()
    like = jax.eval_shape(lambda: programs.initial_state(spec, config.seed))
    state = checkpoints.arrays(step, "learner", like)
    frames = int(checkpoints.numbers(step)["frames"])
    checkpoints.close()
    return frames, [episode.score for episode in Evaluator(config, spec, episodes, seed).play(state.params)]
