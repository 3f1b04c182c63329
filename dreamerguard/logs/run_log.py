"""The result type of all log readers."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from dreamerguard.core.log_format import LogLayout, RunFacts, ScoreKind

from .series import Scores, Series

#: Where scores stand, the best first: in the file for them, a second time in another one, in TensorBoard events.
FILES, COPIES, EVENTS = 0, 1, 2


_LOSSES = frozenset(
    {"unreadable line", "non-finite score", "stray step", "unreadable step", "unreadable", "long line", "given up"}
    | {"broken record", "damaged record", "truncated line"}
)


@dataclass(frozen=True, slots=True)
class LogProblem:
    """A problem in a log that the reader handled and the user must know.

    Attributes:
      kind: ``truncated line``, ``unreadable line``, ``resumed``, ``repeated step``, ``non-finite score``,
        ``stray step``, ``unreadable step``, ``removed``, ``cut back``, ``replaced file``, ``unreadable``,
        ``broken record``, ``damaged record``, ``long line``, ``given up``, ``sampled``, ``no config``,
        ``mixed episodes``.
      file: name of the file.
      text: the problem and how it was handled, for people.
      count: number of occurrences.
    """

    kind: str
    file: str
    text: str
    count: int = 1

    @property
    def loses_rows(self) -> bool:
        """Whether rows, records or files are left out because of it."""
        return self.kind in _LOSSES

    def __str__(self) -> str:
        return f"{self.file}: {self.text} ({self.count:,})"


@dataclass(slots=True)
class NonFinite:
    """Rows in which a loss or gradient norm was NaN or infinite while updates were running: count, first and last x."""

    count: int = 0
    first: float = 0.0
    last: float = 0.0


@dataclass(slots=True)
class RunLog:
    """The log of one run, independent of the program that wrote it.

    Attributes:
      directory: directory of the run.
      layout: log layout of the program that wrote it.
      facts: facts from the configuration beside the log.
      train, evals: scores of training episodes and of evaluations; x is environment frames.
      places: kind of score -> `FILES`, `COPIES` or `EVENTS`, where its scores come from; the best place counts.
      evaluation_steps: steps of evaluations among training episodes, see `LogLayout.evaluation_rows`.
      separate_evaluations: whether the log has evaluations under a key of their own.
      json_metrics: whether metrics stand in JSON lines, so that those in TensorBoard events are not needed.
      bad_scores: number of training scores in JSON lines since the last finite one that were NaN or infinite.
      series: metric -> values over frames. Names: ``updates``, ``train_ratio``, ``train_ratio_configured``,
        ``fps_frames``, ``fps_updates``, ``seconds``, ``memory_gb``, ``grad_norm/...``, ``loss/...``, ``entropy/...``,
        ``randomness/...``, ``latent_entropy/...``.
      nonfinite: loss or gradient norm -> rows in which it was not finite.
      metrics_frames: environment frames of the newest row of metrics.
      modified: modification time of the newest file, seconds since the epoch; None before there is a file.
      problems: problems that were handled, at most one per kind and file.
    """

    directory: Path
    layout: LogLayout
    facts: RunFacts = field(default_factory=RunFacts)
    train: Scores = field(default_factory=Scores)
    evals: Scores = field(default_factory=Scores)
    places: dict[ScoreKind, int] = field(default_factory=dict)
    evaluation_steps: set[float] = field(default_factory=set)
    separate_evaluations: bool = False
    json_metrics: bool = False
    bad_scores: int = 0
    series: dict[str, Series] = field(default_factory=dict)
    nonfinite: dict[str, NonFinite] = field(default_factory=dict)
    metrics_frames: float = 0.0
    modified: float | None = None
    problems: list[LogProblem] = field(default_factory=list)

    @property
    def program(self) -> str:
        """Name of the program that wrote the log."""
        return self.layout.program

    @property
    def frames(self) -> float:
        """Environment frames reached."""
        ends = [scores.frames[-1] for scores in (self.train, self.evals) if len(scores)]
        return max([self.metrics_frames, *ends])

    @property
    def scores(self) -> tuple[Scores, ScoreKind]:
        """Training scores with their kind, or evaluation scores if there are no training scores."""
        return (self.train, "train") if len(self.train) or not len(self.evals) else (self.evals, "eval")

    @property
    def needs_events(self) -> bool:
        """Whether TensorBoard events count: not while scores and metrics stand in JSON lines."""
        train = len(self.train) and self.places.get("train", EVENTS) < EVENTS
        evals = len(self.evals) and self.places.get("eval", EVENTS) < EVENTS
        return not self.json_metrics or not (train or evals)

    def scores_for(self, kind: ScoreKind, place: int) -> Scores | None:
        """Returns where scores from a place go; None if scores from a better place count.

        Scores from a worse place are dropped.
        """
        scores = self.train if kind == "train" else self.evals
        known = self.places.get(kind, place)
        if len(scores) and known < place:
            return None
        if known > place:
            scores.clear()
        self.places[kind] = place
        return scores

    def note(self, problem: LogProblem) -> None:
        """Adds a problem and replaces an earlier one of the same kind and file."""
        self.problems = [old for old in self.problems if (old.kind, old.file) != (problem.kind, problem.file)]
        self.problems.append(problem)

    def metric(self, name: str, x: float, y: float) -> None:
        """Adds one value of a metric, unless it is not finite."""
        if math.isfinite(y):
            series = self.series.get(name)
            if series is None:
                series = self.series[name] = Series()
            series.add(x, y)
