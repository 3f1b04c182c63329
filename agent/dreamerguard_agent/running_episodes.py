"""The running episodes of a run: environments, what the agents remember of them, and their place in a checkpoint.

With them a resumed run continues every episode, so it equals an uninterrupted one bit for bit. Environments that cannot
be stored, for example in worker processes, start new episodes instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from dreamerguard.schema import RunConfig

from .algorithm.actor import Carry
from .base.share import WHOLE, Share
from .base.spec import AgentSpec
from .checkpoints.checkpoint import Checkpoint
from .checkpoints.folder import Say
from .counters import Counters
from .driver import Driver, FinishedEpisode, check_spaces
from .envs import Array, EnvError, Supervision, Values, make_agent_envs
from .events import AgentEpisode
from .failures import environment_failures
from .joined_episodes import cut_episodes
from .runtime import compiled

#: The n-th start of a run numbers its environments from (n - 1) times this, so that no start repeats resets.
ENVS_PER_START = 10_000
#: Part of a checkpoint that holds the episodes.
PART = "envs"


class RunningEpisodes:
    """Steps the environments of all agents. The constructor starts them.

    Args:
      config: the run, with the numbers of this process.
      spec: the agent.
      counters: counters at this start.
      found: the checkpoint, if the run continues one.
      supervision: the run, for environments in other processes.
      share: this process.

    Attributes:
      carry: latent states and last actions of the agents.

    Raises:
      EnvError: an environment cannot be made.
    """

    def __init__(
        self,
        config: RunConfig,
        spec: AgentSpec,
        counters: Counters,
        found: Checkpoint | None,
        supervision: Supervision,
        share: Share = WHOLE,
    ) -> None:
        self._config, self._supervision, self._share = config, supervision, share
        self._seeds = range(config.seed, config.seed + config.seeds)
        self._own_first = (counters.starts - 1) * ENVS_PER_START
        self._from = counters.vector_steps
        episodes: Any = found.numbers.get("episodes", {}) if found is not None else {}
        self._spaces = dict(spec.obs_space), dict(spec.act_space)
        self._start(episodes.get("first", self._own_first))
        self.carry: Carry = compiled.initial_carry(spec, config.seeds, config.run.envs)

    def observe(self) -> dict[str, jax.Array]:
        """Returns the current observations on the device, [E, ...] of one agent, [N, E, ...] of several."""
        obs: dict[str, jax.Array] = jax.device_put(compiled.by_agent(self._driver.observe(), len(self._seeds)))
        return obs

    def step(self, action: Mapping[str, Any]) -> list[AgentEpisode]:
        """Waits for the actions, with the axes of `observe`, steps the environments and returns the ended episodes.

        Raises:
          PolicyDiverged: an action is not finite.
          EnvironmentFailed: an environment failed.
          WaitEnded: the run is to stop.
        """
        actions = compiled.by_env(jax.device_get(action), len(self._seeds))
        self._whole, whole = False, self._whole
        with environment_failures():
            episodes = self._driver.step(actions)
        self._whole = whole
        return [self._of_agent(episode) for episode in episodes]

    def stored(self) -> tuple[dict[str, int], Values] | None:
        """Returns numbers and arrays for a checkpoint, or None where the environments cannot be stored."""
        state = read_episodes(self._driver, self.carry) if self._whole else None
        return None if state is None else ({"first": self._first, "from": self._from}, state)

    def restore(self, found: Checkpoint, say: Say) -> None:
        """Continues the episodes of a checkpoint, or starts new ones and says why."""
        episodes: Any = found.numbers.get("episodes")
        if episodes is None:
            say("the checkpoint holds no running episodes: new ones start")
            return
        try:
            own = cut_episodes(found.part(PART), self._share)
            self.carry = write_episodes(self._driver, self.carry, own)
            self._from = episodes["from"]
        except ValueError as error:
            say(f"the running episodes cannot be continued, new ones start: {error}")
            self._driver.close()
            self._start(self._own_first)

    def close(self) -> None:
        """Closes the environments."""
        self._driver.close()

    def _start(self, first: int) -> None:
        """Starts environments with numbers from ``first``. Their episodes can be stored until one of them fails."""
        self._first, self._whole = first, True
        own = first + self._share.process * self._config.run.envs
        envs = make_agent_envs(self._config, own, self._seeds, supervision=self._supervision)
        try:
            self._driver = Driver(envs, self._config.model)
            check_spaces(self._driver, *self._spaces)
        except EnvError:
            envs.close()
            raise

    def _of_agent(self, episode: FinishedEpisode) -> AgentEpisode:
        """Renumbers an episode as in a separate run of its agent; ``step`` counts over all starts of the run."""
        envs = self._config.run.envs
        agent, env = divmod(episode.env, envs)
        steps = (episode.step - 1 - episode.env) // (len(self._seeds) * envs)
        env += self._share.process * envs
        return AgentEpisode(
            env,
            episode.score,
            episode.length,
            (self._from + steps) * envs * self._share.processes + env + 1,
            self._seeds[agent],
            logs=episode.logs,
        )


def read_episodes(driver: Driver, carry: Carry) -> Values | None:
    """Returns the running episodes by name, or None if the environments cannot be stored. Waits for the device."""
    state = driver.state()
    if state is None:
        return None
    leaves = jax.device_get(jax.tree.leaves(carry))
    return {**state, **{f"carry.{number}": np.asarray(leaf) for number, leaf in enumerate(leaves)}}


def write_episodes(driver: Driver, carry: Carry, state: Mapping[str, Array]) -> Carry:
    """Restores a state of `read_episodes`.

    Args:
      driver: a new driver, of environments that were made with the same numbers.
      carry: a carry with the shapes of the run.
      state: the stored state.

    Returns:
      The restored carry.

    Raises:
      ValueError: the state belongs to another task, backend or version of the simulator. The driver may be half
        restored: make a new one.
    """
    leaves, tree = jax.tree.flatten(carry)
    try:
        stored = [np.asarray(state[f"carry.{number}"]) for number in range(len(leaves))]
        driver.load(state)
    except KeyError as error:
        raise ValueError(f"the checkpoint does not have {error} of the running episodes") from error
    except (TypeError, IndexError) as error:
        raise ValueError(f"they have another form: {error}") from error
    if any(old.shape != new.shape or old.dtype != new.dtype for old, new in zip(stored, leaves, strict=True)):
        raise ValueError("the agent's state has other shapes")
    restored: Carry = jax.tree.unflatten(tree, [jax.device_put(leaf) for leaf in stored])
    return restored
