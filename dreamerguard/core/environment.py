"""Results of the environment probe (``lint --probe``). Rules read them and never start an environment themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from dreamerguard.util.fast_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Space:
    """The declared space of one observation or action key.

    Attributes:
      shape: of its arrays.
      kind: float, integer, boolean, text or other.
      classes: number of values of a discrete space; None for other spaces.
      low, high: outermost bounds; None without bounds.
    """

    shape: tuple[int, ...] = ()
    kind: str = "float"
    classes: int | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """The values of one observation key in two random episodes.

    Attributes:
      shape, kind: of the arrays that the environment returned, see `Space`.
      finite: whether all numbers were finite.
      constant: whether the observation never changed.
      blank: whether it is an image that began in one colour.
      varying: whether its shape changed.
    """

    shape: tuple[int, ...] = ()
    kind: str = "float"
    finite: bool = True
    constant: bool = False
    blank: bool = False
    varying: bool = False


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode of random actions: agent steps, sum of rewards, largest reward in size, and how it ended.

    ``cut`` means that the time limit of the probe stopped the episode, so its end is unknown. ``not_finite`` counts the
    rewards that are NaN or infinite; they are in no sum.
    """

    length: int
    total: float
    largest: float
    last: bool = True
    terminal: bool = False
    cut: bool = False
    not_finite: int = 0


@dataclass(frozen=True, slots=True)
class Probe:
    """The environment that the probe made and played, or the reason why it could not.

    Attributes:
      error: error while making or playing the environment; empty without one.
      lacking: whether the only cause is that a module, or a function for the task, is not available.
      interface: embodied, gym or dmenv.
      spaces, actions: declared spaces of observations and of actions.
      observations: observations that the environment returned.
      episodes: two episodes of random actions.
      frame: whether a picture could be rendered; ``frame_error`` is the error if rendering was tried and failed.
      mujoco: whether the environment loaded MuJoCo.
      renderer: value of ``MUJOCO_GL`` in the probe; empty if it is not set.
    """

    error: str = ""
    lacking: bool = False
    interface: str = ""
    spaces: Mapping[str, Space] = field(default_factory=dict)
    actions: Mapping[str, Space] = field(default_factory=dict)
    observations: Mapping[str, Observed] = field(default_factory=dict)
    episodes: tuple[Episode, ...] = ()
    frame: bool = False
    frame_error: str = ""
    mujoco: bool = False
    renderer: str = ""

    @property
    def text(self) -> str:
        """What the probe did, for the last line of a report."""
        if self.error:
            return "probe: nothing was played, because the environment could not be made or failed"
        count = len(self.episodes)
        episodes = f"{count} random episode{'' if count == 1 else 's'}"
        return f"probe: {episodes} played, {'a' if self.frame else 'no'} frame rendered"


def read_probe(answer: Mapping[str, Any]) -> Probe:
    """Builds the probe result from the answer of ``lint/environment_probe/script.py``."""
    mujoco, renderer = bool(answer.get("mujoco")), str(answer.get("renderer", ""))
    if answer["error"]:
        return Probe(error=answer["error"], lacking=bool(answer.get("lacking")), mujoco=mujoco, renderer=renderer)
    return Probe(
        interface=answer["interface"],
        spaces={name: _space(item) for name, item in answer["spaces"].items()},
        actions={name: _space(item) for name, item in answer["actions"].items()},
        observations={
            name: Observed(**{**item, "shape": tuple(item["shape"])}) for name, item in answer["observations"].items()
        },
        episodes=tuple(Episode(**item) for item in answer["episodes"]),
        frame=answer["frame"],
        frame_error=answer["frame_error"],
        mujoco=mujoco,
        renderer=renderer,
    )


def _space(item: Mapping[str, Any]) -> Space:
    low, high = (None if item[name] is None else float(item[name]) for name in ("low", "high"))
    return Space(tuple(item["shape"]), item["kind"], item["classes"], low, high)
