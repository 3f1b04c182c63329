"""Writes the state of the watched runs as a Prometheus text file, for the textfile collector of node_exporter."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dreamerguard.core.finding import Severity
from dreamerguard.util.replace_file import replace_file

from .prometheus import head, labels, number

if TYPE_CHECKING:
    from dreamerguard.regression.watch.watcher import Status

_WAITING, _NO_REFERENCE, _NO_SCORES = "WAITING", "NO REFERENCE", "NO SCORES"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: its name without the prefix ``dreamerguard_``, its meaning with the unit, its value for a run."""

    name: str
    help: str
    value: Callable[[Status], float | None]


def _series(name: str) -> Callable[[Status], float | None]:
    def value(status: Status) -> float | None:
        found = status.log.series.get(name) if status.log is not None else None
        return found.last if found is not None and len(found) else None

    return value


def _frames_per_second(status: Status) -> float | None:
    frames = _series("fps_frames")(status)
    if frames is not None or status.log is None:
        return frames
    steps, repeat = _series("fps_steps")(status), status.log.facts.action_repeat
    return None if steps is None or repeat is None else steps * repeat


def _score(status: Status) -> float | None:
    last = status.verdict.last if status.verdict else None
    return last.score if last is not None else None


def _reference_score(status: Status) -> float | None:
    last = status.verdict.last if status.verdict else None
    return last.median if last is not None else None


def _findings(severity: Severity) -> Callable[[Status], float | None]:
    return lambda status: sum(finding.severity is severity for finding in status.health)


METRICS = (
    Metric("score", "Trailing mean of the episode return at the last look, in points of the task.", _score),
    Metric("reference_score", "Median of the reference curves at the same frames, in points.", _reference_score),
    Metric("frames", "Environment frames reached.", lambda status: status.log.frames if status.log else None),
    Metric("planned_frames", "Planned environment frames.", lambda s: s.log.facts.frames if s.log else None),
    Metric("frames_per_second", "Environment frames per second, as the program logs them.", _frames_per_second),
    Metric("train_ratio", "Achieved train ratio: replayed steps per agent step.", _series("train_ratio")),
    Metric("updates", "Gradient updates made.", _series("updates")),
    Metric("health_errors", "Health findings of severity error.", _findings(Severity.ERROR)),
    Metric("health_warnings", "Health findings of severity warning.", _findings(Severity.WARNING)),
    Metric("log_timestamp_seconds", "Time of the last change of the log, in seconds since 1970.",
           lambda status: status.log.modified if status.log else None),
    Metric("look_timestamp_seconds", "Time of the last look, in seconds since 1970.", lambda status: status.looked),
)  # fmt: skip


class MetricsFile:
    """Writes all metrics after each look, in one step, so that the collector never reads half a file.

    Args:
      path: the file; its folder exists.
      say: prints one line for the user; called at most once.
    """

    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        self._path, self._say = path, say
        self._statuses: dict[Path, Status] = {}
        self._ended: bool | None = None
        self._failed = False

    def look(self, statuses: Iterable[Status]) -> None:
        """Writes the statuses of a look, and the last ones of runs that are not among them."""
        self._statuses |= {status.directory: status for status in statuses}
        self._write()

    def ended(self, what: str, directory: Path | str, lines: Collection[str] = (), *, failed: bool) -> None:
        """Writes that the command or a run has ended."""
        if self._ended != failed:
            self._ended = failed
            self._write()

    def close(self) -> None:
        """Leaves the file with the last state."""

    def _write(self) -> None:
        try:
            text = render(list(self._statuses.values()), self._ended)
            replace_file(self._path, text.encode("utf-8", "replace"), durable=False)
        except Exception as error:  # the file may fail, the run may not
            if not self._failed:
                self._failed = True
                why = error.strerror if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
                self._say(f"--metrics-file {self._path} is not written: {why}; the run is not affected")


def render(statuses: Collection[Status], failed: bool | None = None) -> str:
    """Returns the text of the file.

    Args:
      statuses: one status for each run.
      failed: whether a run that has ended has failed; None before an end.
    """
    lines = list(_verdicts(statuses))
    for metric in METRICS:
        values = [(status, metric.value(status)) for status in statuses]
        found = [
            f"dreamerguard_{metric.name}{{{_labels(s)}}} {number(value)}" for s, value in values if value is not None
        ]
        if found:
            lines += [*head(metric.name, metric.help), *found]
    if failed is not None:
        lines += [*head("ended", "1 after a run has ended."), "dreamerguard_ended 1"]
        lines += [
            *head("failed", "1 if the run that ended last has failed, else 0."),
            f"dreamerguard_failed {failed:d}",
        ]
    return "".join(f"{line}\n" for line in lines)


def _verdicts(statuses: Collection[Status]) -> Iterator[str]:
    from dreamerguard.regression.watch.status_report import headline
    from dreamerguard.regression.watch.verdict import State

    if statuses:
        yield from head("verdict", "1 for the state of the run, 0 for every other state.")
    states = [*(state.value for state in State), _WAITING, _NO_REFERENCE, _NO_SCORES]
    for status in statuses:
        now = headline(status)
        for state in states:
            yield f'dreamerguard_verdict{{{_labels(status)},state="{state}"}} {state == now:d}'


def _labels(status: Status) -> str:
    program = status.log.program if status.log is not None else ""
    values = {"run": str(status.directory), "task": status.task, "program": program}
    return labels(values)
