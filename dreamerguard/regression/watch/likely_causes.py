"""Lists likely causes of a low score: first differing settings by their cost, then facts from the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dreamerguard.logs import RunLog
from dreamerguard.util.json_text import read_json
from dreamerguard.util.regular_files import read_regular

#: File names of lint reports: first that of the bundled trainer, then that of ``dreamerguard guard``.
LINT_FILES = ("lint.json", "dreamerguard-lint.json")

#: Largest lint report that is read, in bytes.
_MOST = 16 << 20


@dataclass(frozen=True, slots=True)
class LintNote:
    """A lint finding from the ``lint.json`` of a run.

    Attributes:
      code, name, message: rule code, rule name and message.
      severe: whether the finding wastes most of the run.
      rank: 0 for an error, 1 for a warning, 2 for information.
    """

    code: str
    name: str
    message: str
    severe: bool
    rank: int

    def __str__(self) -> str:
        return f"{self.code} {self.name}: {self.message}"


def read_lint(directory: Path) -> list[LintNote]:
    """Reads the lint findings stored beside a run, most severe first; empty without a readable report."""
    data = read_lint_report(directory)
    rows = data.get("findings", [])
    notes = []
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict) and row.get("name"):
            harm = row.get("harm") or {}
            severe = isinstance(harm, dict) and harm.get("level") == "severe"
            rank = {"error": 0, "warning": 1}.get(str(row.get("severity")), 2)
            texts = (str(row.get("code", "")), str(row["name"]), str(row.get("message", "")))
            notes.append(LintNote(*texts, severe=severe, rank=rank))
    return sorted(notes, key=lambda note: (not note.severe, note.rank))


def read_lint_report(directory: Path) -> dict[str, Any]:
    """Reads the lint report that the bundled trainer or the guard stored beside a run; empty if there is no report."""
    for name in LINT_FILES:
        try:
            data = read_json(read_regular(directory / name, _MOST))
        except (OSError, ValueError):
            continue
        if isinstance(data, dict):
            return data
    return {}


def likely_cause(lint: Sequence[LintNote], words: Sequence[str]) -> str:
    """Returns the most severe lint finding with one of the words in its name; empty if there is no such finding."""
    return next((f"lint reported {note}" for note in lint if any(word in note.name for word in words)), "")


def rank_causes(
    log: RunLog,
    lint: Sequence[LintNote],
    published_rate: float | None,
    settings: Sequence[tuple[str, str]] = (),
) -> list[str]:
    """Returns the likely causes of a low run, most likely first.

    Args:
      log: the run.
      lint: findings of its configuration.
      published_rate: gradient updates per 1000 environment frames of the published run; None if unknown.
      settings: settings that differ from the published ones, with the lint code that states their cost or an empty
        text; the costliest first.
    """
    named = {code for _, code in settings}
    notes = [note for note in lint if (note.severe or note.rank < 2) and note.code not in named]
    found = [*(text for text, code in settings if code), *(f"lint reported {note}" for note in notes)]
    found += [text for text, code in settings if not code]
    rate = update_rate(log)
    if rate is not None and published_rate and rate < 0.6 * published_rate:
        found.append(
            f"the run makes {rate:.3g} gradient updates per 1000 frames, {rate / published_rate:.0%} of the published"
            f" {published_rate:.3g}: too few updates are the most common cause of a low score"
            " (https://github.com/danijar/dreamerv3/issues/140)"
        )
    return found


def update_rate(log: RunLog) -> float | None:
    """Returns the gradient updates of batch 16 x 64 per 1000 environment frames; None if the log does not show them."""
    repeat, ratio = log.facts.action_repeat, log.series.get("train_ratio")
    if repeat and ratio is not None and len(ratio):
        return 1000 * ratio.last / (16 * 64 * repeat)
    updates = log.series.get("updates")
    if updates is None or len(updates) < 5:
        return None
    slope = updates.slope(0.5)
    return None if slope is None else 1000 * slope * (log.facts.batch_steps or 1024) / 1024
