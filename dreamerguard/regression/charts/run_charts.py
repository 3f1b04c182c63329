"""Builds the charts of a report: scores over the reference, p-value, train ratio, speed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from dreamerguard.logs import RunLog, Series
from dreamerguard.regression.statistics.binned_curve import across, trailing
from dreamerguard.regression.watch.verdict import STOP_RATE, WATCH_RATE, Look
from dreamerguard.regression.watch.watcher import Status
from dreamerguard.util.text import number_of

from .html import count, figure, percent
from .svg import Band, Chart, Line, Point, thinned

#: Number of run colours, and so of line styles, in one chart.
STYLES = 6
_EPISODES, _POINTS = 400, 300


def score_chart(status: Status, name: str) -> Chart | None:
    """Returns a chart of a run's episodes and trailing mean over its reference seeds; None without an episode."""
    log = status.log
    if log is None or not len(log.scores[0]):
        return None
    scores, kind = log.scores
    unit = "episode" if kind == "train" else "evaluation"
    dots = Line(f"each {unit}", thinned(list(scores), _EPISODES), "dots run-0")
    bands, lines = reference_curves(status)
    main = run_line(status, "this run, trailing mean", "run-0", tips=True)
    lowest = min(
        [y for line in (dots, main) for _, y in line.points] + [low for band in bands for _, low, _ in band.points]
    )
    return Chart(
        name,
        "Scores over environment frames",
        _describe(status, len(scores), unit),
        (dots, *lines, *_alarm(status, lowest), main),
        _x_end([status]),
        count,
        figure,
        bands,
    )


def common_chart(statuses: Sequence[Status], labels: Sequence[str], name: str, task: str) -> Chart:
    """Returns one chart with the trailing means of several runs of one task."""
    bands, lines = next(
        (curves for status in statuses if (curves := reference_curves(status))[0]), ((), ())
    )  # the first run that has a reference
    runs = [
        run_line(status, label, f"run-{i % STYLES}")
        for i, (status, label) in enumerate(zip(statuses, labels, strict=True))
    ]
    text = f"Trailing mean scores of {number_of(len(statuses), 'run')} over environment frames: {', '.join(labels)}."
    return Chart(
        name, f"{task}: scores over environment frames", text, (*lines, *runs), _x_end(statuses), count, figure, bands
    )


def run_line(status: Status, label: str, style: str, tips: bool = False) -> Line:
    """Returns a run's trailing mean at each look; without a reference, the mean over the last 10 episodes."""
    looks = [look for look in status.verdict.looks if look.score is not None] if status.verdict else []
    if looks:
        points = [(look.frames, look.score) for look in looks if look.score is not None]
        return Line(label, points, style, [_tip(look) for look in looks] if tips else ())
    scores = status.log.scores[0] if status.log else ()
    return Line(label, thinned(_smoothed(list(scores)), _POINTS), style)


def reference_curves(status: Status) -> tuple[tuple[Band, ...], tuple[Line, ...]]:
    """Returns the reference seeds as a band and their median as a line; empty tuples without a reference."""
    if status.reference is None:
        return (), ()
    envelope = status.reference.envelope
    smooth = [trailing(curve, status.reference.method.window) for curve in envelope.curves]
    cells = zip(envelope.grid, across(smooth, min), across(smooth, max), across(smooth, median), strict=True)
    known = [(x, lo, hi, mid) for x, lo, hi, mid in cells if lo is not None and hi is not None and mid is not None]
    origin = "custom" if envelope.release == "own" else "published"
    band = Band(
        f"{number_of(envelope.seeds, f'{origin} seed')}, lowest to highest", [(x, lo, hi) for x, lo, hi, _ in known]
    )
    return (band,), (Line("their median", [(x, mid) for x, _, _, mid in known], "median"),)


