"""Plays evaluation episodes in separate environments. The policy samples, as in the reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import jax
import numpy as np

from dreamerguard.schema import RunConfig
from dreamerguard.schema.time_limits import without_limit

from .base.spaces import learned_spaces
from .base.spec import AgentSpec
from .checkpoints.checkpoint import Checkpoint
from .checkpoints.errors import NoSoundCheckpoint
from .checkpoints.folder import Say, newest_sound, steps_in
from .driver import Driver, FinishedEpisode
from .envs import Array, Supervision, WaitEnded, make_agent_envs, make_env
from .failures import EndlessEpisodes
from .runtime import compiled
from .runtime.device import compute_dtype
from .runtime.seed_devices import ONE_DEVICE, SeedDevices

#: Agent steps of an evaluation episode, after which it counts as endless: more than any published task has, and for
#: tasks that are known to have no time limit.
MOST_STEPS, MOST_STEPS_WITHOUT_LIMIT = 108_000, 10_000
#: Checkpoints that are read one after the other while a running trainer removes each.
_TRIES = 20
#: Environment numbers of evaluation begin here, so that training never uses their resets.
FIRST_ENV = 1_000_000


def most_steps(task: str) -> int:
    """Returns the agent steps after which an evaluation episode of the task counts as endless."""
    return MOST_STEPS if without_limit(task) is None else MOST_STEPS_WITHOUT_LIMIT


class Evaluator:
    """Plays episodes with given parameters, of all agents at once.

    Args:
      config: the run.
      spec: the agent.
      episodes: episodes of one evaluation, per agent.
      seeds: seed of resets and actions, per agent.
      supervision: the run, which may stop an evaluation.
      devices: devices over which several agents are spread.

    Attributes:
      played: evaluations before this one; each has other resets.
    """

    def __init__(
        self,
        config: RunConfig,
        spec: AgentSpec,
        episodes: int,
        seeds: Sequence[int],
        supervision: Supervision | None = None,
        devices: SeedDevices = ONE_DEVICE,
    ) -> None:
        self._devices = devices
        self._config, self._spec, self._episodes, self._seeds = config, spec, episodes, tuple(seeds)
        self._envs = min(episodes, config.run.envs)
        self._act = devices.jit(compiled.act_for_agents(spec, len(seeds)), compiled.ACTING)
        self._supervision = supervision or Supervision(timeout=config.env.timeout)
        self.played = 0

    def play(self, params: Any) -> list[list[FinishedEpisode]]:
        """Plays the episodes of each agent, in order of environments.

        Every environment plays the same number of episodes, give or take one, and stops. Taking the first episodes to
        finish would prefer short ones.

        Raises:
          WaitEnded: the run is to stop. The next call plays the same episodes.
          EndlessEpisodes: episodes did not end within `most_steps`.
        """
        first = FIRST_ENV + self.played * self._envs
        envs = make_agent_envs(self._config, first, self._seeds, self._envs, self._supervision)
        driver = Driver(envs, self._config.model)
        try:
            played = self._finish(driver, params)
        finally:
            driver.close()
        return played

    def _finish(self, driver: Driver, params: Any) -> list[list[FinishedEpisode]]:
        agents = len(self._seeds)
        share, rest = divmod(self._episodes, self._envs)
        wanted = [share + (i < rest) for i in range(self._envs)] * agents
        played: list[list[FinishedEpisode]] = [[] for _ in wanted]
        place = self._devices.place
        seeds, params = place(compiled.place_seeds(self._seeds)), place(params)
        longest = most_steps(self._config.task)
        carry, count = place(compiled.initial_carry(self._spec, agents, self._envs)), 0
        while any(len(mine) < most for mine, most in zip(played, wanted, strict=True)):
            if self._supervision.stop():
                raise WaitEnded("the evaluation was ended")
            obs = place(jax.device_put(compiled.by_agent(driver.observe(), agents)))
            carry, action, _ = self._act(seeds, params, carry, obs, self._devices.share(np.uint32(count)))
            count += 1
            for episode in driver.step(compiled.by_env(jax.device_get(action), agents)):
                played[episode.env].append(episode)
            if count >= longest:
                steps, returns = driver.running
                endless = [i for i, most in enumerate(wanted) if len(played[i]) < most and steps[i] >= longest]
                if endless:
                    raise EndlessEpisodes(_endless(self._config.task, longest, returns[endless]))
        kept = [mine[:most] for mine, most in zip(played, wanted, strict=True)]
        return [list(chain(*kept[i : i + self._envs])) for i in range(0, len(kept), self._envs)]


class NoCheckpoint(Exception):
    """The run directory has no checkpoint to evaluate."""


def evaluate_checkpoint(
    config: RunConfig,
    directory: Path,
    episodes: int,
    seed: int,
    say: Say = lambda text: None,
    watch: Callable[[Checkpoint, AgentSpec, Any], None] | None = None,
) -> tuple[int, dict[int, list[FinishedEpisode]]]:
    """Plays episodes with the newest sound checkpoint of a run. All its agents get the same resets.

    Args:
      config: configuration of the run.
      directory: directory of the run.
      episodes: episodes of each agent.
      seed: seed of resets and actions.
      say: receives one line for every newer checkpoint that is damaged.
      watch: called first with checkpoint, agent and its parameters, for example to record a video.

    Returns:
      Environment frames of the checkpoint, and the episodes by seed of the agent.

    Raises:
      NoCheckpoint: the run has no checkpoint yet.
      NoSoundCheckpoint: all its checkpoints are damaged.
      OtherFormat: another version wrote the checkpoint.
      DoesNotMatch: the checkpoint does not fit the configuration.
      EnvError: the environment cannot be made.
      EndlessEpisodes: episodes did not end.
    """
    if not steps_in(directory / "checkpoints"):
        raise NoCheckpoint(f"{directory} has no checkpoint yet{_elsewhere(directory)}")
    seeds = range(config.seed, config.seed + config.seeds)
    spec = read_spec(config)
    like = jax.eval_shape(lambda: compiled.initial_state(spec, seeds))
    found, damaged, learner = read_newest(directory / "checkpoints", like)
    for step, reason in damaged.items():
        say(f"warning: checkpoint {step} is damaged ({reason}); checkpoint {found.step} is evaluated instead")
    state = jax.device_put(learner)
    frames = int(found.numbers["frames"])
    if watch is not None:
        watch(found, spec, state.params)
    if without_limit(config.task) is not None:
        say(f"{config.task} has no time limit; an episode is given up after {most_steps(config.task):,} agent steps")
    played = Evaluator(config, spec, episodes, [seed] * len(seeds)).play(state.params)
    return frames, dict(zip(seeds, played, strict=True))


def read_newest(directory: Path, like: Any) -> tuple[Checkpoint, dict[int, str], Any]:
    """Reads the agent of the newest sound checkpoint, also while a running trainer saves new ones and removes old ones.

    Args:
      directory: the folder of the checkpoints.
      like: see `Checkpoint.restore`.

    Returns:
      The checkpoint, why newer ones cannot be used, by number, and the agent.

    Raises:
      NoCheckpoint: there is no checkpoint any more.
      NoSoundCheckpoint: all are damaged, or each was removed while it was read.
      OtherFormat: another version wrote the checkpoint.
      DoesNotMatch: the checkpoint does not fit.
    """
    for left in reversed(range(_TRIES)):
        found, damaged = newest_sound(directory)
        if found is None:
            break
        try:
            return found, damaged, found.restore("learner", like)
        except NoSoundCheckpoint:
            if found.folder.exists() or not left:
                raise
    raise NoCheckpoint(f"{directory} has no checkpoint any more")


def read_spec(config: RunConfig, say: Say = lambda text: None) -> AgentSpec:
    """Builds the spec of a run. Makes one environment to read its spaces.

    Args:
      config: the run.
      say: receives what the environment notes about its spaces, for example keys that are not used.

    Raises:
      EnvError: the environment cannot be made.
    """
    env = make_env(config, FIRST_ENV, config.seed)
    try:
        for note in getattr(env, "notes", ()):
            say(str(note))
        return AgentSpec.create(config, learned_spaces(env.obs_space), env.act_space, compute_dtype(config.runtime))
    finally:
        env.close()


def _endless(task: str, longest: int, returns: Array) -> str:
    """Returns the message about episodes that did not end; ``returns`` are their rewards until then."""
    known = without_limit(task)
    why = f"; {task} has no time limit, and {known.ends}" if known is not None else ""
    count = "1 episode" if len(returns) == 1 else f"{len(returns)} episodes"
    rewards = f"{float(np.mean(returns)):.1f}{' on average' if len(returns) > 1 else ''}"
    return (
        f"no score: {count} did not end within {longest:,} agent steps{why}. The rewards until then sum up to {rewards}"
    )


def _elsewhere(directory: Path) -> str:
    shared = directory.parent / "checkpoints"
    return f"; the agents of several seeds share the checkpoints in {directory.parent}" if shared.is_dir() else ""
