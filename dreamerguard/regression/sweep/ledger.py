"""Keeps the evidence of a sweep between looks: which looks were made, and which combinations are hopeless."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Rule = Literal["reference", "best"]

#: Version of the stored state.
FORMAT = 1

#: Fields with tasks.
_TASKS = ("behind", "compared")


@dataclass(slots=True)
class LedgerRecord:
    """The looks of one combination.

    Attributes:
      looks: number of planned looks that are over.
      evidence: rule -> logarithm of the e-value, over all looks.
      ranks: the part of it that is a weighted sum over looks.
      against: rule -> what it was last compared with.
      behind, compared: rule -> tasks of the last look where most of its seeds are behind, and all of its tasks.
      hopeless: the rule that showed it to be worse; None otherwise.
    """

    looks: int = 0
    evidence: dict[Rule, float] = field(default_factory=dict)
    ranks: dict[Rule, float] = field(default_factory=dict)
    against: dict[Rule, str] = field(default_factory=dict)
    behind: dict[Rule, list[str]] = field(default_factory=dict)
    compared: dict[Rule, list[str]] = field(default_factory=dict)
    hopeless: Rule | None = None


@dataclass(slots=True)
class Ledger:
    """All combinations of a sweep.

    Attributes:
      rate: error rate of the whole sweep.
      rules: the rules that share it.
      family: number of combinations at the first call.
      records: label -> looks of a combination.
    """

    rate: float
    rules: tuple[Rule, ...]
    family: int
    records: dict[str, LedgerRecord]

    @classmethod
    def of(cls, state: Mapping[str, Any], labels: tuple[str, ...], rate: float, rules: tuple[Rule, ...]) -> Ledger:
        """Reads a state, or starts a new one if it is empty.

        Raises:
          ValueError: the state cannot be read or does not fit the arguments.
        """
        if not rules or not 0 < rate < 1:
            raise ValueError(f"the rate must lie between 0 and 1 and there must be a rule, not {rate} and {rules}")
        try:
            records = {label: _record(row) for label, row in state.get("combinations", {}).items()}
            family = int(state.get("family", len(labels)))
            stored = (state.get("format", FORMAT), state.get("rate", rate), tuple(state.get("rules", rules)))
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise ValueError(f"the stored state of the sweep's looks cannot be read: {error}") from error
        if stored != (FORMAT, rate, rules):
            text = "the state of the sweep's looks was made with format, rate and rules"
            raise ValueError(f"{text} {stored}, not {(FORMAT, rate, rules)}; keep them until the sweep ends")
        if state and (new := [label for label in labels if label not in records]):
            text = f"the sweep has combinations that it did not have at its first look: {', '.join(new[:3])}"
            raise ValueError(f"{text}; the error rate is shared by those planned, so run new ones as a new sweep")
        found = {label: records.get(label, LedgerRecord()) for label in (*records, *labels)}
        for record in found.values():
            record.evidence = {rule: record.evidence.get(rule, -math.inf) for rule in rules}
            record.ranks = {rule: record.ranks.get(rule, -math.inf) for rule in rules}
        return cls(rate, rules, family, found)

    def decide(self) -> None:
        """Marks combinations as hopeless: Holm's limits for each rule, with an equal part of the rate."""
        for rule in self.rules:
            left = sum(record.hopeless != rule for record in self.records.values()) + self.family - len(self.records)
            open_ones = [record for record in self.records.values() if record.hopeless is None]
            for record in sorted(open_ones, key=lambda record: -record.evidence[rule]):
                if record.evidence[rule] < math.log(left * len(self.rules) / self.rate):
                    break
                record.hopeless = rule
                left -= 1

    def state(self) -> dict[str, Any]:
        """Returns the state for JSON."""
        return {
            "format": FORMAT, "rate": self.rate, "rules": list(self.rules), "family": self.family,
            "combinations": {label: _row(record) for label, record in self.records.items()},
        }  # fmt: skip


def _row(record: LedgerRecord) -> dict[str, Any]:
    logs = {"evidence": _plain(record.evidence), "ranks": _plain(record.ranks)}
    last = {"against": dict(record.against), "behind": dict(record.behind), "compared": dict(record.compared)}
    return {"looks": record.looks, **logs, **last, "hopeless": record.hopeless}


def _plain(logs: Mapping[Rule, float]) -> dict[str, float | None]:
    return {rule: None if log == -math.inf else log for rule, log in logs.items()}


def _record(row: Mapping[str, Any]) -> LedgerRecord:
    behind, compared = ({rule: list(map(str, tasks)) for rule, tasks in row[key].items()} for key in _TASKS)
    against = dict(row["against"])
    logs = _logs(row["evidence"]), _logs(row["ranks"])
    return LedgerRecord(int(row["looks"]), *logs, against, behind, compared, row["hopeless"])


def _logs(stored: Mapping[Rule, float | None]) -> dict[Rule, float]:
    return {rule: -math.inf if log is None else float(log) for rule, log in stored.items()}
