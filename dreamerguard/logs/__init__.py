"""Readers of run logs: one shape for the native trainer, danijar/dreamerv3, dreamerv3-torch, r2dreamer and sheeprl."""

from .follow import Follower, LogError, read_run
from .run_log import LogProblem, NonFinite, RunLog
from .series import Scores, Series

__all__ = [
    "Follower",
    "LogError",
    "LogProblem",
    "NonFinite",
    "RunLog",
    "Scores",
    "Series",
    "read_run",
]
