"""Walkers in a plane: `dm_control/suite/walker.py`, `cheetah.py` and `hopper.py`."""

from __future__ import annotations

import numpy as np

from ...protocol import Array
from ..mujoco_fields import XX, XZ, ZZ, MujocoFields
from .common import INFINITY, at_least, control_cost, tolerance


class Walker:
    """Stand, and move at `speed` unless that is 0."""

    def __init__(self, read: MujocoFields, speed: float) -> None:
        self._read, self._speed = read, speed
        self._torso = read.index("body", "torso")
        self._forward = read.sensor("torso_subtreelinvel").start
        self._axes = (np.arange(1, read.model.nbody)[:, None] * 9 + [XX, XZ]).ravel()

    def observe(self) -> dict[str, Array]:
        """See `Formula`."""
        read = self._read
        return {"orientations": read["xmat"][:, self._axes], "height": self._height(), "velocity": read["qvel"]}

    def reward(self) -> Array:
        """See `Formula`."""
        standing = tolerance(self._height(), 1.2, INFINITY, margin=0.6)
        upright = (1 + self._read["xmat"][:, 9 * self._torso + ZZ]) / 2
        stand = (3 * standing + upright) / 4
        if self._speed == 0:
            return stand
        move = at_least(self._read["sensordata"][:, self._forward], self._speed, self._speed / 2, 0.5)
        return stand * (5 * move + 1) / 6

    def _height(self) -> Array:
        return self._read["xpos"][:, 3 * self._torso + 2]


class Cheetah:
    """Run at ten metres per second."""

    def __init__(self, read: MujocoFields) -> None:
        self._read = read
        self._forward = read.sensor("torso_subtreelinvel").start

    def observe(self) -> dict[str, Array]:
        """See `Formula`."""
        return {"position": self._read["qpos"][:, 1:], "velocity": self._read["qvel"]}

    def reward(self) -> Array:
        """See `Formula`."""
        return at_least(self._read["sensordata"][:, self._forward], 10, 10, 0)


class Hopper:
    """Stand, with little control, or hop forwards."""

    def __init__(self, read: MujocoFields, hop: bool) -> None:
        self._read, self._hop = read, hop
        self._forward = read.sensor("torso_subtreelinvel").start
        self._touch = [read.sensor(name).start for name in ("touch_toe", "touch_heel")]

    def observe(self) -> dict[str, Array]:
        """See `Formula`."""
        read = self._read
        touch = np.log1p(read["sensordata"][:, self._touch])
        return {"position": read["qpos"][:, 1:], "velocity": read["qvel"], "touch": touch}

    def reward(self) -> Array:
        """See `Formula`."""
        read = self._read
        height = read.vector("xipos", "body", "torso")[:, 2] - read.vector("xipos", "body", "foot")[:, 2]
        standing = tolerance(height, 0.6, 2)
        if not self._hop:
            return standing * control_cost(read["ctrl"])
        return standing * at_least(read["sensordata"][:, self._forward], 2, 1, 0.5)
