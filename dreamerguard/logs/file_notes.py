"""Notes in the log of a run what happened to one of its files and what was left out of it."""

from __future__ import annotations

from collections.abc import Mapping

from .parts import PART, READ
from .run_log import LogProblem, RunLog
from .tail import LONGEST, Event, Tail

#: Bytes after which a file without a single readable row is given up.
HOPELESS = 64 << 20

_EVENTS: dict[Event, str] = {
    "cut back": "{name} was truncated; it is read again from its start",
    "replaced file": "{name} was replaced; earlier scores are kept until the new file repeats their steps",
    "removed": "{name} was removed; its scores and metrics are kept",
    "unreadable": "{name} cannot be read: {reason}",
}
_COUNTS = {
    "unreadable line": "lines without valid JSON or possible frames are skipped",
    "long line": f"lines of more than {LONGEST >> 20} MiB are skipped: no program writes such a row",
    "given up": f"the first {HOPELESS >> 20} MiB hold no readable row, so the rest is not read",
    "non-finite score": "scores that are NaN, infinite, null or too large do not count in the verdict",
    "stray step": "rows with a step far from the rows before and after them do not count",
    "repeated step": "some steps were logged more than once: the last score of a step counts",
    "sampled": f"more than {READ >> 20} MiB were new: the end and evenly spaced parts of {PART >> 10} KiB are read",
}


def note_event(log: RunLog, tail: Tail, event: Event) -> None:
    """Notes an event of a file, and how often it happened."""
    name = tail.path.name
    old = next((item.count for item in log.problems if (item.kind, item.file) == (event, name)), 0)
    log.note(LogProblem(event, name, _EVENTS[event].format(name=name, reason=tail.reason), old + 1))


def note_counts(log: RunLog, tail: Tail, counts: Mapping[str, int]) -> None:
    """Notes how many lines, scores or steps of a file do not count, by the kind of the problem, and its parts."""
    for kind, count in {**counts, "long line": tail.long_lines, "sampled": tail.parts}.items():
        if count:
            log.note(LogProblem(kind, tail.path.name, _COUNTS[kind], count))


def note_unfinished_line(log: RunLog, tail: Tail, *, reads: bool) -> None:
    """Notes that the last line of a file that is read is unfinished, or drops an earlier note."""
    name = tail.path.name
    log.problems = [item for item in log.problems if (item.kind, item.file) != ("truncated line", name)]
    if reads and tail.size > tail.offset and tail.rest().strip():
        text = "the last line is unfinished; it counts as soon as it is complete"
        log.note(LogProblem("truncated line", name, text))
