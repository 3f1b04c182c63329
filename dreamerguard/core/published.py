"""Published values, scores and budget of a task, to compare a run with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field

from dreamerguard.util.fast_dataclass import dataclass

from .budget import Budget
from .finding import Score
from .source import Origin, Value


@dataclass(frozen=True, slots=True)
class PublishedValue:
    """A published value of a key, in the unit of the training program."""

    value: Value
    origin: Origin
    note: str = ""


@dataclass(frozen=True, slots=True)
class PublishedCurve:
    """Published scores of one task, and the budget of the agent that reached them.

    Attributes:
      frames: environment frames that the curve covers.
      score_at: score of the published seeds at a number of frames; None before the first stored point.
      final: score at the end.
      seeds: published seeds.
      budget: budget of the published agent; its edition may differ from the edition of the run.
      origin: source of the curve.
    """

    frames: float
    score_at: Callable[[float], Score | None]
    final: Score
    seeds: int
    budget: Budget
    origin: Origin


@dataclass(frozen=True, slots=True)
class PublishedRun:
    """The published settings and scores of the task, in the edition of the run."""

    task: str
    suite: str
    edition: str
    budget: Budget
    expected: Mapping[str, PublishedValue]
    #: Other editions: name -> expected values.
    others: Mapping[str, Mapping[str, PublishedValue]] = field(default_factory=dict)
    #: A published benchmark of the same game with a far shorter run: its name and its budget.
    brief: tuple[str, Budget] | None = None
    #: Published time of a run, for people, with its source.
    gpu_time: tuple[str, Origin] | None = None
    #: Loads the published scores, which are large and only needed if there is a finding.
    load_curve: Callable[[], PublishedCurve | None] = lambda: None


@dataclass(frozen=True, slots=True)
class SettingDifference:
    """A setting that differs from the published one.

    Attributes:
      key: key as the training program names it.
      run, published: formatted values of the run and of the publication.
      source, url: the publication that states the value.
    """

    key: str
    run: str
    published: str
    source: str = ""
    url: str = ""
