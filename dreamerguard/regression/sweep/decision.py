"""What an early stop decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Hopeless:
    """A run to stop.

    Attributes:
      name: of the run.
      rule: ``reference`` or ``best``; ``halving`` for successive halving.
      reason: one line.
      level: largest probability that the rule stops any combination of the sweep that is as good as what it is compared
        with; 1 if the rule promises none.
    """

    name: str
    rule: Literal["reference", "best", "halving"]
    reason: str
    level: float


@dataclass(frozen=True, slots=True)
class StopDecision:
    """What one call decides.

    Attributes:
      stops: runs to stop now; also those of earlier calls that have not ended.
      state: what the next call needs, for JSON.
      looks: one line for each look that was made.
    """

    stops: tuple[Hopeless, ...]
    state: dict[str, Any]
    looks: tuple[str, ...]


def stopped_combinations(state: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns the labels of the combinations that were stopped, from the state of `find_hopeless` or `halve`."""
    return tuple(label for label, row in state.get("combinations", {}).items() if row.get("hopeless"))
