"""Poles: `dm_control/suite/acrobot.py`, `cartpole.py` and `pendulum.py`."""

from __future__ import annotations

import numpy as np

from ...protocol import Array
from ..mujoco_fields import XZ, ZZ, MujocoFields
from .common import length, tolerance


class Acrobot:
    """Bring the tip of two joined poles to a target; `sparse` pays inside the target only."""

    def __init__(self, read: MujocoFields, sparse: bool) -> None:
        self._read, self._sparse = read, sparse
        arms = np.array([read.index("body", name) for name in ("upper_arm", "lower_arm")])
        self._axes = np.concatenate([9 * arms + XZ, 9 * arms + ZZ])
        self._radius = float(read.model.site_size[read.index("site", "target"), 0])

    def observe(self) -> dict[str, Array]:
        """See `Formula`."""
        return {"orientations": self._read["xmat"][:, self._axes], "velocity": self._read["qvel"]}

    def reward(self) -> Array:
        """See `Formula`."""
        read = self._read
        gap = read.vector("site_xpos", "site", "target") - read.vector("site_xpos", "site", "tip")
        return tolerance(length(gap), 0, self._radius, margin=0 if self._sparse else 1)


class Cartpole:
    """Hold one or more poles upright on a cart; `sparse` pays near the middle and upright only."""

    def __init__(self, read: MujocoFields, sparse: bool) -> None:
        self._read, self._sparse = read, sparse
        poles = np.arange(2, read.model.nbody) * 9  # body 0 is the world, body 1 the cart
        self._upright = poles + ZZ
        self._axes = (poles[:, None] + [ZZ, XZ]).ravel()

    def observe(self) -> dict[str, Array]:
        """See `Formula`."""
        read = self._read
        return {"position": np.hstack([read["qpos"][:, :1], read["xmat"][:, self._axes]]), "velocity": read["qvel"]}

    def reward(self) -> Array:
        """See `Formula`."""
        read = self._read
        cart, cosine = read["qpos"][:, 0], read["xmat"][:, self._upright]
        if self._sparse:
            return tolerance(cart, -0.25, 0.25) * tolerance(cosine, 0.995, 1).prod(axis=1)
        upright = ((cosine + 1) / 2).mean(axis=1)
        centered = (1 + tolerance(cart, 0, 0, margin=2)) / 2
        effort = tolerance(read["ctrl"][:, 0], 0, 0, margin=1, edge=0, shape="quadratic")
        steady = (1 + tolerance(read["qvel"][:, 1:], 0, 0, margin=5).min(axis=1)) / 2
        return upright * ((4 + effort) / 5) * steady * centered


class Pendulum:
    """Hold a pole within eight degrees of upright."""

    def __init__(self, read: MujocoFields) -> None:
        self._read = read
        pole = 9 * read.index("body", "pole")
        self._axes = [pole + ZZ, pole + XZ]

    def observe(self) -> dict[str, Array]:
        """See `Formula`."""
        return {"orientation": self._read["xmat"][:, self._axes], "velocity": self._read["qvel"]}

    def reward(self) -> Array:
        """See `Formula`."""
        return tolerance(self._read["xmat"][:, self._axes[0]], float(np.cos(np.deg2rad(8))), 1)
