"""Reads the fields of several MuJoCo simulations as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mujoco
import numpy as np

from ..protocol import Array

#: Columns of a flattened rotation matrix: row, then column of the frame.
XX, XZ, ZX, ZY, ZZ = 0, 2, 6, 7, 8


class MujocoFields:
    """Reads fields of E equally built simulations as arrays [E, n], float64.

    A field is read at most once between two calls of `renew`; later reads return the same array.

    Args:
      simulations: dm_control's `Physics`, one per environment.
    """

    def __init__(self, simulations: Sequence[Any]) -> None:
        self._simulations = simulations
        self._model = simulations[0].model.ptr
        self._views: dict[str, list[Array]] = {}
        self._fresh: dict[str, Array] = {}

    def renew(self) -> None:
        """Discards the fields read so far. Call after the simulations have changed."""
        self._fresh = {}

    def __getitem__(self, name: str) -> Array:
        """Returns a copy of field `name` of the data, or of the model for ``model.name``, [E, n]."""
        found = self._fresh.get(name)
        if found is None:
            views = self._views.get(name)
            if views is None:
                views = self._views[name] = [_view(simulation, name) for simulation in self._simulations]
            found = self._fresh[name] = np.concatenate(views).reshape(len(views), -1)
        return found

    def vector(self, name: str, kind: str, element: str) -> Array:
        """Returns the three numbers of one element, [E, 3], for example ``xpos`` of the ``body`` named ``torso``."""
        start = 3 * self.index(kind, element)
        return self[name][:, start : start + 3]

    def sensor(self, name: str) -> slice:
        """Returns the slice of ``sensordata`` that a sensor writes."""
        number = self.index("sensor", name)
        start = int(self._model.sensor_adr[number])
        return slice(start, start + int(self._model.sensor_dim[number]))

    def index(self, kind: str, name: str) -> int:
        """Returns the number of a named ``body``, ``geom``, ``site``, ``joint`` or ``sensor``.

        Raises:
          KeyError: the model has no element with this name.
        """
        found = mujoco.mj_name2id(self._model, getattr(mujoco.mjtObj, f"mjOBJ_{kind.upper()}"), name)
        if found < 0:
            raise KeyError(f"the model has no {kind} `{name}`")
        return int(found)

    @property
    def model(self) -> Any:
        """The first simulation's model. Names and sizes are equal in all; other fields may differ."""
        return self._model


def _view(simulation: Any, name: str) -> Array:
    owner, field = (simulation.model.ptr, name[6:]) if name.startswith("model.") else (simulation.data.ptr, name)
    view: Array = getattr(owner, field).reshape(-1)
    if view.base is None:
        raise TypeError(f"field `{name}` is not a view of the simulation, so later reads would miss changes")
    return view
