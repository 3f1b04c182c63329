"""Measures false alarms of rule R1 on healthy published seeds, each compared with the others of its task.

Usage: ``python -m benchmarks.false_alarms [SUITE ...]``. Whole runs, all looks, thresholds from other tasks. The
columns "guaranteed" are of the rule with a proved rate, from all curves but the judged one; "watch" is the rule that
`watch` uses for each task.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

from benchmarks.published import RATES, Suite, parse, rate, write_result
from dreamerguard.regression.statistics.binned_curve import across, trailing

#: Columns of the guarantee: false alarm rate -> column.
GUARANTEED = {value: f"guaranteed {value:g}" for value in RATES}


def measure(suite: Suite, *, guarantee: bool = True) -> dict[str, list[bool]]:
    """Returns column -> one flag per healthy seed (per pair of seeds of a task for ``pairs``).

    Args:
      suite: the curves.
      guarantee: whether to measure the guaranteed rule too, which takes most of the time.
    """
    flags: dict[str, list[bool]] = {f"{value:g}": [] for value in RATES} | {"end": [], "pairs": [], "by eye": []}
    flags |= {column: [] for column in (*GUARANTEED.values(), "watch")}
    for task, envelope in suite.envelopes.items():
        alarms = []
        for seed, curve in enumerate(envelope.curves):
            for value in RATES:
                flags[f"{value:g}"].append(suite.null[task][seed] > suite.threshold(task, value, seed))
            alarms.append(flags["0.05"][-1])
            if guarantee:
                for value, column in GUARANTEED.items():
                    flags[column].append(suite.first_guaranteed_alarm(task, seed, curve, value) is not None)
                flags["watch"].append(flags["guaranteed 0.05" if suite.is_guaranteed(task) else "0.05"][-1])
            deficits = suite.others[task, seed].deficits(curve)
            last = max(index for index, score in enumerate(curve) if score is not None)
            flags["end"].append(deficits[last] > suite.threshold(task, 0.05, seed))
            rest = [*envelope.curves[:seed], *envelope.curves[seed + 1 :]]
            worst = across([trailing(other, 0.0) for other in rest], min)
            early = int(0.1 * len(curve) - 1e-9)
            pairs = zip(curve[early:], worst[early:], strict=True)
            flags["by eye"].append(any(y is not None and low is not None and y < low for y, low in pairs))
        flags["pairs"] += [a and b for a, b in combinations(alarms, 2)]
    return flags


def main() -> None:
    """Prints the table and writes the result file."""
    columns = ("0.1", "0.05", "0.02", "end", "pairs", "by eye", *GUARANTEED.values(), "watch")
    heads = ("at 10 %", "at 5 %", "at 2 %", "5 %, low at the end", "both of two seeds", "by eye: below the worst seed")
    heads += ("guaranteed 10 %", "guaranteed 5 %", "guaranteed 2 %", "watch, 5 %")
    print("| suite | tasks | curves | " + " | ".join(heads) + " |")
    print("|---" * (len(heads) + 3) + "|")
    result: dict[str, Any] = {}
    total: dict[str, list[bool]] = {column: [] for column in columns}
    for suite in parse(__doc__ or ""):
        flags = measure(suite)
        cells = " | ".join(rate(flags[column]) for column in columns)
        print(f"| {suite.name} | {len(suite.envelopes)} | {len(flags['0.05'])} | {cells} |")
        result[suite.name] = {column: [sum(flags[column]), len(flags[column])] for column in columns}
        for column in columns:
            total[column] += flags[column]
    print(f"| all | | {len(total['0.05'])} | " + " | ".join(rate(total[column]) for column in columns) + " |")
    result["all"] = {column: [sum(total[column]), len(total[column])] for column in columns}
    write_result("false_alarms", result)


if __name__ == "__main__":
    main()
