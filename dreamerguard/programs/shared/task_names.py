"""Task names as danijar/dreamerv3 and its descendants spell them: ``dmc_walker_walk``."""

from __future__ import annotations

from collections.abc import Sequence

from dreamerguard.core.setting import Preset

from .python_call import is_open

#: Domains of dm_control's suite, as these programs spell them: ``*`` is any, ``manip`` and ``cup`` are danijar's names.
_DOMAINS = frozenset(
    [
        "*",
        "acrobot",
        "ball",
        "cartpole",
        "cheetah",
        "cup",
        "dog",
        "finger",
        "fish",
        "hopper",
        "humanoid",
        "lqr",
        "manip",
        "manipulator",
        "pendulum",
        "point",
        "pointmass",
        "quadruped",
        "reacher",
        "rodent",
        "stacker",
        "swimmer",
        "walker",
    ]
)


def is_known_task(task: str) -> bool:
    """Returns whether a published suite has the task, for dmc by its domain; forks add tasks under the same prefix."""
    suite, _, rest = task.partition("_")
    return suite != "dmc" or rest.split("_")[0].lower() in _DOMAINS


def judged_task(task: str, presets: Sequence[Preset]) -> str:
    """Returns the task, or all tasks of its suite (``dmc_*``) if only the shell knows it: presets are for suites."""
    suite = next((preset.suite for preset in reversed(presets) if preset.suite), "")
    if not suite or not is_open(task):
        return task
    return f"{suite}_*" if is_open(suite_of(task)) else f"{suite_of(task)}_*"


def suite_of(task: str) -> str:
    """Returns the first part of a task's name, which selects the environment."""
    return task.split("_", 1)[0]
