"""Observations and rewards of suite tasks for all environments at once.

Each formula computes the definition of its task's module in `dm_control/suite`, on arrays [E, ...] instead of one
simulation. Other tasks use dm_control's task code, one environment after the other, which is exact, too, but slower.
Tests compare both on every task.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from ...protocol import Array
from ..mujoco_fields import MujocoFields
from . import bodies, planar, reaching, swinging


class Formula(Protocol):
    """One task, on the simulations of a `MujocoFields`."""

    def observe(self) -> dict[str, Array]:
        """The task's observations in its order, each [E, ...], float64."""

    def reward(self) -> Array:
        """Rewards for the newest state, [E], float64."""


#: By domain and task. Speeds are in metres per second, as in the tasks' modules.
FORMULAS: dict[tuple[str, str], Callable[[MujocoFields], Formula]] = {
    ("acrobot", "swingup"): partial(swinging.Acrobot, sparse=False),
    ("acrobot", "swingup_sparse"): partial(swinging.Acrobot, sparse=True),
    ("ball_in_cup", "catch"): reaching.BallInCup,
    ("cartpole", "balance"): partial(swinging.Cartpole, sparse=False),
    ("cartpole", "balance_sparse"): partial(swinging.Cartpole, sparse=True),
    ("cartpole", "swingup"): partial(swinging.Cartpole, sparse=False),
    ("cartpole", "swingup_sparse"): partial(swinging.Cartpole, sparse=True),
    ("cartpole", "two_poles"): partial(swinging.Cartpole, sparse=False),
    ("cartpole", "three_poles"): partial(swinging.Cartpole, sparse=False),
    ("cheetah", "run"): planar.Cheetah,
    ("finger", "spin"): reaching.FingerSpin,
    ("finger", "turn_easy"): reaching.FingerTurn,
    ("finger", "turn_hard"): reaching.FingerTurn,
    ("fish", "upright"): reaching.FishUpright,
    ("fish", "swim"): reaching.FishSwim,
    ("hopper", "stand"): partial(planar.Hopper, hop=False),
    ("hopper", "hop"): partial(planar.Hopper, hop=True),
    ("humanoid", "stand"): partial(bodies.Humanoid, bodies.SIMPLE, speed=0),
    ("humanoid", "walk"): partial(bodies.Humanoid, bodies.SIMPLE, speed=1),
    ("humanoid", "run"): partial(bodies.Humanoid, bodies.SIMPLE, speed=10),
    ("humanoid", "run_pure_state"): partial(bodies.HumanoidState, bodies.SIMPLE, speed=10),
    ("humanoid_CMU", "stand"): partial(bodies.Humanoid, bodies.CMU, speed=0),
    ("humanoid_CMU", "walk"): partial(bodies.Humanoid, bodies.CMU, speed=1),
    ("humanoid_CMU", "run"): partial(bodies.Humanoid, bodies.CMU, speed=10),
    ("pendulum", "swingup"): swinging.Pendulum,
    ("point_mass", "easy"): reaching.PointMass,
    ("point_mass", "hard"): reaching.PointMass,
    ("quadruped", "walk"): partial(bodies.Quadruped, speed=0.5),
    ("quadruped", "run"): partial(bodies.Quadruped, speed=5),
    ("reacher", "easy"): reaching.Reacher,
    ("reacher", "hard"): reaching.Reacher,
    ("swimmer", "swimmer6"): reaching.Swimmer,
    ("swimmer", "swimmer15"): reaching.Swimmer,
    ("walker", "stand"): partial(planar.Walker, speed=0),
    ("walker", "walk"): partial(planar.Walker, speed=1),
    ("walker", "run"): partial(planar.Walker, speed=8),
}
