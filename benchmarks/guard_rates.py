"""Reprints what the guard promises about false alarms and detection, and fails if a promise is not kept.

Usage: ``python -m benchmarks.guard_rates [--stored]``. Runs the benchmarks ``false_alarms``, ``detection`` and
``synthetic_laboratories`` (some minutes) and prints the promises; ``--stored`` only reads their stored results.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import detection, false_alarms, synthetic_laboratories

_RESULTS = Path(__file__).with_name("results")


@dataclass(frozen=True)
class Promise:
    """A promise: the measured share of runs and its limit.

    Attributes:
      what: what is promised.
      count, of: runs that were called too low, and all.
      most, least: largest and smallest share; None without such a limit.
    """

    what: str
    count: int
    of: int
    most: float | None = None
    least: float | None = None

    @property
    def kept(self) -> bool:
        """Whether the measured share is within the limits, to a whole per cent."""
        share = self.count / self.of
        return (self.most is None or share <= self.most) and (self.least is None or round(share, 2) >= self.least)

    def __str__(self) -> str:
        limit = f"at most {self.most:.0%}" if self.most is not None else f"at least {self.least:.0%}"
        kept = "kept" if self.kept else "NOT KEPT"
        return f"{self.what}: {100 * self.count / self.of:.1f} % ({self.count} of {self.of}); {limit}: {kept}"


def stored(name: str) -> dict[str, Any]:
    """Returns a stored result."""
    found: dict[str, Any] = json.loads((_RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def promises() -> Iterator[Promise]:
    """Yields the promises with the stored figures."""
    alarms, found, laboratories = stored("false_alarms"), stored("detection"), stored("synthetic_laboratories")
    yield Promise("false alarms on all published curves, as watch judges", *alarms["all"]["watch"], most=0.05)
    for suite, least in (("dmc_proprio", 0.81), ("dmc_vision", 0.90)):
        kind = "guaranteed harms" if suite == "dmc_vision" else "harms"
        slow = found[kind][suite]["slow 4"]
        yield Promise(f"{suite}: 4 times slower runs are detected", slow["caught"], slow["of"], least=least)
    stuck = found["walker"]["dmc_proprio, learns only to 250"]
    yield Promise("walker-walk stuck at 250 is detected", stuck["caught"], stuck["of"], least=1.0)
    when = round(100 * stuck["latest share"])
    yield Promise("its latest alarm, in per cent of the budget", when, 100, most=0.43)
    for label, row in laboratories.items():
        if label in synthetic_laboratories.LABORATORIES:
            yield Promise(f"laboratory {label}, own reference", *row["all"]["own"], most=0.05)
    slower = laboratories["20 % slower"]["all"]["other laboratory"]
    yield Promise("laboratory 20 % slower, --other-laboratory", *slower, most=0.05)


def main() -> None:
    """Prints the promises; exit code 1 if one is not kept."""
    if "--stored" not in sys.argv[1:]:
        for benchmark in (false_alarms, detection, synthetic_laboratories):
            benchmark.main()
    print()
    found = list(promises())
    for promise in found:
        print(promise)
    sys.exit(not all(promise.kept for promise in found))


if __name__ == "__main__":
    main()
