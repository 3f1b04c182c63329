"""Measures early stopping in simulated sweeps of published seeds: updates saved, and sweeps that lose a good run.

Usage: ``python -m benchmarks.sweep_stopping [SWEEPS]``. A sweep has 18 tasks with 5 seeds each; its 90 runs are dealt
at random to equally large combinations. A third of the combinations trains at a quarter of the ratio: their curves are
stretched to four times the frames, as in `benchmarks.detection`. All runs start together unless slots are stated. No
run is judged by a reference that contains it: each has the other seeds of its task, with statistics from other tasks.

- saved: share of the updates of bad runs that are not made.
- lost: share of the sweeps in which any good run is stopped, with the 95 % interval of Wilson for this number of
  sweeps. The curves are the same in all of them, so it does not state how other curves would differ.
- no bad run, and other laboratory: no combination is bad; in the second, every run learns 20 % slower than the
reference. - half of the tasks: bad combinations are bad on every second task only, and their runs on the others are
good. - alone: every run is judged by rule R1 alone, without knowing its combination. 60 good runs at 5 % need 1,200
curves.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from benchmarks.detection import start_of
from benchmarks.published import degrade, write_result
from benchmarks.simulated_sweeps import SLOWER, Design, remembering, simulate, suite_of

DESIGNS = (
    Design("reference", 6), Design("best", 3), Design("halving", 3),
    *(replace(design, part=0.1) for design in (
        Design("reference", 3), Design("reference", 9), Design("reference", 18), Design("both", 6), Design("best", 6),
        Design("halving", 6), Design("two thirds", 3), Design("two thirds", 6), Design("reference", 6, every=2),
        Design("reference", 9, bad=0.0), Design("best", 3, bad=0.0),
        Design("reference", 6, bad=0.0, laboratory=1.2), Design("best", 3, "dmc_vision"),
    )),
    *(replace(design, part=0.04) for design in (
        Design("reference", 6, slots=8), Design("reference", 6, "dmc_vision"),
    )),
)  # fmt: skip


def measure(design: Design, sweeps: int) -> dict[str, Any]:
    """Returns the figures of one design."""
    rng = random.Random(design.name)
    found = [simulate(design, rng) for _ in range(sweeps)]
    lost = sum(one.lost > 0 for one in found)
    return {
        "sweeps": sweeps,
        "saved": round(sum(one.saved for one in found) / sweeps, 4) if design.bad else None,
        "lost": lost,
        "lost interval": wilson(lost, sweeps),
        "lost of good combinations": sum(one.lost_combination for one in found),
        "good runs stopped": round(sum(one.lost for one in found) / sum(one.good for one in found), 5),
        "best stopped": round(sum(one.lost_best for one in found) / sweeps, 4),
    }


def wilson(count: int, total: int) -> tuple[float, float]:
    """Returns the 95 % interval of a share (Wilson, Probable inference, 1927)."""
    z, share = 1.96, count / total
    middle, half = share + z * z / (2 * total), z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    low, high = ((middle + sign * half) / (1 + z * z / total) for sign in (-1, 1))
    return round(max(low, 0.0), 4), round(min(high, 1.0), 4)


def alone(name: str = "dmc_proprio") -> list[dict[str, Any]]:
    """Returns what rule R1 saves and loses if it stops single runs at a threshold in spreads; two thirds are good."""
    suite = suite_of(name)
    healthy, slow = [], []
    for task, envelope in suite.envelopes.items():
        for seed, curve in enumerate(envelope.curves):
            band = suite.others[task, seed]
            healthy.append(max(band.deficits(curve)))
            slow.append(band.deficits(degrade(curve, "slow", SLOWER, start_of(suite, task))))
    rows = []
    for limit in (1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0):
        flagged = sum(value > limit for value in healthy)
        good = round(len(healthy) * 2 / 3)
        kept = math.comb(len(healthy) - flagged, good) / math.comb(len(healthy), good)
        saved = [next((1 - (i + 1) / len(row) for i, value in enumerate(row) if value > limit), 0.0) for row in slow]
        rows.append({"threshold": limit, "good curves flagged": flagged, "saved": round(sum(saved) / len(saved), 3),
                     "sweeps that lose a good run": round(1 - kept, 3)})  # fmt: skip
    return rows


def show(design: Design, row: Mapping[str, Any]) -> None:
    """Prints the line of a design."""
    saved = "-" if row["saved"] is None else f"{100 * row['saved']:.1f} %"
    low, high = row["lost interval"]
    cells = [design.name, saved, f"{row['lost']}/{row['sweeps']} ({100 * low:.1f} to {100 * high:.1f} %)"]
    cells += [str(row["lost of good combinations"]), f"{100 * row['good runs stopped']:.2f} %"]
    print(f"| {' | '.join(cells)} | {100 * row['best stopped']:.1f} % |", flush=True)


def main() -> None:
    """Prints the tables, and writes the result file after each line."""
    sweeps = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    rows: dict[str, Any] = {}
    result = {"command": f"python -m benchmarks.sweep_stopping {sweeps}", "alone": alone(), "designs": rows}
    print("Single runs, dmc_proprio\n\n| " + " | ".join(result["alone"][0]) + " |\n" + "|---" * 4 + "|")
    for row in result["alone"]:
        print("| " + " | ".join(map(str, row.values())) + " |")
    heads = ("sweep", "saved", "sweeps that lose a good run (95 %)", "of a good combination", "good runs stopped")
    print(f"\n| {' | '.join(heads)} | best combination stopped |\n" + "|---" * 6 + "|")
    with remembering():
        for design in DESIGNS:
            rows[design.name] = measure(design, max(round(design.part * sweeps), 1))
            show(design, rows[design.name])
            write_result("sweep_stopping", result)


if __name__ == "__main__":
    main()
