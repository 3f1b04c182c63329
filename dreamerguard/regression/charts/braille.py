"""Draws a run over its reference in characters: braille dots for the run, shade for the reference seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from dreamerguard.regression.statistics.binned_curve import across, trailing
from dreamerguard.regression.watch.watcher import Status

#: Bits of the eight dots of a braille character, by row and column (Unicode block U+2800).
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


@dataclass(frozen=True, slots=True)
class Frame:
    """The visible range of the x and y axes."""

    left: float
    right: float
    low: float
    high: float

    def column(self, x: float, width: int) -> int:
        """Returns the column of ``x`` in a plot of ``width`` columns."""
        return min(max(int((x - self.left) / (self.right - self.left) * width), 0), width - 1)

    def row(self, y: float, height: int) -> int:
        """Returns the row of ``y``, counted from the top, in a plot of ``height`` rows."""
        return min(max(int((self.high - y) / (self.high - self.low) * height), 0), height - 1)


def plot(status: Status, width: int = 72, height: int = 14) -> list[str]:
    """Returns a plot of trailing means as lines of text: the run as dots, the seeds as ``░``, their median as ``─``.

    The shade spans the lowest to the highest seed. The list is empty without a reference.
    """
    if status.reference is None or status.verdict is None:
        return []
    envelope = status.reference.envelope
    looks = [(look.frames, look.score) for look in status.verdict.looks if look.score is not None]
    smooth = [trailing(curve, status.reference.method.window) for curve in envelope.curves]
    cells = zip(envelope.grid, across(smooth, min), across(smooth, max), across(smooth, median), strict=True)
    band = [(x, lo, hi, mid) for x, lo, hi, mid in cells if lo is not None and hi is not None and mid is not None]
    ys = [y for _, lo, hi, _ in band for y in (lo, hi)] + [y for _, y in looks]
    frame = Frame(0.0, float(envelope.budget), min(ys), max(max(ys), min(ys) + 1e-9))
    canvas = [[" "] * width for _ in range(height)]
    step = 0
    for x, lo, hi, mid in band:
        last = frame.column(x, width) if x < frame.right else width - 1
        for column in range(step, last + 1):
            for row in range(frame.row(hi, height), frame.row(lo, height) + 1):
                canvas[row][column] = "░"
            canvas[frame.row(mid, height)][column] = "─"
        step = last + 1
    _draw(canvas, looks, frame)
    return _with_axes(canvas, frame)


def _draw(canvas: list[list[str]], points: Sequence[tuple[float, float]], frame: Frame) -> None:
    width, height = 2 * len(canvas[0]), 4 * len(canvas)
    dots: dict[tuple[int, int], int] = {}
    for (x0, y0), (x1, y1) in zip(points, [*points[1:], *points[-1:]], strict=True):
        count = max(abs(frame.column(x1, width) - frame.column(x0, width)), 1)
        for i in range(count):
            x, y = x0 + (x1 - x0) * i / count, y0 + (y1 - y0) * i / count
            column, row = frame.column(x, width), frame.row(y, height)
            place = row // 4, column // 2
            dots[place] = dots.get(place, 0) | _DOTS[row % 4][column % 2]
    for (row, column), bits in dots.items():
        canvas[row][column] = chr(0x2800 + bits)


def _with_axes(canvas: list[list[str]], frame: Frame) -> list[str]:
    labels = [f"{frame.high:.4g}", *[""] * (len(canvas) - 2), f"{frame.low:.4g}"]
    margin = max(len(label) for label in labels)
    lines = [f"{label:>{margin}} │{''.join(row)}" for label, row in zip(labels, canvas, strict=True)]
    ends = "0", f"{frame.right:,.0f} frames"
    gap = len(canvas[0]) - len(ends[0]) - len(ends[1])
    return [*lines, " " * margin + " └" + "─" * len(canvas[0]), " " * (margin + 2) + ends[0] + " " * gap + ends[1]]
