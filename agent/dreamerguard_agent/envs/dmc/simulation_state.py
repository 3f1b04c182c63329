"""Stores and restores simulations of dm_control exactly, so that a resumed run continues its episodes bit for bit.

The state of one environment has five parts: MuJoCo's integration state (time, positions, velocities, activations,
controls, warm start), the fields of the model that a task changes when an episode starts (a target's place, a terrain),
the random state of the resets, the task's own numbers, and dm_control's step counter. All other quantities follow from
them: they are computed again, as at the end of a step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..protocol import Array, Values

#: The parts of MuJoCo's state that are stored; None for those from which a simulation continues exactly.
PARTS: int | None = None


class SimulationStates:
    """Reads and writes the states of E equally built environments as arrays [E, ...].

    Args:
      envs: dm_control's environments, newly loaded: the fields of their models are compared with the present ones.
    """

    def __init__(self, envs: Sequence[Any]) -> None:
        self._envs = list(envs)
        self._models = [_model_fields(env) for env in envs]
        self._loaded = [{name: value.copy() for name, value in fields.items()} for fields in self._models]

    def read(self) -> Values:
        """Returns the states, by name."""
        rows = [_read_one(env) for env in self._envs]
        states = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
        changed = {
            name
            for now, loaded in zip(self._models, self._loaded, strict=True)
            for name, value in now.items()
            if not np.array_equal(value, loaded[name])
        }
        return states | {f"model.{name}": np.stack([now[name] for now in self._models]) for name in sorted(changed)}

    def write(self, states: Mapping[str, Array]) -> None:
        """Restores states of `read` in environments that were loaded with the same seeds.

        Raises:
          ValueError: the states belong to another task or another version of MuJoCo.
        """
        for number, env in enumerate(self._envs):
            self._write_model(number, states)
            _write_one(env, number, states)

    def _write_model(self, number: int, states: Mapping[str, Array]) -> None:
        for name, value in self._models[number].items():
            stored = states.get(f"model.{name}")
            value[...] = self._loaded[number][name] if stored is None else stored[number]


def _model_fields(env: Any) -> Values:
    """Returns views of all numeric fields of the model, by name."""
    model = env.physics.model.ptr
    values = {name: getattr(model, name) for name in dir(model) if not name.startswith("_")}
    return {
        name: value
        for name, value in values.items()
        if isinstance(value, np.ndarray) and value.size and value.base is not None and value.flags.writeable
    }


def _parts() -> int:
    import mujoco  # not at the top: its import chooses OpenGL, which vectors must never load

    return int(mujoco.mjtState.mjSTATE_INTEGRATION) if PARTS is None else PARTS


def _read_one(env: Any) -> Values:
    import mujoco

    model, data = env.physics.model.ptr, env.physics.data.ptr
    state = np.empty(mujoco.mj_stateSize(model, _parts()), np.float64)
    mujoco.mj_getState(model, data, state, _parts())
    _, keys, place, has_gauss, gauss = env.task.random.get_state()
    return {
        "simulation": state,
        "random": np.asarray(keys, np.uint32),
        "random.place": np.asarray([place, has_gauss], np.int64),
        "random.gauss": np.asarray(gauss, np.float64),
        "steps": np.asarray([env._step_count, env._reset_next_step], np.int64),
        **{f"task.{name}": np.array(value, np.float64) for name, value in sorted(_task_numbers(env).items())},
    }


def _write_one(env: Any, number: int, states: Mapping[str, Array]) -> None:
    import mujoco

    model, data = env.physics.model.ptr, env.physics.data.ptr
    size = mujoco.mj_stateSize(model, _parts())
    simulation, (place, has_gauss) = states["simulation"][number], states["random.place"][number].tolist()
    if simulation.shape != (size,):
        raise ValueError(f"a stored simulation has {simulation.size} numbers, this MuJoCo needs {size}")
    gauss = float(states["random.gauss"][number])
    env.task.random.set_state(("MT19937", states["random"][number], place, has_gauss, gauss))
    for name, value in _task_numbers(env).items():
        stored = states[f"task.{name}"][number]
        setattr(env.task, name, stored.copy() if isinstance(value, np.ndarray) else type(value)(stored))
    mujoco.mj_resetData(model, data)
    mujoco.mj_setState(model, data, np.ascontiguousarray(simulation), _parts())
    mujoco.mj_step1(model, data)
    steps, ended = states["steps"][number].tolist()
    env._step_count, env._reset_next_step = steps, bool(ended)


def _task_numbers(env: Any) -> dict[str, Any]:
    """Returns the task's attributes that are numbers; some tasks measure them when an episode starts."""
    kinds = (float, np.floating, np.ndarray)
    return {name: value for name, value in vars(env.task).items() if isinstance(value, kinds)}
