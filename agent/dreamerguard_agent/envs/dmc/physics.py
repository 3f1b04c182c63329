"""Runs one control step of a dm_control simulation without dm_control's Python code.

dm_control's default, ``legacy_step``, finishes the step whose first half was done before, takes the others, and then
does the first half of the next one, so that positions, velocities and sensors belong to the newest state:
``mj_step2``, (n - 1) x ``mj_step``, ``mj_step1`` (`dm_control/mujoco/engine.py`). This module does so with two
savings that change no bit of any state or sensor:

- sensors are computed in the last substep only; they read the simulation and never act on it;
- a Runge-Kutta step starts from the half that is already done. dm_control computes this half twice.

`mujoco.rollout` steps many simulations in one call without Python's lock, but is not suitable (seen in mujoco 3.17): it
takes solver warm starts and returns none, without which states drift from dm_control's, and its data are one per thread
and end before the last ``mj_step1``, with positions and sensors of the state before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mujoco


def stepper(physics: Any, substeps: int) -> Callable[[], None]:
    """Returns a function that advances a simulation by one control step of `substeps` MuJoCo steps, in any thread.

    Args:
      physics: dm_control's `Physics`, which still owns the data.
      substeps: MuJoCo steps of a control step, at least 1.
    """
    model, data = physics.model.ptr, physics.data.ptr
    if model.opt.integrator == mujoco.mjtIntegrator.mjINT_RK4:
        return _runge_kutta(model, data, substeps)
    if model.nsensor and substeps > 1:
        return _sparing_sensors(model, data, substeps)
    return _plain(model, data, substeps)


def _plain(model: Any, data: Any, substeps: int) -> Callable[[], None]:
    def advance() -> None:
        mujoco.mj_step2(model, data)
        if substeps > 1:
            mujoco.mj_step(model, data, substeps - 1)
        mujoco.mj_step1(model, data)

    return advance


def _sparing_sensors(model: Any, data: Any, substeps: int) -> Callable[[], None]:
    """Sensors that read accelerations get their value in the last full substep, all others after it."""
    options = model.opt
    with_sensors = options.disableflags
    without = with_sensors | mujoco.mjtDisableBit.mjDSBL_SENSOR
    late = bool((model.sensor_needstage == mujoco.mjtStage.mjSTAGE_ACC).any())
    blind = substeps - 1 - late

    def advance() -> None:
        options.disableflags = without
        mujoco.mj_step2(model, data)
        if blind:
            mujoco.mj_step(model, data, blind)
        options.disableflags = with_sensors
        if late:
            mujoco.mj_step(model, data)
        mujoco.mj_step1(model, data)

    return advance


def _runge_kutta(model: Any, data: Any, substeps: int) -> Callable[[], None]:
    """``mj_step`` of the fourth order, begun after the position and velocity stages of ``mj_step1``."""

    def advance() -> None:
        mujoco.mj_forwardSkip(model, data, mujoco.mjtStage.mjSTAGE_VEL, False)
        mujoco.mj_checkAcc(model, data)
        mujoco.mj_RungeKutta(model, data, 4)
        if substeps > 1:
            mujoco.mj_step(model, data, substeps - 1)
        mujoco.mj_step1(model, data)

    return advance
