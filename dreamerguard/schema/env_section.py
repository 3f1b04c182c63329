"""Defines the section of the environment in a run configuration."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from .atari_section import AtariSection
from .section_base import Section, consistent, setting


class EnvSection(Section):
    """Presentation of the task to the agent."""

    action_repeat: int = setting(
        2,
        "Environment frames for which each action is repeated; rewards are added.",
        unit="frames per agent step",
        ge=1,
        le=64,
    )
    observation: Literal["proprio", "vision", "both"] = setting(
        "proprio",
        "Observation of the agent in dmc tasks: the task's vectors (proprio), rendered images (vision) or both. In"
        " Gymnasium and custom environments, proprio is their own observation, which may have images.",
    )
    image_size: int = setting(
        64, "Height and width of images; no effect on vectors.", unit="pixels", ge=48, le=256, multiple_of=16
    )
    camera: int = setting(-1, "Camera to render; -1 takes the task's default camera.", ge=-1)
    cameras: tuple[int, ...] = setting(
        (), "Further cameras to render; each gives an image camera_N. Affects dmc tasks with images.", max_length=16
    )
    backend: Literal["auto", "native", "process", "serial"] = setting(
        "auto",
        "Way to run environments in parallel; the results are the same. native: physics in threads, observations and"
        " rewards for all environments at once, vectors of dmc tasks only; for envpool, all in one pool. process:"
        " worker processes. serial: one after the other. auto: native where it can run the task, process otherwise.",
    )
    workers: int = setting(
        0,
        "Threads (native) or processes that run the environments; 0 chooses by their number, their cost and the cores.",
        unit="threads or processes",
        ge=0,
        le=1024,
    )
    timeout: float = setting(
        0.0,
        "Time after which a worker process that does not answer counts as hanging and is started again; 0 derives it"
        " from the worker's step times, at least 60 s.",
        unit="seconds",
        ge=0,
    )
    make: str | None = setting(
        None,
        "Function that makes your own environment, module:function, or the name of an entry point of the group"
        " dreamerguard.envs; the task is then a name of your choice. Modules are searched among the installed ones and"
        " in the working directory. The function gets env.kwargs.",
    )
    kwargs: dict[str, Any] = setting(
        {},
        "Arguments of gymnasium.make or of the function of env.make, as plain values: env.kwargs.map_name=8x8.",
    )
    time_limit: int = setting(
        0,
        "Frames after which an episode is cut, which is not terminal; 0 for no limit besides the environment's. No"
        " effect on dmc tasks.",
        unit="environment frames",
        ge=0,
    )
    action_range: float = setting(
        1.0,
        "Largest absolute value of an action in a dimension without bounds, in Gymnasium and custom environments.",
        unit="action units",
        gt=0,
    )
    atari: AtariSection = Field(default_factory=AtariSection, description="Protocol of Atari games.")

    @field_validator("kwargs")
    @classmethod
    def _make_lists(cls, value: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = _with_lists(value)
        return made

    @model_validator(mode="after")
    def _check_env(self) -> EnvSection:
        return consistent("env", self)


def _with_lists(value: Any) -> Any:
    """Returns a nested value with lists for tuples, as it is read back from a file."""
    if isinstance(value, list | tuple):
        return [_with_lists(item) for item in value]
    return {key: _with_lists(item) for key, item in value.items()} if isinstance(value, dict) else value
