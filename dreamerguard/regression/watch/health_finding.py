"""What a check of a run's health says, and what it knows beside the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dreamerguard.core.model import Severity
from dreamerguard.logs import RunLog

from .likely_causes import LintNote


@dataclass(frozen=True, slots=True)
class HealthFinding:
    """Something wrong with a run.

    Attributes:
      name: kebab case.
      severity: error: what is trained now is worth nothing; warning: it is harmed.
      message: what was measured.
      cause: what most likely caused it.
      help: what to do.
    """

    name: str
    severity: Severity
    message: str
    cause: str
    help: str


@dataclass(frozen=True, slots=True)
class Context:
    """What the checks know beside the log.

    Attributes:
      lint: findings of the configuration of the same run.
      struggling: the run is too low, or learns nothing, so that unusual metrics are worth a word.
      now: seconds since the epoch.
      memory_gb: memory of the machine that trains; None if it is another one.
    """

    lint: Sequence[LintNote] = ()
    struggling: bool = False
    now: float | None = None
    memory_gb: float | None = None


def configured_ratio(log: RunLog) -> float | None:
    """Replayed agent steps per agent step that the run was asked for; None where nothing tells."""
    logged = log.series.get("train_ratio_configured")
    return logged.last if logged else log.facts.train_ratio