def p_chart(status: Status, name: str) -> Chart | None:
    """Returns a chart of the p-value at every look; None without a verdict."""
    if status.verdict is None or not status.verdict.looks:
        return None
    verdict, end = status.verdict, _x_end([status])
    lowest = min(1 / (verdict.curves + 1), 0.01)
    points = [(look.frames, look.p) for look in verdict.looks]
    levels = [
        Line(f"{percent(rate)}: {state}", [(0.0, rate), (end, rate)], style)
        for rate, state, style in ((WATCH_RATE, "WATCH", "configured"), (STOP_RATE, "REGRESSED", "alarm"))
    ]
    text = (
        "False alarm rate of the run's deficit over a whole healthy run, at every look. Below 5 percent the verdict is"
        f" WATCH, below 2 percent it is REGRESSED. The last value is {percent(points[-1][1])}."
    )
    line = Line("p at each look", points, "run-0", [f"{count(x)} frames: p {percent(p)}" for x, p in points])
    ends = (10 ** -len(str(int(1 / lowest))), 1.0)
    return Chart(
        name, "How often a healthy run is as low", text, (*levels, line), end, count, percent, log=True, y_range=ends
    )


def ratio_chart(log: RunLog, name: str) -> Chart | None:
    """Returns a chart of the achieved and the configured train ratio; None without logged ratios."""
    achieved = _line(log, "train_ratio", "achieved", "run-0")
    if achieved is None:
        return None
    configured = _line(log, "train_ratio_configured", "configured", "configured")
    end = max(log.frames, 1.0)
    if configured is None and log.facts.train_ratio is not None:
        configured = Line("configured", [(0.0, log.facts.train_ratio), (end, log.facts.train_ratio)], "configured")
    lines = (achieved,) if configured is None else (configured, achieved)
    text = f"Replayed agent steps per agent step, last {figure(achieved.points[-1][1])}."
    return Chart(name, "Train ratio", text, lines, end, count, figure, from_zero=True)


def speed_charts(log: RunLog, name: str) -> Iterator[Chart]:
    """Yields charts of environment frames and of gradient updates per second, where the log has them."""
    for metric, title in (
        ("fps_frames", "Environment frames per second"),
        ("fps_updates", "Gradient updates per second"),
    ):
        line = _line(log, metric, "", "run-0")
        if line is not None:
            text = f"{title} over environment frames, last {figure(line.points[-1][1])}."
            yield Chart(f"{name}-{metric}", title, text, (line,), max(log.frames, 1.0), count, figure, from_zero=True)


def _alarm(status: Status, lowest: float) -> Iterator[Line]:
    """Yields the line below which the verdict is WATCH, without the part below every drawn score."""
    looks = status.verdict.looks if status.verdict else ()
    points = [(look.frames, look.watch) for look in looks if look.watch is not None and look.watch >= lowest]
    if len(points) > 1:
        yield Line("below this: WATCH (5 %)", points, "alarm")


def _line(log: RunLog, metric: str, label: str, style: str) -> Line | None:
    series: Series | None = log.series.get(metric)
    if series is None or len(series) < 2:
        return None
    return Line(label, thinned(list(zip(series.frames, series.values, strict=True)), _POINTS), style)


def _smoothed(points: Sequence[Point], episodes: int = 10) -> list[Point]:
    out, total = [], 0.0
    for index, (x, y) in enumerate(points):
        total += y - (points[index - episodes][1] if index >= episodes else 0.0)
        out.append((x, total / min(index + 1, episodes)))
    return out


def _x_end(statuses: Sequence[Status]) -> float:
    reached = [status.log.frames for status in statuses if status.log]
    budgets = [float(status.reference.envelope.budget) for status in statuses if status.reference]
    return max([*reached, *budgets, 1.0])


def _tip(look: Look) -> str:
    band = "" if look.low is None or look.high is None else f", 90 % of seeds {figure(look.low)} to {figure(look.high)}"
    return (
        f"{count(look.frames)} frames: {figure(look.score)}, reference {figure(look.median)}{band}, p {percent(look.p)}"
    )


def _describe(status: Status, episodes: int, unit: str) -> str:
    reached = status.log.frames if status.log else 0.0
    sentences = [f"{number_of(episodes, unit)} up to {reached:,.0f} environment frames."]
    last = status.verdict.last if status.verdict else None
    if last is not None and last.score is not None:
        sentences.append(f"The trailing mean ends at {figure(last.score)}, the seeds' median at {figure(last.median)}.")
    return " ".join(sentences)
