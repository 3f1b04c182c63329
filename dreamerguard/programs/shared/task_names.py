"""Task names as danijar/dreamerv3 and its descendants spell them: ``dmc_walker_walk``."""

from __future__ import annotations

from collections.abc import Sequence

from dreamerguard.core.run import Preset

from .python_call import is_open

#: Domains of dm_control's suite, as these programs spell them, with ``manip`` and ``cup`` of danijar/dreamerv3.
_DOMAINS = frozenset(
    [
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
    """The task, or one without a name of the last preset's suite where only the shell knows the suite."""
    suite = next((preset.suite for preset in reversed(presets) if preset.suite), "")
    return f"{suite}_{task}" if suite and is_open(suite_of(task)) else task


def suite_of(task: str) -> str:
    """Returns the first part of a task's name, which selects the environment."""
    return task.split("_", 1)[0]
