"""Draws score curves into a PNG file, over the published reference if there is one."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from math import ceil
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from dreamerguard.regression.statistics.binned_curve import to_cells
from dreamerguard.util.json_text import read_json
from dreamerguard.util.regular_files import open_regular, require_regular
from dreamerguard.util.replace_file import replace_file
from dreamerguard.util.text import number_of

if TYPE_CHECKING:
    from dreamerguard.regression.published import Envelope

#: Colours that people with any common colour vision deficiency can distinguish (Okabe and Ito, 2008).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")

#: Scores from here on are no scores of a task, and sums of them overflow.
_LARGEST = 1e100
#: Number of cells without a reference, and the largest number with one.
CELLS, MOST = 50, 10_000


@dataclass(frozen=True, slots=True)
class Curve:
    """The training scores of one run.

    Attributes:
      label: name in the legend.
      frames: environment frames at the end of each episode, ascending.
      scores: score of each episode.
    """

    label: str
    frames: Sequence[float]
    scores: Sequence[float]

    def means(self, grid: Sequence[float]) -> list[float | None]:
        """Returns the mean score in each cell up to the last episode; None in later cells and before the first one.

        Args:
          grid: right edge of each cell in frames, ascending and equally spaced.
        """
        return to_cells(self.frames, self.scores, grid)


def read_curve(run: Path, label: str) -> Curve:
    """Reads the training scores of a run of the bundled trainer and skips lines that are no whole row.

    Raises:
      OSError: the log cannot be read.
    """
    rows = list(_rows(run / "scores.jsonl"))
    return Curve(label, [frames for frames, _ in rows], [score for _, score in rows])


def draw_png(
    path: Path, curves: Sequence[Curve], title: str, envelope: Envelope | None = None, *, together: bool = False
) -> None:
    """Writes a PNG: every episode as a dot, their mean in each cell of the budget as a line, the reference as a band.

    Line, band and median show the same mean.

    Args:
      path: file to write; replaced in one step.
      curves: runs to show; runs without an episode are omitted.
      title: heading.
      envelope: the published reference of the task; drawn up to the last frame of the runs.
      together: whether the runs are seeds of one agent; then draws thin lines, their median and their range.

    Raises:
      ImportError: there is no matplotlib.
      OSError: the file cannot be written.
    """
    with _fixed_settings():
        _draw(path, curves, title, envelope, together)


def _draw(path: Path, curves: Sequence[Curve], title: str, envelope: Envelope | None, together: bool) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), dpi=120, layout="constrained")
    axes = FigureCanvasAgg(figure).figure.add_subplot()
    curves = [curve for curve in curves if curve.scores]
    last = max((curve.frames[-1] for curve in curves), default=float(envelope.budget if envelope else 1))
    grid = _grid(envelope, last)
    if envelope:
        _draw_envelope(axes, envelope, last)
    if together and curves:
        _draw_together(axes, curves, grid)
    mean = f"mean per {_thousands(grid[1] - grid[0])} frames"
    for curve, colour in zip([] if together else curves, COLOURS * len(curves), strict=False):
        axes.plot(curve.frames, curve.scores, ".", color=colour, alpha=0.25, markersize=4)
        axes.plot(*_line(grid, curve.means(grid)), color=colour, linewidth=2, label=f"{curve.label}, {mean}")
    axes.set(title=title, xlabel="environment frames", ylabel="episode score", xlim=(0, None))
    axes.grid(alpha=0.25)
    axes.xaxis.set_major_formatter(lambda value, _: _thousands(value))
    if curves or envelope:
        axes.legend(loc="best", fontsize=9)
    drawn = BytesIO()
    figure.savefig(drawn, format="png")
    replace_file(path, drawn.getvalue())


def _grid(envelope: Envelope | None, last: float) -> Sequence[float]:
    """Returns the right edges of the cells: those of the reference, also beyond its end, or fifty equal ones."""
    width = envelope.grid[0] if envelope and last < MOST * envelope.grid[0] else max(last, 1.0) / CELLS
    return [width * (i + 1) for i in range(max(ceil(last / width - 1e-9), 2))]


def _line(grid: Sequence[float], values: Sequence[float | None]) -> tuple[list[float], list[float]]:
    """Returns the points of a line; a mean is drawn in the middle of its cell."""
    half = grid[0] / 2
    points = [(x - half, y) for x, y in zip(grid, values, strict=True) if y is not None]
    return [x for x, _ in points], [y for _, y in points]


def _thousands(value: float) -> str:
    return f"{value / 1000:,.3g}k" if value >= 1000 else f"{value:,.3g}"


def _draw_together(axes: Any, curves: Sequence[Curve], grid: Sequence[float]) -> None:
    means = [curve.means(grid) for curve in curves]
    for values in means:
        axes.plot(*_line(grid, values), color=COLOURS[0], linewidth=0.8, alpha=0.5)
    columns = [[value for value in column if value is not None] for column in zip(*means, strict=True)]
    rows = [(x, column) for x, column in zip(grid, columns, strict=True) if len(column) == len(curves)]
    if not rows:
        return
    xs = [x - grid[0] / 2 for x, _ in rows]
    low, high = ([reduce(column) for _, column in rows] for reduce in (min, max))
    axes.fill_between(xs, low, high, color=COLOURS[0], alpha=0.15)
    label = f"median and range of {len(curves)} seeds, mean per {_thousands(grid[0])} frames"
    axes.plot(xs, [median(column) for _, column in rows], color=COLOURS[0], linewidth=2.5, label=label)


def _draw_envelope(axes: Any, envelope: Envelope, last: float) -> None:
    shown = [i for i, frames in enumerate(envelope.grid) if i == 0 or envelope.grid[i - 1] < last or frames <= last]
    grid = [envelope.grid[i] - envelope.grid[0] / 2 for i in shown]
    seeds, repeat = number_of(envelope.seeds, "seed"), number_of(envelope.action_repeat, "frame")
    label = f"published DreamerV3, {seeds}, {repeat} per action, same mean"
    axes.fill_between(
        grid, [envelope.min[i] for i in shown], [envelope.max[i] for i in shown], color="0.5", alpha=0.2, linewidth=0
    )
    axes.plot(grid, [envelope.median[i] for i in shown], color="0.4", linestyle="--", label=label)


def _rows(path: Path) -> Iterator[tuple[float, float]]:
    if not path.exists():
        return
    with io.BufferedReader(open_regular(path)) as file:
        for line in file:
            try:
                row = read_json(line)
                frames, score = row["frames"], row["score"]
            except (ValueError, TypeError, KeyError):
                continue
            if all(isinstance(number, float | int) and abs(number) < _LARGEST for number in (frames, score)):
                yield frames, score


@contextmanager
def _fixed_settings() -> Iterator[None]:
    """Draws with matplotlib's own settings. Those of the current folder, which may be a stranger's, can start LaTeX.

    Raises:
      OSError: the current folder's ``matplotlibrc`` is no regular file, and matplotlib would wait for it.
    """
    settings = Path("matplotlibrc")
    if os.path.lexists(settings):
        require_regular(settings.stat())
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        yield
