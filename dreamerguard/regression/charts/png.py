"""Draws score curves into a PNG file, over the published reference if there is one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from dreamerguard.util.json_text import read_json
from dreamerguard.util.replace_file import replace_file
from dreamerguard.util.text import number_of

if TYPE_CHECKING:
    from dreamerguard.regression.published import Envelope

#: Colours that people with any common colour vision deficiency can distinguish (Okabe and Ito, 2008).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


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

    def smoothed(self, episodes: int = 10) -> list[float]:
        """Returns the trailing mean over at most ``episodes`` episodes, one value per episode."""
        return [
            sum(self.scores[max(0, i + 1 - episodes) : i + 1]) / min(episodes, i + 1) for i in range(len(self.scores))
        ]

    def at(self, frames: float) -> float:
        """Returns the trailing mean at the last episode that ended by ``frames``, or at the first episode."""
        index = max(bisect_right(self.frames, frames) - 1, 0)
        recent = self.scores[max(0, index - 9) : index + 1]
        return sum(recent) / len(recent)


def read_curve(run: Path, label: str) -> Curve:
    """Reads the training scores of a run of the bundled trainer and skips a last line that a kill cut short."""
    rows = list(_rows(run / "scores.jsonl"))
    return Curve(label, [row["frames"] for row in rows], [row["score"] for row in rows])


def draw_png(
    path: Path, curves: Sequence[Curve], title: str, envelope: Envelope | None = None, *, together: bool = False
) -> None:
    """Writes a PNG with every episode as a dot, the trailing mean over 10 episodes as a line, the reference as a band.

    Args:
      path: file to write; replaced in one step.
      curves: runs to show; runs without an episode are omitted.
      title: heading.
      envelope: the published reference of the task; drawn up to the last frame of the runs.
      together: whether the runs are seeds of one agent; then draws thin lines, their median and their range.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), dpi=120, layout="constrained")
    axes = FigureCanvasAgg(figure).figure.add_subplot()
    curves = [curve for curve in curves if curve.scores]
    if envelope:
        last = max((curve.frames[-1] for curve in curves), default=envelope.budget)
        _draw_envelope(axes, envelope, last)
    if together and curves:
        _draw_together(axes, curves)
    for curve, colour in zip([] if together else curves, COLOURS * len(curves), strict=False):
        axes.plot(curve.frames, curve.scores, ".", color=colour, alpha=0.25, markersize=4)
        axes.plot(curve.frames, curve.smoothed(), color=colour, linewidth=2, label=curve.label)
    axes.set(title=title, xlabel="environment frames", ylabel="episode score", xlim=(0, None))
    axes.grid(alpha=0.25)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value / 1000:,.0f}k" if value else "0")
    if curves or envelope:
        axes.legend(loc="best", fontsize=9)
    drawn = BytesIO()
    figure.savefig(drawn, format="png")
    replace_file(path, drawn.getvalue())


def _draw_together(axes: Any, curves: Sequence[Curve], points: int = 200) -> None:
    first, last = max(curve.frames[0] for curve in curves), min(curve.frames[-1] for curve in curves)
    for curve in curves:
        axes.plot(curve.frames, curve.smoothed(), color=COLOURS[0], linewidth=0.8, alpha=0.5)
    if first > last:
        return
    grid = [first + (last - first) * i / points for i in range(points + 1)]
    rows = [[curve.at(frames) for curve in curves] for frames in grid]
    axes.fill_between(grid, [min(row) for row in rows], [max(row) for row in rows], color=COLOURS[0], alpha=0.15)
    label = f"median and range of {len(curves)} seeds"
    axes.plot(grid, [median(row) for row in rows], color=COLOURS[0], linewidth=2.5, label=label)


def _draw_envelope(axes: Any, envelope: Envelope, last: float) -> None:
    shown = [i for i, frames in enumerate(envelope.grid) if i == 0 or envelope.grid[i - 1] < last or frames <= last]
    grid = [envelope.grid[i] for i in shown]
    seeds, repeat = number_of(envelope.seeds, "seed"), number_of(envelope.action_repeat, "frame")
    label = f"published DreamerV3, {seeds}, {repeat} per action"
    axes.fill_between(
        grid, [envelope.min[i] for i in shown], [envelope.max[i] for i in shown], color="0.5", alpha=0.2, linewidth=0
    )
    axes.plot(grid, [envelope.median[i] for i in shown], color="0.4", linestyle="--", label=label)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    for line in path.read_text().splitlines():
        try:
            yield read_json(line)
        except ValueError:
            continue
