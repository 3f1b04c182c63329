"""Bodies in space: `dm_control/suite/humanoid.py`, `humanoid_CMU.py` and `quadruped.py`."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from ...protocol import Array
from ..mujoco_fields import ZX, ZY, ZZ, MujocoFields
from .common import INFINITY, at_least, control_cost, into_frame, length, tolerance


@dataclass(frozen=True, slots=True)
class Anatomy:
    """Names of the parts of one humanoid.

    Attributes:
      torso: body that carries the frame of reference.
      up: column of the torso's rotation matrix that is 1 when it is upright.
      limbs: hands and feet in the order in which they are observed.
    """

    torso: str
    up: int
    limbs: tuple[str, ...]


SIMPLE = Anatomy("torso", ZZ, ("left_hand", "left_foot", "right_hand", "right_foot"))
CMU = Anatomy("thorax", ZY, ("lhand", "lfoot", "rhand", "rfoot"))


class Humanoid:
    """Stand still, or move at `speed` metres per second, with little control."""

    def __init__(self, anatomy: Anatomy, read: MujocoFields, speed: float) -> None:
        self._read, self._speed = read, speed
        self._torso = read.index("body", anatomy.torso)
        self._up = 9 * self._torso + anatomy.up
        self._head = 3 * read.index("body", "head") + 2
        self._limbs = [read.index("body", name) for name in anatomy.limbs]
        self._motion = read.sensor(f"{anatomy.torso}_subtreelinvel")

    def observe(self) -> dict[str, Array]:
        """See `Formula`."""
        read, row = self._read, 9 * self._torso
        frame = read["xmat"][:, row : row + 9]
        points = read["xpos"].reshape(len(frame), -1, 3)
        limbs = into_frame(points[:, self._limbs] - points[:, self._torso, None], frame)
        return {
            "joint_angles": read["qpos"][:, 7:],  # the seven before place the torso in the world
            "head_height": read["xpos"][:, self._head],
            "extremities": limbs.reshape(len(frame), -1),
            "torso_vertical": frame[:, [ZX, ZY, ZZ]],
            "com_velocity": read["sensordata"][:, self._motion],
            "velocity": read["qvel"],
        }

    def reward(self) -> Array:
        """See `Formula`."""
        read = self._read
        standing = tolerance(read["xpos"][:, self._head], 1.4, INFINITY, margin=0.35)
        upright = at_least(read["xmat"][:, self._up], 0.9, 1.9, 0)
        stand = control_cost(read["ctrl"]) * (standing * upright)
        drift = read["sensordata"][:, self._motion][:, :2]
        if self._speed == 0:
            return stand * tolerance(drift, 0, 0, margin=2).mean(axis=1)
        return stand * ((5 * at_least(length(drift), self._speed, self._speed, 0) + 1) / 6)


class HumanoidState(Humanoid):
    """Humanoid tasks, observed as the plain state."""

    def observe(self) -> dict[str, Array]:
        """See `Formula`."""
        return {"position": self._read["qpos"], "velocity": self._read["qvel"]}


class Quadruped:
    """Move at `speed` metres per second, upright."""

    def __init__(self, read: MujocoFields, speed: float) -> None:
        self._read, self._speed, model = read, speed, read.model
        self._up = 9 * read.index("body", "torso") + ZZ
        hinges = model.jnt_type == mujoco.mjtJoint.mjJNT_HINGE
        self._angles, self._rates = model.jnt_qposadr[hinges], model.jnt_dofadr[hinges]
        self._motion = read.sensor("velocimeter")
        kinds = mujoco.mjtSensor
        self._imu = _sensors(read, kinds.mjSENS_GYRO, kinds.mjSENS_ACCELEROMETER)
        self._toes = _sensors(read, kinds.mjSENS_FORCE, kinds.mjSENS_TORQUE)

    def observe(self) -> dict[str, Array]:
        """See `Formula`."""
        read = self._read
        sensors = read["sensordata"]
        return {
            "egocentric_state": np.hstack([read["qpos"][:, self._angles], read["qvel"][:, self._rates], read["act"]]),
            "torso_velocity": sensors[:, self._motion],
            "torso_upright": read["xmat"][:, self._up],
            "imu": sensors[:, self._imu],
            "force_torque": np.arcsinh(sensors[:, self._toes]),
        }

    def reward(self) -> Array:
        """See `Formula`."""
        move = at_least(self._read["sensordata"][:, self._motion.start], self._speed, self._speed, 0.5)
        return at_least(self._read["xmat"][:, self._up], 1, 2, 0) * move


def _sensors(read: MujocoFields, *kinds: int) -> Array:
    """Returns the positions in ``sensordata`` of sensors of these kinds, in order of their numbers."""
    model = read.model
    numbers = np.flatnonzero(np.isin(model.sensor_type, [int(kind) for kind in kinds]))
    starts, sizes = model.sensor_adr[numbers], model.sensor_dim[numbers]
    return np.concatenate([np.arange(start, start + size) for start, size in zip(starts, sizes, strict=True)])
