"""Measures how many worse runs rule R1 detects, and when: published seeds made slower, weaker or broken, with noise.

Usage: ``python -m benchmarks.detection [SUITE ...]``. Each seed is excluded from its reference; thresholds come from
other tasks. "Guaranteed" tables are of the rule with a proved false alarm rate. The walker-walk table is the run of
https://github.com/danijar/dreamerv3/issues/140: 32 instead of 512 replayed steps per step, 200 to 300 instead of over
900.
"""

from __future__ import annotations

from statistics import median
from typing import Any

from benchmarks.published import Suite, degrade, parse, write_result
from dreamerguard.regression.statistics.binned_curve import learned_range, trailing

HARMS: tuple[tuple[str, float], ...] = (
    ("slow", 2), ("slow", 4), ("slow", 16), ("gain", 0.2), ("gain", 0.3), ("gain", 0.5), ("gain", 0.75),
    ("collapse", 0.5),
)  # fmt: skip
WALKER = "dmc_walker_walk"


def alarms(
    suite: Suite, task: str, kind: str, amount: float, value: float = 0.05, *, guaranteed: bool = False
) -> list[float | None]:
    """Returns the share of the budget at the first alarm for each degraded seed of a task; None without an alarm."""
    envelope = suite.envelopes[task]
    start = start_of(suite, task)
    first = suite.first_guaranteed_alarm if guaranteed else suite.first_alarm
    return [first(task, seed, degrade(curve, kind, amount, start), value) for seed, curve in enumerate(envelope.curves)]


def start_of(suite: Suite, task: str) -> float:
    """Returns the score before learning."""
    return learned_range([trailing(curve, 0.16) for curve in suite.envelopes[task].curves])[1]


def capped(suite: Suite, top: float, value: float = 0.05, *, guaranteed: bool = False) -> list[float | None]:
    """Returns `alarms` for walker-walk seeds that never learn beyond a score."""
    envelope, start = suite.envelopes[WALKER], start_of(suite, WALKER)
    share = 1 - (top - start) / (envelope.final.median - start)
    return alarms(suite, WALKER, "gain", share, value, guaranteed=guaranteed)


def _summary(found: list[float | None]) -> dict[str, Any]:
    hits = [share for share in found if share is not None]
    return {"caught": len(hits), "of": len(found), "median share": round(median(hits), 3) if hits else None}


def _text(entry: dict[str, Any]) -> str:
    when = f" @{entry['median share']:.2f}" if entry["caught"] else ""
    return f"{100 * entry['caught'] / entry['of']:.0f} %{when}"


def _harms(suites: list[Suite], guaranteed: bool) -> dict[str, Any]:
    """Prints and returns the table of all suites."""
    heads = [f"{kind} {amount:g}" for kind, amount in HARMS]
    rule = "the guaranteed 5 %" if guaranteed else "5 %"
    print(f"\nShare of worse runs detected at {rule} @ median share of the budget at the alarm\n")
    print("| suite | " + " | ".join(heads) + " |\n" + "|---" * (len(heads) + 1) + "|")
    result = {}
    for suite in suites:
        row = {}
        for head, (kind, amount) in zip(heads, HARMS, strict=True):
            found = [x for task in suite.envelopes for x in alarms(suite, task, kind, amount, guaranteed=guaranteed)]
            row[head] = _summary(found)
        result[suite.name] = row
        print(f"| {suite.name} | " + " | ".join(_text(row[head]) for head in heads) + " |", flush=True)
    return result


def _walker(suites: list[Suite], guaranteed: bool) -> dict[str, Any]:
    """Prints and returns the table of walker-walk."""
    print(f"\n{'Guaranteed 5 %' if guaranteed else 'At 5 %'}\n")
    print(
        "| reference | walker-walk run | detected | share of the budget, median and latest | frames |\n"
        + "|---" * 5
        + "|"
    )
    result = {}
    for suite in (suite for suite in suites if WALKER in suite.envelopes):
        cases = {f"learns only to {top}": capped(suite, top, guaranteed=guaranteed) for top in (250, 600, 800, 900)}
        cases |= {
            f"{times}x slower": alarms(suite, WALKER, "slow", times, guaranteed=guaranteed) for times in (2, 4, 8, 16)
        }
        for label, found in cases.items():
            hits = sorted(share for share in found if share is not None)
            entry = _summary(found) | {"latest share": round(hits[-1], 3) if hits else None}
            result[f"{suite.name}, {label}"] = entry
            when = f"{median(hits):.2f}, {hits[-1]:.2f}" if hits else "-"
            frames = f"{median(hits) * suite.envelopes[WALKER].budget:,.0f}" if hits else "-"
            print(f"| {suite.name} | {label} | {len(hits)} of {len(found)} | {when} | {frames} |")
    return result


def main() -> None:
    """Prints all tables and writes the result file."""
    suites = parse(__doc__ or "")
    result: dict[str, Any] = {"harms": {}, "walker": {}, "guaranteed harms": {}, "guaranteed walker": {}}
    for prefix in ("", "guaranteed "):
        result[f"{prefix}harms"] = _harms(suites, bool(prefix))
    for prefix in ("", "guaranteed "):
        result[f"{prefix}walker"] = _walker(suites, bool(prefix))
    write_result("detection", result)


if __name__ == "__main__":
    main()
