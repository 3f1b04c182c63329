"""Health checks of progress: learner, environments, memory, speed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from statistics import median

from dreamerguard.core.finding import Severity
from dreamerguard.logs import RunLog

from .health_finding import Context, HealthFinding, configured_ratio
from .likely_causes import likely_cause


def stalled_learner(log: RunLog, context: Context) -> Iterator[HealthFinding]:
    """Reports frames that grow while updates do not."""
    updates, configured = log.series.get("updates"), configured_ratio(log)
    if updates is None or len(updates) < 8 or updates.last <= 0 or configured == 0:
        return
    recent = list(updates.values)[-6:]
    if recent[0] == recent[-1] and log.frames > updates.frames[-6]:
        yield HealthFinding(
            "stalled-learner",
            Severity.ERROR,
            f"frames grow but updates stay at {updates.last:,.0f} since {updates.frames[-6]:,.0f} frames",
            likely_cause(context.lint, ("training", "ratio")) or "the learner died or waits for the replay buffer",
            "look for an error in the output of the learner; the agent does not learn from the new frames",
        )


def stalled_run(log: RunLog, context: Context) -> Iterator[HealthFinding]:
    """Reports a log that has not grown for long, relative to its usual interval, before the end of the run."""
    planned, modified = log.facts.frames, log.modified
    if context.now is None or modified is None or planned is None or log.frames >= 0.97 * planned:
        return
    age, usual = context.now - modified, log_interval(log)
    if age < max(300.0, 30 * usual):
        return
    yield HealthFinding(
        "no-progress",
        Severity.WARNING,
        f"the log has not grown for {duration(age)} (usually every {duration(usual)}), at {log.frames:,.0f} of"
        f" {planned:,.0f} frames",
        likely_cause(context.lint, ("memory", "gpu", "cpu"))
        or "the run ended, was killed (often for memory), or an environment hangs",
        "check whether the process is alive and read its last output; the same command continues a run of the bundled"
        " trainer",
    )


def no_episode(log: RunLog, context: Context) -> Iterator[HealthFinding]:
    """Reports that no episode ends any more."""
    frames = log.train.frames
    if len(frames) < 20:
        return
    gaps = [b - a for a, b in pairwise(frames[-500:])]
    silent = log.metrics_frames - frames[-1]
    if max(gaps) > 0 and silent > 5 * max(gaps):
        yield HealthFinding(
            "no-episode",
            Severity.WARNING,
            f"no episode has ended for {silent:,.0f} frames; the longest pause before was {max(gaps):,.0f}",
            "environments hang, or episodes no longer end",
            "check the time limit of the task and whether environments still step",
        )


def memory(log: RunLog, context: Context) -> Iterator[HealthFinding]:
    """Reports memory use that exceeds 95 % of the machine's memory before the run ends."""
    series, planned = log.series.get("memory_gb"), log.facts.frames
    if series is None or planned is None or context.memory_gb is None or len(series) < 10:
        return
    slope = series.slope(0.25) or 0.0
    end = series.last + slope * max(planned - log.frames, 0)
    if end > 0.95 * context.memory_gb:
        yield HealthFinding(
            "memory-trend",
            Severity.WARNING,
            f"memory grows to {end:.0f} GB by the end of the run; the machine has {context.memory_gb:.0f} GB",
            likely_cause(context.lint, ("memory", "replay")) or "a replay buffer larger than the machine's memory",
            "reduce the replay capacity or the size of observations before the run is killed",
        )


def throughput(log: RunLog, context: Context) -> Iterator[HealthFinding]:
    """Reports a run that makes less than half of its earlier frames per second."""
    series = log.series.get("fps_frames") or log.series.get("fps_steps")
    if series is None or len(series) < 40:
        return
    values = list(series.values)
    before, now = median(values[len(values) // 5 : -len(values) // 4]), median(values[-len(values) // 10 :])
    if before > 0 and now < 0.5 * before:
        yield HealthFinding(
            "falling-throughput",
            Severity.WARNING,
            f"the run makes {now:.3g} frames per second, {now / before:.0%} of its earlier {before:.3g}",
            likely_cause(context.lint, ("gpu", "cpu", "memory", "size"))
            or "another process uses the machine, memory is swapped, the GPU is throttled, or evaluations got longer",
            "check the load of the machine; the verdict on scores counts frames and is not affected",
        )


def log_interval(log: RunLog) -> float:
    """Returns the usual seconds between two rows of metrics; 60 if the log does not show it."""
    series = log.series.get("fps_frames")
    if series is None or len(series) < 3 or series.last <= 0:
        return 60.0
    gaps = sorted(b - a for a, b in pairwise(series.frames))
    interval = gaps[len(gaps) // 2] / median(series.values)
    return interval if math.isfinite(interval) else 60.0


def duration(seconds: float) -> str:
    """Formats a duration with one unit: ``90 s``, ``12 min``, ``2.5 h``."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
