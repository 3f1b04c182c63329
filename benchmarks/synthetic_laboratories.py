"""Measures false alarms in synthetic laboratories, each judged by its own curves and by the published ones.

Usage: ``python -m benchmarks.synthetic_laboratories [SUITE ...]``. A laboratory changes every published curve in the
same way. Its own reference consists of its other curves, with its own spread and thresholds from its other tasks; the
rates are promised for it. The published reference promises nothing about another laboratory; the columns show what
happens.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from benchmarks.detection import start_of
from benchmarks.published import Suite, degrade, parse, rate, write_result
from dreamerguard.regression.published import Envelope
from dreamerguard.regression.statistics.binned_curve import Curve, learned_range, relative_spread, trailing

#: Laboratory -> factor of the time to learn, factor of the scores, shift in learned ranges.
LABORATORIES: dict[str, tuple[float, float, float]] = {
    "as published": (1.0, 1.0, 0.0),
    "shift by -10 % of the range": (1.0, 1.0, -0.1),
    "shift by +10 % of the range": (1.0, 1.0, 0.1),
    "scores times 0.8": (1.0, 0.8, 0.0),
    "scores times 1.25": (1.0, 1.25, 0.0),
    "20 % slower": (1.2, 1.0, 0.0),
}
RATE = 0.05
#: References, and ``--other-laboratory`` with the published one.
COLUMNS = ("own", "own, guaranteed", "published", "other laboratory")
#: Worse runs for the cost of ``--other-laboratory``: kind and amount of `degrade`.
HARMS = (("slow", 2.0), ("slow", 4.0), ("gain", 0.5))


def change(curve: Curve, how: tuple[float, float, float], scale: float) -> tuple[float | None, ...]:
    """Returns a curve of another laboratory; ``scale`` is the learned range of the task."""
    slower, factor, shift = how
    late = degrade(curve, "slow", slower, 0.0)
    return tuple(None if y is None else factor * y + shift * scale for y in late)


@dataclass(frozen=True)
class Laboratory(Suite):
    """A suite whose curves are all changed in the same way."""

    how: tuple[float, float, float] = (1.0, 1.0, 0.0)

    @cached_property
    def envelopes(self) -> dict[str, Envelope]:
        """Task -> the laboratory's curves; the other statistics of an envelope stay and are not used."""
        found = {}
        for task, envelope in Suite(self.name).envelopes.items():
            scale, _ = learned_range([trailing(curve, 0.16) for curve in envelope.curves])
            found[task] = replace(envelope, curves=tuple(change(curve, self.how, scale) for curve in envelope.curves))
        return found

    @cached_property
    def prior(self) -> float:
        """The laboratory's own relative spread."""
        return relative_spread([envelope.curves for envelope in self.envelopes.values()], 0.16)


def measure(suite: Suite, how: tuple[float, float, float]) -> dict[str, list[bool]]:
    """Returns column -> one flag per healthy seed of a laboratory."""
    own = Laboratory(suite.name, how)
    flags: dict[str, list[bool]] = {column: [] for column in COLUMNS}
    for task, envelope in own.envelopes.items():
        for seed, curve in enumerate(envelope.curves):
            flags["own"].append(own.first_alarm(task, seed, curve, RATE) is not None)
            flags["own, guaranteed"].append(own.first_guaranteed_alarm(task, seed, curve, RATE) is not None)
            flags["published"].append(suite.first_alarm(task, seed, curve, RATE) is not None)
            flags["other laboratory"].append(suite.first_alarm_of_slower(task, seed, curve, RATE) is not None)
    return flags


def _detected(suites: list[Suite]) -> dict[str, Any]:
    """Prints and returns how many worse runs are detected with the published reference, and with the option."""
    heads = [f"{kind} {amount:g}" for kind, amount in HARMS]
    print("\nWorse runs detected at 5 %: published reference / with --other-laboratory\n")
    print("| suite | " + " | ".join(heads) + " |\n" + "|---" * (len(heads) + 1) + "|")
    result: dict[str, Any] = {}
    for suite in suites:
        row: dict[str, list[int]] = {}
        for head, (kind, amount) in zip(heads, HARMS, strict=True):
            usual, other, count = 0, 0, 0
            for task, envelope in suite.envelopes.items():
                start = start_of(suite, task)
                for seed, curve in enumerate(envelope.curves):
                    worse = degrade(curve, kind, amount, start)
                    usual += suite.first_alarm(task, seed, worse, RATE) is not None
                    other += suite.first_alarm_of_slower(task, seed, worse, RATE) is not None
                    count += 1
            row[head] = [usual, other, count]
        result[suite.name] = row
        print(
            f"| {suite.name} | "
            + " | ".join(f"{100 * a / n:.0f} / {100 * b / n:.0f}" for a, b, n in row.values())
            + " |"
        )
    return result


def main() -> None:
    """Prints the table and writes the result file."""
    suites = parse(__doc__ or "")
    print(
        "False alarms over whole runs at 5 %: own reference, measured / guaranteed; published reference;"
        " --other-laboratory\n"
    )
    print(
        "| laboratory | " + " | ".join(suite.name for suite in suites) + " | all |\n" + "|---" * (len(suites) + 2) + "|"
    )
    result: dict[str, Any] = {"command": "python -m benchmarks.synthetic_laboratories"}
    for label, how in LABORATORIES.items():
        cells, total = [], {column: list[bool]() for column in COLUMNS}
        row = {}
        for suite in suites:
            flags = measure(suite, how)
            row[suite.name] = {column: [sum(found), len(found)] for column, found in flags.items()}
            cells.append(" / ".join(f"{100 * sum(found) / len(found):.1f}" for found in flags.values()))
            for column, found in flags.items():
                total[column] += found
        row["all"] = {column: [sum(found), len(found)] for column, found in total.items()}
        print(f"| {label} | {' | '.join(cells)} | {'; '.join(rate(found) for found in total.values())} |", flush=True)
        result[label] = row
    result["detected"] = _detected(suites)
    write_result("synthetic_laboratories", result)


if __name__ == "__main__":
    main()
