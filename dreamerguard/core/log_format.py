"""The log layout of a training program: the facts beside a log, and the places of scores and metrics in it.

Every program describes its logs with a `LogLayout` in ``programs/<program>/log_layout.py``; ``dreamerguard.logs`` reads
all of them with the same code.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

#: No program counts so far.
_TOO_MANY = 2.0**64
#: Scores of training episodes, or of evaluation episodes.
ScoreKind = Literal["train", "eval"]


@dataclass(frozen=True, slots=True)
class StoredSettings:
    """The configuration that a program stored beside its log, by dotted key."""

    values: Mapping[str, Any]

    def number(self, key: str) -> float | None:
        """Returns the value as a finite number, also if it is quoted; None for anything else."""
        value = self.values.get(key)
        if not isinstance(value, (int, float, str)) or isinstance(value, bool):
            return None
        try:
            found = float(value)
        except (ValueError, OverflowError):
            return None
        return found if math.isfinite(found) else None

    def whole(self, key: str) -> int | None:
        """Returns the value as a whole number, without its decimals; None if it is no number or too large."""
        value = self.number(key)
        return None if value is None or abs(value) >= _TOO_MANY else int(value)

    def product(self, *keys: str) -> int | None:
        """Returns the product of two whole numbers; None if one is missing."""
        values = [self.whole(key) for key in keys]
        return None if None in values else (values[0] or 0) * (values[1] or 0)

    def text(self, key: str) -> str | None:
        """Returns the value if it is a text that is not empty; None for anything else."""
        value = self.values.get(key)
        return value if isinstance(value, str) and value else None


@dataclass(frozen=True, slots=True)
class RunFacts:
    """Facts about the run from the stored configuration; None if the configuration does not state them.

    Attributes:
      task, suite, edition, seed: as in `dreamerguard.schema`.
      action_repeat: environment frames per agent step.
      train_ratio: configured replayed agent steps per agent step.
      batch_steps: replayed agent steps per update.
      frames: planned length in environment frames.
      mixes_evaluations: whether the run script gives evaluations the score key of training episodes.
      settings: the stored configuration by dotted key.
    """

    task: str | None = None
    suite: str | None = None
    edition: str | None = None
    seed: int | None = None
    action_repeat: int | None = None
    train_ratio: float | None = None
    batch_steps: int | None = None
    frames: float | None = None
    mixes_evaluations: bool | None = None
    settings: dict[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class LogEvidence:
    """Evidence from the first lines of the files in a directory, to find the program that wrote them.

    Attributes:
      directory: directory of the run.
      scores, metrics: keys in the first lines of ``scores.jsonl`` and ``metrics.jsonl``.
      tags: tags of the first values in TensorBoard event files, without the prefix ``scalars/``.
      csv: names of the values in CSV files of torchrl.
    """

    directory: Path
    scores: frozenset[str]
    metrics: frozenset[str]
    tags: frozenset[str]
    csv: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LogLayout:
    """The log layout of a training program.

    Attributes:
      program: its name in the registry.
      title: name of its logs in messages.
      wrote: returns whether the program wrote a directory.
      x: key of the frames, or of the agent steps, in a JSON line.
      files: JSON lines file -> score key in it -> kind of score.
      copies: JSON lines file -> score key in it -> kind of score, for scores that are written a second time; they count
        while the file in ``files`` has none.
      metrics: files with metrics in their other lines.
      names: (pattern of a key, our name of the metric); the name may use groups of the pattern.
      repeated: meaning of a second score at the same x, see `dreamerguard.logs.series.Scores`.
      event_scores: TensorBoard tag without the prefix ``scalars/`` -> kind of score; they count while ``files`` and
        ``copies`` have none.
      csv_scores: name of a CSV file of torchrl -> kind of score, the best first.
      evaluation_rows: prefix of metrics that only an evaluation logs; scores at the steps of these rows are those of
        evaluations, although they have the key of training episodes.
      configs: files that hold the configuration, the best first, relative to the run.
      facts: reads the facts from the stored configuration.
      counts_steps: whether x counts agent steps, so that the action repeat must be known.
      ratio_from_updates: whether the train ratio is derived from the number of updates.
      ratio_is_total: whether a logged train ratio is the ratio of the whole run so far, and not of the last interval.
      states_suite: whether the stored configuration states suite and edition.
      folder_of_runs: whether a directory with the configuration may hold only the runs of several seeds, and no log.
    """

    program: str
    title: str
    wrote: Callable[[LogEvidence], bool]
    x: str
    files: Mapping[str, Mapping[str, ScoreKind]]
    metrics: tuple[str, ...]
    names: tuple[tuple[str, str], ...]
    configs: tuple[str, ...]
    facts: Callable[[StoredSettings], RunFacts]
    copies: Mapping[str, Mapping[str, ScoreKind]] = field(default_factory=dict)
    repeated: str = "keep"
    event_scores: Mapping[str, ScoreKind] = field(default_factory=dict)
    csv_scores: Mapping[str, ScoreKind] = field(default_factory=dict)
    evaluation_rows: str = ""
    counts_steps: bool = False
    ratio_from_updates: bool = False
    ratio_is_total: bool = False
    states_suite: bool = False
    folder_of_runs: bool = False

    def metric_name(self, key: str) -> str | None:
        """Returns our name of a metric; None if no check needs the metric."""
        for pattern, name in self.names:
            found = re.fullmatch(pattern, key)
            if found:
                return found.expand(name)
        return None
