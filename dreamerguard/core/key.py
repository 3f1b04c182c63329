"""One key of a training program, and the check whether a value fits it."""

from __future__ import annotations

import math
from typing import Literal

from dreamerguard.util.fast_dataclass import dataclass

from .source import Value
from .values import as_number, resolve_scalar, spell_scalar

Kind = Literal["integer", "number", "boolean", "text", "choice", "integers", "list"]

#: Whole numbers are smaller: larger ones fit no variable of a program.
TOO_LARGE = 2**63

_ARTICLES: dict[Kind, str] = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "text": "text",
    "choice": "a name",
    "integers": "a list of whole numbers",
    "list": "a list",
}


@dataclass(frozen=True, slots=True)
class Key:
    """A key that the training program has.

    Attributes:
      path: dotted name.
      kind: type of its value.
      default: value if nothing sets it; None if there is no default.
      description: effect of the key, for people.
      unit: unit of a number.
      choices: all values of a choice.
      optional: whether null is a valid value.
      low, high: inclusive bounds unless `above` or `below` says otherwise. Infinity is valid only if `high` is
        infinite.
      above, below: exclusive bounds.
      multiple: number that an integer must be a multiple of.
      fewest, most: least and greatest length of a list.
      dead: reason why the value has no effect; empty if it has one.
      read: file and line where the program reads it.
    """

    path: str
    kind: Kind
    default: Value
    description: str = ""
    unit: str = ""
    choices: tuple[Value, ...] = ()
    optional: bool = False
    low: float | None = None
    high: float | None = None
    above: float | None = None
    below: float | None = None
    multiple: int | None = None
    fewest: int | None = None
    most: int | None = None
    dead: str = ""
    read: str = ""

    @property
    def expects(self) -> str:
        """Type, range and unit for people, as in ``a number of at least 0, in replayed agent steps per agent step``."""
        if self.kind == "choice":
            return f"one of {', '.join(spell_scalar(choice) for choice in self.choices)}"
        text = " ".join(part for part in (_ARTICLES[self.kind], self._range()) if part)
        if self.unit == "fraction":
            return f"{text}, as a fraction"
        return f"{text}, in {self.unit}" if self.unit else text

    def expected_instead(self, value: Value) -> str:
        """Returns `expects` for a message about a value, with the bound of all numbers if the value breaks it."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self.expects
        if not math.isfinite(as_number(value)):
            return self.expects.replace("a number", "a finite number", 1)
        too_large = self.kind == "integer" and self.high is None and value >= TOO_LARGE
        return f"{self.expects}, below 2^63" if too_large else self.expects

    def _range(self) -> str:
        if self.kind == "integers":
            return f"({self.fewest or 0} to {self.most} of them)" if self.most is not None else ""
        high = self.high if self.high != math.inf else None
        limits = {"of at least": self.low, "above": self.above, "at most": high, "below": self.below}
        bounds = [f"{word} {spell_scalar(limit)}" for word, limit in limits.items() if limit is not None]
        if self.low is not None and high is not None:
            bounds = [f"from {spell_scalar(self.low)} to {spell_scalar(high)}"]
        steps = [f"in multiples of {self.multiple}"] if self.multiple is not None else []
        return ", ".join([" and ".join(bounds), *steps]).strip(", ")

    def accepts_type(self, value: Value) -> bool:
        """Returns whether the value has the key's type. Text is never a number, and true is never 1."""
        if value is None:
            return self.optional
        if self.kind == "integers":
            return isinstance(value, tuple) and all(isinstance(i, int) and not isinstance(i, bool) for i in value)
        if self.kind == "list":
            return isinstance(value, tuple)
        if self.kind == "boolean":
            return isinstance(value, bool)
        if self.kind == "text":
            return isinstance(value, str)
        if self.kind == "choice":
            return not isinstance(value, tuple)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return self.kind == "number" or isinstance(value, int) or not math.isfinite(value) or value.is_integer()

    def in_range(self, value: Value) -> bool:
        """Returns whether a value of the right type is in the allowed range."""
        if self.kind == "choice":
            return any(type(choice) is type(self.convert(value)) and choice == value for choice in self.choices)
        if value is None or isinstance(value, bool):
            return True
        if isinstance(value, tuple):
            return (self.fewest or 0) <= len(value) <= (self.most or len(value))
        if isinstance(value, str):
            return self.kind == "text"
        if not math.isfinite(as_number(value)):
            return self.high == value
        if self.kind == "integer" and abs(value) >= TOO_LARGE:
            return False
        fits = not (
            (self.low is not None and value < self.low)
            or (self.high is not None and value > self.high)
            or (self.above is not None and value <= self.above)
            or (self.below is not None and value >= self.below)
        )
        return fits and (self.multiple is None or value % self.multiple == 0)

    def convert(self, value: Value) -> Value:
        """Returns the value in the key's type: 1e6 becomes 1000000 for an integer, 32 becomes 32.0 for a number."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        if self.kind == "number":
            return as_number(value)
        whole = isinstance(value, int) or value.is_integer()
        return int(value) if whole and self.kind in ("integer", "choice") else value

    def intended_value(self, value: Value) -> Value:
        """Returns the correctly typed value that a text probably means, or the value itself if no typed value fits."""
        if not isinstance(value, str):
            return value
        plain: Value = resolve_scalar(value.replace("_", "") if self.kind in ("integer", "number") else value)
        if self.kind == "boolean":
            plain = {"yes": True, "on": True, "no": False, "off": False}.get(value.lower(), plain)
        usable = plain is not None and self.accepts_type(plain) and self.in_range(plain)
        return self.convert(plain) if usable else value


@dataclass(frozen=True, slots=True)
class RenamedKey:
    """The replacement for a key of another program, or for a former key of this program.

    Attributes:
      path: key to use instead.
      note: difference in meaning; empty if the value can stay as it is.
    """

    path: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """Keys that have an effect only while another key has certain values."""

    keys: tuple[str, ...]
    other: str
    values: tuple[Value, ...]
    #: Values of the other key for which the keys have no effect; used if ``values`` is empty.
    unless: tuple[Value, ...] = ()

    def holds(self, value: Value) -> bool:
        """Returns whether the keys have an effect while the other key has this value."""
        return value in self.values if self.values else value not in self.unless
