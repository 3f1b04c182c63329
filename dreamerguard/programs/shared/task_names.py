"""Task names as danijar/dreamerv3 and its descendants spell them: ``dmc_walker_walk``."""

from __future__ import annotations

#: Domains of dm_control's suite, as these programs spell them; ``*`` is any, ``manip`` and ``cup`` are danijar's.
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
    """Whether a task of a published suite exists there; forks add their own under the same prefix."""
    suite, _, rest = task.partition("_")
    return suite != "dmc" or rest.split("_")[0].lower() in _DOMAINS


def suite_of(task: str) -> str:
    """First part of a task's name, which chooses the environment."""
    return task.split("_", 1)[0]
