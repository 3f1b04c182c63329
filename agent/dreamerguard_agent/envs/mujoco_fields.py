"""The numbers of several simulations side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mujoco
import numpy as np

from .protocol import Array

#: Columns of a flattened rotation matrix: row, then column of the frame.
XX, XZ, ZX, ZY, ZZ = 0, 2, 6, 7, 8


class MujocoFields:
    """Reads fields of E equally built simulations as arrays [E, n], float64.

    A field is read at most once between two calls of `renew`: later readings return the same array.

    Args:
      simulations: dm_control's `Physics`, one per environment.
    """

    def __init__(self, simulations: Sequence[Any]) -> None:
        self._simulations = simulations
        self._model = simulations[0].model.ptr
        self._views: dict[str, list[Array]] = {}
        self._fresh: dict[str, Array] = {}

    def renew(self) -> None:
        """Forgets what was read, because the simulations moved on."""
        self._fresh = {}

    def __getitem__(self, name: str) -> Array:
        """Field `name` of the data, or of the model for ``model.name``, [E, n]; a copy."""
        found = self._fresh.get(name)
        if found is None:
            views = self._views.get(name)
            if views is None:
                views = self._views[name] = [_view(simulation, name) for simulation in self._simulations]
            found = self._fresh[name] = np.concatenate(views).reshape(len(views), -1)
        return found

    def vector(self, name: str, kind: str, element: str) -> Array:
        """The three numbers of one element, [E, 3], such as the ``xpos`` of the ``body`` named ``torso``."""
        start = 3 * self.index(kind, element)
        return self[name][:, start : start + 3]

    def sensor(self, name: str) -> slice:
        """Where in ``sensordata`` a sensor writes."""
        number = self.index("sensor", name)
        start = int(self._model.sensor_adr[number])
        return slice(start, start + int(self._model.sensor_dim[number]))

    def index(self, kind: str, name: str) -> int:
        """Number of a named ``body``, ``geom``, ``site``, ``joint`` or ``sensor``.

        Raises:
          KeyError: the model has none of that name.
        """
        found = mujoco.mj_name2id(self._model, getattr(mujoco.mjtObj, f"mjOBJ_{kind.upper()}"), name)
        if found < 0:
            raise KeyError(f"the model has no {kind} `{name}`")
        return int(found)

    @property
    def model(self) -> Any:
        """The first simulation's model. Names and sizes are equal in all; a task may change other fields for each."""
        return self._model


def _view(simulation: Any, name: str) -> Array:
    owner, field = (simulation.model.ptr, name[6:]) if name.startswith("model.") else (simulation.data.ptr, name)
    view: Array = getattr(owner, field).reshape(-1)
    if view.base is None:
        raise TypeError(f"`{name}` is no view of the simulation, so later changes would be missed")
    return view
