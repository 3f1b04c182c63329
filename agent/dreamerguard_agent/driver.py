"""Steps environments side by side and computes the scores of their episodes.

The order follows danijar/dreamerv3, `embodied/core/driver.py`. The record of time t holds the observation with its
reward and flags, the action chosen on that observation, and the latent after it.

    obs = driver.observe()          # [E, ...], the reward of the previous action included
    actions = policy(obs)           # dispatched to the device
    replay = insert(replay, obs, actions, ...)
    driver.step(actions)            # waits for the actions, then steps the environments

An action chosen where ``is_last`` leads nowhere: it is stored as zero, and the next step starts an episode instead.
A `VectorEnv` decides how the environments run: in this thread, in several threads or in worker processes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dreamerguard.schema import ModelSection

from .base.names import FLAGS
from .base.selection import learned
from .base.spaces import LOG_PREFIX, ArraySpace, learned_spaces, mask_last
from .envs import ActionNotFinite, Array, Env, EnvError, SerialEnvs, Values, VectorEnv


@dataclass(frozen=True, slots=True)
class FinishedEpisode:
    """A finished episode.

    Attributes:
      env: number of the environment.
      score: sum of its rewards.
      length: agent steps in it. The record that starts an episode is not counted: no action led to it.
      step: records of all environments up to and including the episode's last one: the x axis of the reference's
        scores (there multiplied by the action repeat).
      logs: recorded numbers of the environment, ``log/NAME/sum``, ``/max`` and ``/last`` of each key ``log/NAME``.
    """

    env: int
    score: float
    length: int
    step: int
    logs: Mapping[str, float] = field(default_factory=dict, kw_only=True)


class Driver:
    """Steps E environments and records their episodes.

    The constructor starts the first episode of every environment.

    Args:
      envs: environments side by side, or separate ones with equal spaces, stepped one after the other. The driver
        closes them.
      model: selects the observations; None: all.

    Raises:
      ValueError: no environment, or spaces that differ.
    """

    def __init__(self, envs: VectorEnv | Sequence[Env], model: ModelSection | None = None) -> None:
        self._envs: VectorEnv = SerialEnvs(envs) if isinstance(envs, Sequence) else envs
        spaces = learned_spaces(self._envs.obs_space)
        self._spaces = spaces if model is None else learned(model, spaces)
        self._score = np.zeros(len(self._envs), np.float64)
        self._length = np.zeros(len(self._envs), np.int64)
        self._steps = 0
        self._logs: Values = {}
        zeros = {key: space.zeros(len(self._envs)) for key, space in self.act_space.items()}
        self._obs, _ = self._advance(zeros, np.ones(len(self._envs), bool))

    @property
    def obs_space(self) -> Mapping[str, ArraySpace]:
        """Observations of one environment that the agent learns from; see `Env`."""
        return self._spaces

    @property
    def act_space(self) -> Mapping[str, ArraySpace]:
        """Actions of one environment; see `Env`."""
        return self._envs.act_space

    @property
    def steps(self) -> int:
        """Records of all environments so far, the current observation included; a multiple of E."""
        return self._steps

    @property
    def running(self) -> tuple[Array, Array]:
        """Agent steps and rewards so far of the running episodes, [E] each; zero where the episode has ended."""
        ended = self._obs["is_last"]
        return np.where(ended, 0, self._length), np.where(ended, 0.0, self._score)

    def observe(self) -> Values:
        """Returns the current observations, rewards and flags, each [E, ...]. The arrays are never written again, so a
        device may read them while the environments step."""
        return dict(self._obs)

    def step(self, actions: Mapping[str, Any]) -> list[FinishedEpisode]:
        """Acts in every environment, or starts its next episode where the current observation ``is_last``.

        Args:
          actions: by key of `act_space`, [E, ...]; ignored where the current observation ``is_last``. Device arrays
            are fetched here.

        Returns:
          The episodes that end with the new observations, in order of environments.

        Raises:
          ValueError: an action is missing or has another shape.
          ActionNotFinite: an action is not a number or infinite.
          EnvError: an environment returned an observation or a reward that is not a number or infinite.
        """
        chosen = {key: self._check(key, space, actions) for key, space in self.act_space.items()}
        is_last = self._obs["is_last"]
        self._obs, episodes = self._advance(mask_last(chosen, is_last), is_last)
        return episodes

    def state(self) -> Values | None:
        """Returns the running episodes with their environments, by name, or None if these cannot be stored."""
        envs = self._envs.state()
        if envs is None:
            return None
        mine = {"score": self._score, "length": self._length, "steps": np.asarray(self._steps, np.int64)}
        mine |= {f"logs.{key}": value for key, value in self._logs.items()}
        seen = {f"obs.{key}": value for key, value in self._obs.items()}
        return {**mine, **seen, **{f"envs.{key}": value for key, value in envs.items()}}

    def load(self, state: Mapping[str, Array]) -> None:
        """Restores a `state`, in a driver of environments that were made with the same numbers and seeds.

        Raises:
          ValueError: the state does not belong to these environments.
        """
        now, mine = {"score": self._score, "length": self._length, **self._obs}, _below(state, "obs.")
        for key, value in {"score": state["score"], "length": state["length"], **mine}.items():
            if key not in now or (value.shape, value.dtype) != (now[key].shape, now[key].dtype):
                raise ValueError(f"`{key}` of the stored episodes has another shape or type")
        logs = _below(state, "logs.")
        if logs.keys() != self._logs.keys() or any(value.shape != self._score.shape for value in logs.values()):
            raise ValueError("the recorded numbers of the stored episodes are others")
        self._envs.load(_below(state, "envs."))
        self._logs = {key: value.copy() for key, value in logs.items()}
        self._score, self._length = state["score"].copy(), state["length"].copy()
        self._steps, self._obs = int(state["steps"]), {key: mine[key] for key in self._obs}

    def close(self) -> None:
        """Closes the environments."""
        self._envs.close()

    def _check(self, key: str, space: ArraySpace, actions: Mapping[str, Any]) -> Array:
        shape = (len(self._envs), *space.shape)
        if key not in actions:
            raise ValueError(f"action `{key}` is missing; got {', '.join(sorted(actions)) or 'none'}")
        value = np.asarray(actions[key], space.dtype)
        if value.shape != shape:
            raise ValueError(f"action `{key}` must have shape {shape}, not {value.shape}")
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            env = int(np.flatnonzero(~np.isfinite(value.reshape(len(value), -1)).all(1))[0])
            raise ActionNotFinite(f"the action of environment {env} is not finite: {value[env]}")
        return value

    def _advance(self, actions: Values, reset: Array) -> tuple[Values, list[FinishedEpisode]]:
        """Steps every environment once and updates the scores."""
        obs = self._envs.step(actions, reset)
        _check_finite(obs)
        first = obs["is_first"]
        self._record({key: value for key, value in obs.items() if key.startswith(LOG_PREFIX)}, first)
        obs = {key: value for key, value in obs.items() if key in self._spaces or key in FLAGS}
        self._score = np.where(first, 0.0, self._score) + obs["reward"]
        self._length = np.where(first, 0, self._length + 1)
        episodes = [
            FinishedEpisode(
                int(i), float(self._score[i]), int(self._length[i]), self._steps + int(i) + 1, logs=self._recorded(i)
            )
            for i in np.flatnonzero(obs["is_last"])
        ]
        self._steps += len(self._envs)
        return obs, episodes

    def _record(self, seen: Values, first: Array) -> None:
        """Adds the numbers under ``log/`` of one step to those of the running episodes."""
        before, now = self._logs, {}
        for key, value in seen.items():
            number = value.reshape(len(first)).astype(np.float64)
            total, most = before.get(f"{key}/sum", 0.0), before.get(f"{key}/max", number)
            now[f"{key}/sum"] = np.where(first, 0.0, total) + number
            now[f"{key}/max"] = np.where(first, number, np.maximum(most, number))
            now[f"{key}/last"] = number
        self._logs = now

    def _recorded(self, env: Any) -> dict[str, float]:
        return {key: float(value[env]) for key, value in self._logs.items()}


def mean_logs(episodes: Sequence[FinishedEpisode]) -> dict[str, float]:
    """Returns the mean over episodes of every recorded number of the environment, by its key in ``logs``."""
    keys = sorted({key for episode in episodes for key in episode.logs})
    return {key: float(np.mean([item.logs[key] for item in episodes if key in item.logs])) for key in keys}


def check_spaces(driver: Driver, obs_space: Mapping[str, ArraySpace], act_space: Mapping[str, ArraySpace]) -> None:
    """Checks that environments have the spaces for which the agent was made.

    Raises:
      EnvError: a space differs; the message names the key.
    """
    for kind, now, before in (
        ("observation", driver.obs_space, obs_space),
        ("action", driver.act_space, act_space),
    ):
        if different := sorted(key for key in now.keys() | before.keys() if now.get(key) != before.get(key)):
            raise EnvError(f"the space of {kind} `{different[0]}` differs from one environment to the next")


def _check_finite(obs: Values) -> None:
    for key, value in obs.items():
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            env = int(np.flatnonzero(~np.isfinite(value.reshape(len(value), -1)).all(1))[0])
            name = "a reward" if key == "reward" else f"an observation `{key}`"
            raise EnvError(f"environment {env} returned {name} that is not finite")


def _below(state: Mapping[str, Array], prefix: str) -> Values:
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
