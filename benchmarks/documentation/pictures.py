"""Pictures as SVG: a refused run on a terminal, a run beside the band of the published seeds, the permutation test."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from html import escape
from itertools import combinations

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from dreamerguard import lint_run
from dreamerguard.regression.published import Envelope, load_envelope
from dreamerguard.reports import ReportLook, render_full

from .svg import Plot

#: The founding case.
TYPED = "dreamerguard train dmc_walker_walk run.train_ratio=32"
#: Columns of the terminal picture.
_COLUMNS = 100


def pictures() -> dict[str, str]:
    """Returns the pictures: name of the file -> SVG."""
    return {"refused.svg": terminal(), "band.svg": band(), "permutation.svg": permutation()}


def terminal() -> str:
    """Returns what the founding case prints on a terminal."""
    console = Console(record=True, file=io.StringIO(), width=_COLUMNS, force_terminal=True, color_system="truecolor")
    result = lint_run("dmc_walker_walk", overrides=["run.train_ratio=32"])
    report = render_full(result, look=ReportLook(color=True, columns=_COLUMNS))
    console.print(Text.assemble(("$ ", "bold green"), (TYPED, "bold")))
    console.print(Text.from_ansi(report.rstrip("\n")), soft_wrap=True)
    console.print(
        Text('refused to train. Fix the findings as shown, or accept them with --allow low-train-ratio="reason"')
    )
    text = console.export_svg(title="dreamerguard", theme=MONOKAI, unique_id="refused")
    return re.sub(r"\s*@font-face \{.*?\}", "", text, flags=re.DOTALL).rstrip() + "\n"


def _walker() -> Envelope:
    envelope = load_envelope("dmc_proprio", "dmc_walker_walk")
    assert envelope is not None
    return envelope


def band() -> str:
    """Returns a healthy seed and one that learns four times slower, over the published seeds of walker-walk."""
    envelope = _walker()
    grid = envelope.grid
    low, high = envelope.pi90_low, envelope.pi90_high
    seed = envelope.curves[0]
    slow = [seed[min(int(i / 4), len(seed) - 1)] for i in range(len(grid))]
    plot = Plot(720, 440, (0, 500_000), (0, 1000), "environment frames", "score", rows=5)
    plot.area([(x, a, b) for x, a, b in zip(grid, low, high, strict=True) if a is not None and b is not None])
    plot.line(_points(grid, envelope.alarm), "#c0392b", "alarm: too low below this line", dashed=True)
    plot.line(_points(grid, envelope.median), "#555", "median of the published seeds")
    plot.line(_points(grid, seed), "#2e7d32", "a published seed: OK")
    plot.line(_points(grid, slow), "#e67e22", "the same seed, 4 times slower: REGRESSED")
    return plot.svg("Scores of two runs of walker-walk over the band of the published seeds")


def _points(grid: Sequence[float], cells: Sequence[float | None]) -> list[tuple[float, float]]:
    return [(x, y) for x, y in zip(grid, cells, strict=True) if y is not None]


def permutation() -> str:
    """Returns the differences of all ways to exchange five old and five new seeds, with the one that was found."""
    old = list(_walker().final.seeds)[:5]
    new = [score * 0.9 for score in old]
    pool = [*new, *old]
    differences = [
        math.fsum(pool[i] for i in chosen) / 5 - (math.fsum(pool) - math.fsum(pool[i] for i in chosen)) / 5
        for chosen in combinations(range(10), 5)
    ]
    found = differences[0]
    edges = [-120 + 10 * i for i in range(25)]
    counts = [sum(left <= value < left + 10 for value in differences) for left in edges]
    plot = Plot(720, 300, (-120, 130), (0, 50), "mean of the new seeds minus mean of the old ones", "ways")
    for left, count in zip(edges, counts, strict=True):
        plot.bar(left, left + 10, count, "#c0392b" if left <= found < left + 10 else "#7f8c8d")
    share = sum(value <= found + 1e-9 for value in differences)
    plot.mark(found, f"as found: {share} of {len(differences)} ways are this low, p = {share / len(differences):.3f}")
    return plot.svg(escape("All 252 ways to exchange five old and five new seeds"))
