"""Runs a DeepMind Control task in many environments at once, with the numbers of `DMControl` and little Python.

Within dm_control, physics takes about half of a control step of walker and a tenth of cartpole. The rest is named
indexing and small functions, repeated for each environment. Here the physics of all environments runs in threads
(`physics.py`, `thread_pool.py`), and observations and rewards are computed for all environments together (`formulas`).
dm_control still owns models, data and random states, and starts every episode, so the episodes are equal.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import mujoco
import numpy as np

from ...base.spaces import ArraySpace
from ..protocol import Array, EnvError, Values
from ..vector.thread_pool import ThreadPool, cores
from .adapter import action_limits, action_space, observation_spaces, to_control
from .formulas import FORMULAS, Formula
from .library import load_suite, load_task, stable
from .mujoco_fields import MujocoFields
from .physics import stepper
from .simulation_state import SimulationStates

#: Minimum seconds of physics per vector step for each further thread.
WORTH_A_THREAD = 2e-4
#: Steps that are timed to choose the number of threads.
TRIAL = 10


class NativeEnvs:
    """One task of the suite in E environments, observed as vectors; a `VectorEnv`.

    Args:
      task: domain and task, as for `DMControl`.
      seeds: seeds of the resets, one per environment.
      repeat: frames for which an action is repeated.
      threads: threads that step the physics, the calling one included; 0 chooses by the measured work. Results do not
        depend on it.
      time_limit: seconds of an episode; None: the task's limit.

    Raises:
      EnvError: the task does not exist, or cannot be run exactly here.
    """

    def __init__(
        self,
        task: str,
        seeds: Sequence[int],
        *,
        repeat: int = 1,
        threads: int = 1,
        time_limit: float | None = None,
    ) -> None:
        loaded = [load_task(task, seed, time_limit, render=False) for seed in seeds]
        self._task, self._repeat = task, repeat
        self._envs = [env for _, env in loaded]
        self._simulations = [env.physics for env in self._envs]
        self._tasks = [env.task for env in self._envs]
        _check_hooks(task, self._tasks[0])
        self._read = MujocoFields(self._simulations)
        make = FORMULAS.get(loaded[0][0])
        self._formula: Formula = make(self._read) if make else TaskCode(self._tasks, self._simulations)
        self._advance = [stepper(env.physics, env._n_sub_steps) for env in self._envs]
        self._controls = [simulation.data.ctrl for simulation in self._simulations]
        self._warnings = [simulation.data.warning.number for simulation in self._simulations]
        self._ends = _overrides(self._tasks[0], "get_termination")
        spec = self._envs[0].action_spec()
        self._limits = action_limits(spec)
        self._act_space = {"action": action_space(spec)}
        self._obs_space = observation_spaces(self._envs[0].observation_spec())
        self._frame_limit = self._envs[0]._step_limit
        self._states = SimulationStates(self._envs)
        self._frames = np.zeros(len(seeds), np.int64)
        self._done = np.ones(len(seeds), bool)
        self._pool = ThreadPool(min(threads or self._busy_threads(), len(seeds)))

    @property
    def obs_space(self) -> Mapping[str, ArraySpace]:
        """The task's vectors; see `VectorEnv`."""
        return self._obs_space

    @property
    def act_space(self) -> Mapping[str, ArraySpace]:
        """The action, [A] in [-1, 1]; see `VectorEnv`."""
        return self._act_space

    def __len__(self) -> int:
        return len(self._envs)

    def step(self, actions: Mapping[str, Array], reset: Array) -> Values:
        """Acts for `repeat` frames, or starts episodes; see `VectorEnv`."""
        first = np.logical_or(reset, self._done)
        if first.any():
            with stable(self._task):
                for number in np.flatnonzero(first):
                    self._envs[number].reset()
        self._frames[first] = 0
        self._read.renew()
        reward = np.zeros(len(self), np.float32)
        active, terminal = ~first, np.zeros(len(self), bool)
        self._set_controls(np.asarray(actions["action"], np.float32), active)
        for _ in range(self._repeat):
            if not active.any():
                break
            self._advance_frame(np.flatnonzero(active).tolist())
            reward[active] += self._formula.reward()[active].astype(np.float32)
            last, ended = self._endings(active)
            terminal |= ended
            active &= ~last
        self._done = ~first & ~active
        values = {key: value.astype(np.float32) for key, value in self._formula.observe().items()}
        observation = {key: values[key] for key in self._obs_space}
        return {**observation, "reward": reward, "is_first": first, "is_last": self._done, "is_terminal": terminal}

    def state(self) -> Values:
        """Returns simulations, random states and counters; see `VectorEnv`."""
        return self._states.read() | {"frames": self._frames.copy(), "done": self._done.copy()}

    def load(self, state: Mapping[str, Array]) -> None:
        """Restores a `state`; see `VectorEnv`."""
        self._states.write(state)
        self._frames, self._done = state["frames"].copy(), state["done"].copy()
        self._read.renew()

    def close(self) -> None:
        """Ends the threads and frees the simulations."""
        self._pool.close()
        for env in self._envs:
            env.close()

    def _busy_threads(self) -> int:
        """Returns the number of threads with enough work. Times a few steps, which the first reset discards."""
        start = time.perf_counter()
        for _ in range(TRIAL):
            self._advance[0]()
        work = (time.perf_counter() - start) / TRIAL * len(self)
        return max(1, min(cores(), int(work / WORTH_A_THREAD)))

    def _set_controls(self, action: Array, active: Array) -> None:
        numbers = np.flatnonzero(active)
        if len(numbers):
            for number, control in zip(numbers, to_control(action[numbers], *self._limits), strict=True):
                self._controls[number][:] = control

    def _advance_frame(self, numbers: list[int]) -> None:
        """Steps the physics of some environments by one frame.

        Raises:
          EnvError: MuJoCo warned; dm_control raises here, too.
        """
        before = np.concatenate(self._warnings)
        self._pool.run(lambda number: self._advance[number](), numbers)
        new = (np.concatenate(self._warnings) > before).reshape(len(self), -1)
        if new.any():
            raise EnvError(_unstable(self._task, new))
        self._read.renew()

    def _endings(self, active: Array) -> tuple[Array, Array]:
        """Returns which active environments have ended, and which ended terminally, both [E]."""
        self._frames += active
        last = active & (self._frames >= self._frame_limit)
        terminal = np.zeros(len(self), bool)
        if self._ends:
            for number in np.flatnonzero(active & ~last):
                discount = self._tasks[number].get_termination(self._simulations[number])
                last[number] = discount is not None
                terminal[number] = discount == 0
        return last, terminal


