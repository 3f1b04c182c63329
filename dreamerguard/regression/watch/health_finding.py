"""Defines the finding of a health check, and the context that a check gets beside the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dreamerguard.core.finding import Severity
from dreamerguard.logs import RunLog

from .likely_causes import LintNote


@dataclass(frozen=True, slots=True)
class HealthFinding:
    """A problem of a run.

    Attributes:
      name: name in kebab case.
      severity: error if further training is worthless, warning if it is harmed.
      message: the measured fault.
      cause: the most likely cause.
      help: the fix.
    """

    name: str
    severity: Severity
    message: str
    cause: str
    help: str


@dataclass(frozen=True, slots=True)
class Context:
    """The information that the checks get beside the log.

    Attributes:
      lint: lint findings for the configuration of the run.
      struggling: whether the run is too low or learns nothing, so that unusual metrics are reported.
      now: seconds since the epoch.
      memory_gb: memory of the training machine; None if that is another machine.
    """

    lint: Sequence[LintNote] = ()
    struggling: bool = False
    now: float | None = None
    memory_gb: float | None = None


def configured_ratio(log: RunLog) -> float | None:
    """Returns the configured train ratio, in replayed agent steps per agent step; None if unknown."""
    logged = log.series.get("train_ratio_configured")
    return logged.last if logged else log.facts.train_ratio
