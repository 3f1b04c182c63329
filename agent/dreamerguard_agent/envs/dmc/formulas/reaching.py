"""Targets: `ball_in_cup`, `finger`, `fish`, `point_mass`, `reacher` and `swimmer` in `dm_control/suite`."""

from __future__ import annotations

import numpy as np

from ...protocol import Array
from ..mujoco_fields import ZZ, MujocoFields
from .common import control_cost, into_frame, length, tolerance


def _size(read: MujocoFields, geom: str) -> float:
    """First size of a geometry. A task may set it when an episode starts, but to the same in every environment."""
    return float(read["model.geom_size"][0, 3 * read.index("geom", geom)])


def _gap(read: MujocoFields, target: str, part: str) -> Array:
    """From the centre of one geometry to another's, [E, 3]."""
    return read.vector("geom_xpos", "geom", target) - read.vector("geom_xpos", "geom", part)


class BallInCup:
    """Catch the ball: paid while it is within the cup."""

    def __init__(self, read: MujocoFields) -> None:
        self._read = read
        room = read.model.site_size[read.index("site", "target"), [0, 2]]
        self._room = room - read.model.geom_size[read.index("geom", "ball"), 0]

    def observe(self) -> dict[str, Array]:
        """See `Formula`."""
        return {"position": self._read["qpos"], "velocity": self._read["qvel"]}

    def reward(self) -> Array:
        """See `Formula`."""
        gap = self._read.vector("site_xpos", "site", "target") - self._read.vector("xpos", "body", "ball")
        return (np.abs(gap[:, [0, 2]]) < self._room).all(axis=1).astype(np.float64)


class FingerSpin:
    """Spin a body on its hinge, at fifteen radians per second or more."""

    def __init__(self, read: MujocoFields) -> None:
        self._read = read
        self._joints = [read.sensor(name).start for name in ("proximal", "distal")]
        self._rates = [read.sensor(f"{name}_velocity").start for name in ("proximal", "distal", "hinge")]
        self._touch = [read.sensor(name).start for name in ("touchtop", "touchbottom")]
        self._places = {name: read.sensor(name).start for name in ("tip", "spinner", "target")}

    def observe(self) -> dict[str, Array]:
        """See `Formula`."""
        sensors = self._read["sensordata"]
        return {
            "position": np.hstack([sensors[:, self._joints], self._from_hinge("tip")]),
            "velocity": sensors[:, self._rates],
            "touch": np.log1p(sensors[:, self._touch]),
        }

    def reward(self) -> Array:
        """See `Formula`."""
        return (self._read["sensordata"][:, self._rates[2]] <= -15).astype(np.float64)

    def _from_hinge(self, place: str) -> Array:
        """Returns the position relative to the hinge, x and z, [E, 2]."""
        sensors, start, hinge = self._read["sensordata"], self._places[place], self._places["spinner"]
        return sensors[:, [start, start + 2]] - sensors[:, [hinge, hinge + 2]]


class FingerTurn(FingerSpin):
    """Turn a body until its tip is in the target."""

    def observe(self) -> dict[str, Array]:
        """See `Formula`."""
        target = {"target_position": self._from_hinge("target"), "dist_to_target": self._distance()}
        return super().observe() | target

    def reward(self) -> Array:
        """See `Formula`."""
        return (self._distance() <= 0).astype(np.float64)

    def _distance(self) -> Array:
        radius = self._read["model.site_size"][:, 3 * self._read.index("site", "target")]
        return length(self._from_hinge("target") - self._from_hinge("tip")) - radius


class FishUpright:
    """Keep the torso upright in water."""

    def __init__(self, read: MujocoFields) -> None:
        self._read = read
        self._up = 9 * read.index("body", "torso") + ZZ
        joints = ("tail1", "tail_twist", "tail2", "finright_roll", "finright_pitch", "finleft_roll", "finleft_pitch")
        self._joints = read.model.jnt_qposadr[[read.index("joint", name) for name in joints]]

    def observe(self) -> dict[str, Array]:
        """See `Formula`."""
        angles = self._read["qpos"][:, self._joints]
        return {"joint_angles": angles, "upright": self._upright(), "velocity": self._read["qvel"]}

    def reward(self) -> Array:
        """See `Formula`."""
        return tolerance(self._upright(), 1, 1, margin=1)

    def _upright(self) -> Array:
        return self._read["xmat"][:, self._up]


class FishSwim(FishUpright):
    """Bring the mouth to a target."""

    def observe(self) -> dict[str, Array]:
        """See `Formula`."""
        basic = super().observe()
        velocity = basic.pop("velocity")
        return basic | {"target": self._to_target(), "velocity": velocity}

    def reward(self) -> Array:
        """See `Formula`."""
        reach = _size(self._read, "mouth") + _size(self._read, "target")
        there = tolerance(length(self._to_target()), 0, reach, margin=2 * reach)
        return (7 * there + 0.5 * (self._upright() + 1)) / 8

    def _to_target(self) -> Array:
        start = 9 * self._read.index("geom", "mouth")
        return into_frame(_gap(self._read, "target", "mouth"), self._read["geom_xmat"][:, start : start + 9])


class PointMass:
    """Bring a mass to the middle, with little control."""

    def __init__(self, read: MujocoFields) -> None:
        self._read = read

    def observe(self) -> dict[str, Array]:
        """See `Formula`."""
        return {"position": self._read["qpos"], "velocity": self._read["qvel"]}

    def reward(self) -> Array:
        """See `Formula`."""
        radius = _size(self._read, "target")
        near = tolerance(length(_gap(self._read, "target", "pointmass")), 0, radius, margin=radius)
        return near * control_cost(self._read["ctrl"])


class Reacher:
    """Touch a target with the tip of a two-link arm."""

    def __init__(self, read: MujocoFields) -> None:
        self._read = read

    def observe(self) -> dict[str, Array]:
        """See `Formula`."""
        return {"position": self._read["qpos"], "to_target": self._to_target(), "velocity": self._read["qvel"]}

    def reward(self) -> Array:
        """See `Formula`."""
        return tolerance(length(self._to_target()), 0, _size(self._read, "target") + _size(self._read, "finger"))

    def _to_target(self) -> Array:
        return _gap(self._read, "target", "finger")[:, :2]


class Swimmer:
    """Bring the nose of a chain of links to a target."""

    def __init__(self, read: MujocoFields) -> None:
        self._read = read
        links = np.arange(12, read.model.nsensordata, 6)  # the first twelve readings are the head's position and axes
        self._motion = (links[:, None] + [0, 1, 5]).ravel()  # velocity in the plane, and about its normal

    def observe(self) -> dict[str, Array]:
        """See `Formula`."""
        read = self._read
        motion = read["sensordata"][:, self._motion]
        return {"joints": read["qpos"][:, 3:], "to_target": self._to_target(), "body_velocities": motion}

    def reward(self) -> Array:
        """See `Formula`."""
        radius = _size(self._read, "target")
        return tolerance(length(self._to_target()), 0, radius, margin=5 * radius, shape="long_tail")

    def _to_target(self) -> Array:
        start = 9 * self._read.index("body", "head")
        return into_frame(_gap(self._read, "target", "nose"), self._read["xmat"][:, start : start + 9])[:, :2]