class TaskCode:
    """dm_control's observations and rewards, one environment after the other; a `Formula`."""

    def __init__(self, tasks: Sequence[Any], simulations: Sequence[Any]) -> None:
        self._pairs = list(zip(tasks, simulations, strict=True))

    def observe(self) -> dict[str, Array]:
        """See `Formula`."""
        rows = [task.get_observation(simulation) for task, simulation in self._pairs]
        return {key: np.stack([row[key] for row in rows]) for key in rows[0]}

    def reward(self) -> Array:
        """See `Formula`."""
        return np.array([task.get_reward(simulation) for task, simulation in self._pairs], np.float64)


def native_tasks() -> dict[str, str]:
    """Returns how `NativeEnvs` computes observations and rewards of each task of the suite, by name without ``dmc_``:
    ``arrays`` for all environments at once, ``task code`` for dm_control's functions. Physics is native in both."""
    known = load_suite(render=False).ALL_TASKS
    return {f"{domain}_{name}": "arrays" if (domain, name) in FORMULAS else "task code" for domain, name in known}


def _overrides(task: Any, method: str) -> bool:
    from dm_control.rl import control
    from dm_control.suite import base

    mine = getattr(type(task), method)
    return all(mine is not getattr(owner, method, None) for owner in (base.Task, control.Task))


def _check_hooks(name: str, task: Any) -> None:
    for hook in ("before_step", "after_step"):
        if _overrides(task, hook):
            raise EnvError(
                f"dmc_{name} changes `{hook}`, which only dm_control's own loop runs; set env.backend=serial"
            )


def _unstable(task: str, new: Array) -> str:
    members = list(mujoco.mjtWarning.__members__)
    names = [members[kind] for kind in np.unique(np.nonzero(new)[1])]
    return f"a simulation of dmc_{task} became unstable: MuJoCo warns {', '.join(names)}"
