"""Builds the charts of a report: scores over the reference, the verdict's mean, p-value, train ratio, speed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dreamerguard.logs import RunLog, Series
from dreamerguard.regression.watch.verdict import STOP_RATE, WATCH_RATE, Look
from dreamerguard.regression.watch.watcher import Status
from dreamerguard.util.text import number_of

from .curves import CellMeans, mean_of, reference_means, reference_trailing, trailing_name
from .html import axis_figure, count, figure, percent
from .svg import Band, Chart, Line, thinned

#: Number of run colours in one chart; further runs repeat them with other dashes.
STYLES = 6
_DASHES = ("", " dashed", " dotted")
_EPISODES, _POINTS = 400, 300


def score_chart(status: Status, name: str) -> Chart | None:
    """Returns a chart of a run's episodes and their mean per cell over its reference; None without an episode."""
    log = status.log
    scores, kind = status.scores
    if log is None or not len(scores):
        return None
    unit = "episode" if kind == "train" else "evaluation"
    end = _x_end([status])
    cells = CellMeans.of([status], end)
    points = cells.points(cells.curve(status))
    tips = [f"{count(x)} frames: {figure(y)}, {cells.name}" for x, y in points]
    bands, lines = reference_means(status)
    return Chart(
        name,
        "Scores over environment frames",
        _describe(status, len(scores), unit),
        (
            Line(
                f"each {unit}", thinned(list(zip(scores.frames, scores.values, strict=True)), _EPISODES), "dots run-0"
            ),
            *lines,
            Line(f"this run, {cells.name}", points, "run-0", tips),
        ),
        end,
        count,
        axis_figure,
        bands,
    )


def verdict_chart(status: Status, name: str) -> Chart | None:
    """Returns a chart of the mean that the verdict compares, with the alarm threshold; None without a verdict."""
    looks = status.verdict.looks if status.verdict else ()
    known = [(look, look.score) for look in looks if look.score is not None]
    if not known:
        return None
    bands, lines = reference_trailing(status)
    points = [(look.frames, score) for look, score in known]
    lowest = min([score for _, score in known] + [low for band in bands for _, low, _ in band.points])
    line = Line(f"this run, {trailing_name(status)}", points, "run-0", [_tip(look) for look, _ in known])
    text = f"The verdict compares the {trailing_name(status)}. It lags behind the episodes while the score rises."
    alarm = _alarm(looks, lowest)
    return Chart(name, "The verdict's score", text, (*lines, *alarm, line), _x_end([status]), count, axis_figure, bands)


def common_chart(statuses: Sequence[Status], labels: Sequence[str], name: str, task: str) -> Chart:
    """Returns one chart with the means of several runs of one task, one colour per run."""
    end = _x_end(statuses)
    cells = CellMeans.of(statuses, end)
    bands, lines = _first_reference(statuses)
    runs = [
        Line(label, cells.points(cells.curve(status)), f"run-{i % STYLES}{_DASHES[i // STYLES % len(_DASHES)]}")
        for i, (status, label) in enumerate(zip(statuses, labels, strict=True))
    ]
    text = f"Scores of {number_of(len(statuses), 'run')} over environment frames, {cells.name}: {', '.join(labels)}."
    return Chart(name, f"{task}: scores, {cells.name}", text, (*lines, *runs), end, count, axis_figure, bands)


def sides_chart(sides: Sequence[tuple[str, Sequence[Status]]], name: str, task: str) -> Chart:
    """Returns one chart with the runs of two sides, one colour per side: thin lines, and a thick one for their mean.

    Args:
      sides: name and runs of each side.
      name: identifier in the page.
      task: name of the task.
    """
    statuses = [status for _, group in sides for status in group]
    end = _x_end(statuses)
    cells = CellMeans.of(statuses, end)
    thin, thick = [], []
    for index, (label, group) in enumerate(sides):
        curves = [cells.curve(status) for status in group]
        thin += [Line("", cells.points(curve), f"run-{index} seed") for curve in curves]
        legend = f"{label}: mean of {number_of(len(group), 'seed')}, thin: each seed"
        thick.append(Line(legend, cells.points(mean_of(curves)), f"run-{index} side"))
    bands, lines = _first_reference(statuses)
    text = f"Scores over environment frames, {cells.name}: " + " and ".join(
        f"{number_of(len(group), 'run')} of {label}" for label, group in sides
    )
    shown = (*lines, *thin, *thick)
    return Chart(name, f"{task}: scores, {cells.name}", f"{text}.", shown, end, count, axis_figure, bands)


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
        "Share of healthy runs that are ever this low (p), at every look. Below 5 percent the verdict is"
        f" WATCH, below 2 percent it is REGRESSED. The last value is {percent(points[-1][1])}."
    )
    line = Line("p at each look", points, "run-0", [f"{count(x)} frames: p {percent(p)}" for x, p in points])
    ends = (10 ** -len(str(int(1 / lowest))), 1.0)
    return Chart(
        name, "Share of healthy runs that are ever this low", text, (*levels, line), end, count, percent,
        log=True, y_range=ends,
    )  # fmt: skip


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
    return Chart(name, "Train ratio: replayed steps per agent step", text, lines, end, count, figure, from_zero=True)


def speed_charts(log: RunLog, name: str) -> Iterator[Chart]:
    """Yields charts of environment frames and of gradient updates per second, where the log has them."""
    for metric, title in (
        ("fps_frames", "Environment frames per second"),
        ("fps_updates", "Gradient updates per second"),
    ):
        line = _line(log, metric, "", "run-0")
        if line is not None:
            text = f"{title} over environment frames, last {figure(line.points[-1][1])}."
            end = max(log.frames, 1.0)
            yield Chart(f"{name}-{metric}", title, text, (line,), end, count, axis_figure, from_zero=True)


def _first_reference(statuses: Sequence[Status]) -> tuple[Sequence[Band], Sequence[Line]]:
    return next((found for status in statuses if (found := reference_means(status))[0]), ((), ()))


def _alarm(looks: Sequence[Look], lowest: float) -> Iterator[Line]:
    """Yields the line below which the verdict is WATCH, without the part below every drawn score."""
    points = [(look.frames, look.watch) for look in looks if look.watch is not None and look.watch >= lowest]
    if len(points) > 1:
        yield Line("below this: WATCH (5 %)", points, "alarm")


def _line(log: RunLog, metric: str, label: str, style: str) -> Line | None:
    series: Series | None = log.series.get(metric)
    if series is None or len(series) < 2:
        return None
    return Line(label, thinned(list(zip(series.frames, series.values, strict=True)), _POINTS), style)


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
        name = trailing_name(status)
        sentences.append(f"The {name} ends at {figure(last.score)}, the seeds' median at {figure(last.median)}.")
    return " ".join(sentences)
