"""What a run's environment is like, as ``lint --probe`` found by playing it. Rules read this; they play nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from dreamerguard.util.fast_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Space:
    """What an environment declares of a key.

    Attributes:
      shape: of its arrays.
      kind: float, integer, boolean or other.
      classes: how many values a discrete one has.
      low, high: outermost bounds; none without bounds.
    """

    shape: tuple[int, ...] = ()
    kind: str = "float"
    classes: int | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """What an observation was in two random episodes.

    Attributes:
      shape, kind: of the arrays that came, see `Space`.
      finite: whether all numbers were.
      constant: whether it never changed.
      blank: whether it is an image that began in one colour.
    """

    shape: tuple[int, ...] = ()
    kind: str = "float"
    finite: bool = True
    constant: bool = False
    blank: bool = False


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode of random actions: agent steps, sum of rewards, largest reward in size, and how it ended.

    ``cut`` means that the time was up before anything is known of its end.
    """

    length: int
    total: float
    largest: float
    last: bool = True
    terminal: bool = False
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Probe:
    """An environment, or why there is none.

    Attributes:
      error: what making or playing it failed with; empty when it went well.
      lacking: whether only something to make it with is not there: a module, or a function for the task.
      interface: embodied, gym or dmenv.
      spaces: what it declares of observations, actions: of actions.
      observations: what came.
      episodes: two of random actions.
      frame: whether a picture could be made; ``frame_error`` says why not, where it was tried.
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


def read_probe(answer: Mapping[str, Any]) -> Probe:
    """From what ``lint/environment_probe/script.py`` answers."""
    if answer["error"]:
        return Probe(error=answer["error"], lacking=bool(answer.get("lacking")))
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
    )


def _space(item: Mapping[str, Any]) -> Space:
    low, high = (None if item[name] is None else float(item[name]) for name in ("low", "high"))
    return Space(tuple(item["shape"]), item["kind"], item["classes"], low, high)
