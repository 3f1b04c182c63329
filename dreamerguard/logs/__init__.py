"""Readers of run logs, with one result type for the logs of every supported training program."""

from .detect import why_no_log
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
    "why_no_log",
]
