"""Draws charts as inline SVG. The drawing stretches to any width; line widths and labels keep their size."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from .html import Html, join_html, tag, text

#: Width and height of the drawing in SVG units; the page stretches it.
SIZE = 1000

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """A line or a row of dots.

    Attributes:
      label: legend entry; empty for no entry.
      points: x and y, ascending in x.
      style: classes of the style sheet: ``run-0`` to ``run-5``, ``median``, ``alarm``, ``configured``; also ``dots``,
        ``dashed``, ``dotted``, ``seed`` (thin) and ``side`` (thick).
      tips: tooltip of each point.
    """

    label: str
    points: Sequence[Point]
    style: str
    tips: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Band:
    """An area between two lines: x, low, high."""

    label: str
    points: Sequence[tuple[float, float, float]]


@dataclass(frozen=True, slots=True)
class Chart:
    """The content of one chart.

    Attributes:
      name: identifier in the page.
      title, description: heading and screen reader text.
      lines, bands: drawn in this order, bands first.
      x_end: right end of the x axis, which begins at 0 frames.
      x_format, y_format: formatters of the axis labels.
      log: whether the y axis is logarithmic.
      from_zero: whether the y axis begins at 0.
      y_range: fixed ends of the y axis; by default the range of the values.
    """

    name: str
    title: str
    description: str
    lines: Sequence[Line]
    x_end: float
    x_format: Callable[[float], str]
    y_format: Callable[[float], str]
    bands: Sequence[Band] = ()
    log: bool = False
    from_zero: bool = False
    y_range: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class _Plane:
    x_end: float
    low: float
    high: float
    log: bool

    def place(self, x: float, y: float) -> str:
        return f"{self.x(x):.1f} {self.y(y):.1f}"

    def x(self, x: float) -> float:
        return SIZE * min(max(x / self.x_end, 0.0), 1.0)

    def y(self, y: float) -> float:
        ends = (self._scale(self.low), self._scale(self.high))
        share = (self._scale(y) - ends[0]) / (ends[1] - ends[0])
        return SIZE * (1 - min(max(share, 0.0), 1.0))

    def _scale(self, y: float) -> float:
        return math.log10(max(y, 1e-12)) if self.log else y


def draw_svg(chart: Chart) -> Html:
    """Returns a figure element with legend, axes and the drawing."""
    plane = _new_plane(chart)
    xs, ys = ticks(0.0, chart.x_end, 5), _y_ticks(chart, plane)
    grid = "".join(f"M0 {plane.y(y):.1f}h{SIZE}" for y in ys)
    parts = [
        tag("title", chart.title, id=f"{chart.name}-title"),
        tag("desc", chart.description, id=f"{chart.name}-desc"),
    ]
    parts += [tag("path", class_="grid", d=grid)]
    parts += [tag("path", class_="band", d=_area(band, plane)) for band in chart.bands]
    parts += [_line(line, plane) for line in chart.lines]
    parts += [_tips(line, plane) for line in chart.lines if line.tips]
    box = f"0 0 {SIZE} {SIZE}"
    labelled = f"{chart.name}-title {chart.name}-desc"
    drawing = tag("svg", *parts, viewBox=box, preserveAspectRatio="none", role="img", aria_labelledby=labelled)
    marks = [
        *(_axis_label("y", chart.y_format(y), f"top:{plane.y(y) / SIZE:.2%}") for y in ys),
        *(_axis_label("x", chart.x_format(x), f"left:{plane.x(x) / SIZE:.2%}") for x in xs),
    ]
    heading = tag("figcaption", tag("strong", chart.title), _legend(chart))
    return tag("figure", heading, tag("div", drawing, *marks, class_="plot"), class_="chart", id=chart.name)


def ticks(low: float, high: float, about: int) -> list[float]:
    """Returns about ``about`` round numbers between two ends."""
    rough = (high - low) / about
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def thinned(points: Sequence[Point], most: int) -> list[Point]:
    """Returns at most ``most`` points, chosen evenly, with the first and the last."""
    if len(points) <= most:
        return list(points)
    return [points[round(i * (len(points) - 1) / (most - 1))] for i in range(most)]


def _new_plane(chart: Chart) -> _Plane:
    if chart.y_range is not None:
        return _Plane(chart.x_end, *chart.y_range, chart.log)
    values = [y for line in chart.lines for _, y in line.points]
    values += [y for band in chart.bands for _, low, high in band.points for y in (low, high)]
    low, high = min(values, default=0.0), max(values, default=1.0)
    margin = 0.05 * (high - low) or 0.1 * abs(high) or 1.0
    if chart.from_zero:
        step = ticks(0.0, max(high, 1e-9), 4)[1]
        return _Plane(chart.x_end, 0.0, step * math.ceil(high / step - 1e-9) or step, chart.log)
    return _Plane(chart.x_end, low - margin, high + margin, chart.log)


def _y_ticks(chart: Chart, plane: _Plane) -> list[float]:
    if not chart.log:
        return ticks(plane.low, plane.high, 4)
    first, last = math.ceil(math.log10(plane.low) - 1e-9), math.floor(math.log10(plane.high) + 1e-9)
    return [10.0**power for power in range(first, last + 1)]


def _line(line: Line, plane: _Plane) -> Html:
    if "dots" in line.style:
        path = "".join(f"M{plane.place(x, y)}h0" for x, y in line.points)
    else:
        path = "".join(f"{'L' if i else 'M'}{plane.place(x, y)}" for i, (x, y) in enumerate(line.points))
    return tag("path", class_=f"line {line.style}", d=path)


def _area(band: Band, plane: _Plane) -> str:
    there = [plane.place(x, high) for x, _, high in band.points]
    back = [plane.place(x, low) for x, low, _ in reversed(band.points)]
    return f"M{'L'.join([*there, *back])}Z" if there else ""


def _tips(line: Line, plane: _Plane) -> Html:
    return join_html(
        tag("path", tag("title", tip), class_="tip", d=f"M{plane.place(x, y)}h0")
        for (x, y), tip in zip(line.points, line.tips, strict=True)
    )


def _axis_label(axis: str, label: str, style: str) -> Html:
    return tag("span", label, class_=f"mark {axis}", style=style, aria_hidden="true")


def _legend(chart: Chart) -> Html:
    return tag("span", join_html(_legend_entries(chart.bands, chart.lines)), class_="legend")


def _legend_entries(bands: Iterable[Band], lines: Iterable[Line]) -> Iterator[Html]:
    for label, style in [*((band.label, "band") for band in bands), *((line.label, line.style) for line in lines)]:
        if label:
            yield tag("span", tag("i", class_=f"key {style}"), text(label), class_="entry")
