"""One key of a dialect, and whether a value fits it."""

from __future__ import annotations

import math
from typing import Literal

from dreamerguard.util.fast_dataclass import dataclass

from .model import Value
from .values import resolve_scalar, spell_scalar

Kind = Literal["integer", "number", "boolean", "text", "choice", "integers", "list"]

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
    """A setting that exists.

    Attributes:
      path: dotted name.
      kind: type of its value.
      default: value when nothing sets it; none when it has none.
      description: what it does, for people.
      unit: unit of a number.
      choices: all values of a choice.
      optional: whether null is a value.
      low, high: inclusive bounds unless `above` or `below` says otherwise.
      above, below: exclusive bounds.
      multiple: what an integer must be a multiple of.
      fewest, most: numbers in a list.
      dead: why the value changes nothing, in a program that never reads it.
      read: file and line of the program that reads it.
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
        """Type, range and unit for people: a number of at least 0, in replayed agent steps per agent step."""
        if self.kind == "choice":
            return f"one of {', '.join(spell_scalar(choice) for choice in self.choices)}"
        text = " ".join(part for part in (_ARTICLES[self.kind], self._range()) if part)
        if self.unit == "fraction":
            return f"{text}, as a fraction"
        return f"{text}, in {self.unit}" if self.unit else text

    def _range(self) -> str:
        if self.kind == "integers":
            return f"({self.fewest or 0} to {self.most} of them)" if self.most is not None else ""
        limits = {"of at least": self.low, "above": self.above, "at most": self.high, "below": self.below}
        bounds = [f"{word} {spell_scalar(limit)}" for word, limit in limits.items() if limit is not None]
        if self.low is not None and self.high is not None:
            bounds = [f"from {spell_scalar(self.low)} to {spell_scalar(self.high)}"]
        steps = [f"in multiples of {self.multiple}"] if self.multiple is not None else []
        return ", ".join([" and ".join(bounds), *steps]).strip(", ")

    def accepts_type(self, value: Value) -> bool:
        """Whether the value has the key's type. Text never counts as a number, nor true as 1."""
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
        return self.kind == "number" or not math.isfinite(value) or float(value).is_integer()

    def in_range(self, value: Value) -> bool:
        """Whether a value of the right type is allowed."""
        if self.kind == "choice":
            return any(type(choice) is type(self.convert(value)) and choice == value for choice in self.choices)
        if value is None or isinstance(value, bool):
            return True
        if isinstance(value, tuple):
            return (self.fewest or 0) <= len(value) <= (self.most or len(value))
        if isinstance(value, str):
            return self.kind == "text"
        fits = math.isfinite(value) and not (
            (self.low is not None and value < self.low)
            or (self.high is not None and value > self.high)
            or (self.above is not None and value <= self.above)
            or (self.below is not None and value >= self.below)
        )
        return fits and (self.multiple is None or value % self.multiple == 0)

    def convert(self, value: Value) -> Value:
        """The value in the key's own type: 1e6 becomes 1000000 for an integer, 32 becomes 32.0 for a number."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        if self.kind == "number":
            return float(value)
        whole = isinstance(value, int) or value.is_integer()
        return int(value) if whole and self.kind in ("integer", "choice") else value

    def mend(self, value: Value) -> Value:
        """A value of the right type that a wrongly typed one probably means; the value itself when there is none."""
        if not isinstance(value, str):
            return value
        plain: Value = resolve_scalar(value.replace("_", "") if self.kind in ("integer", "number") else value)
        if self.kind == "boolean":
            plain = {"yes": True, "on": True, "no": False, "off": False}.get(value.lower(), plain)
        usable = plain is not None and self.accepts_type(plain) and self.in_range(plain)
        return self.convert(plain) if usable else value


@dataclass(frozen=True, slots=True)
class RenamedKey:
    """A key that other programs have, or this one had, and what to use instead.

    ``note`` says what differs; when it is empty the value can be kept as it is.
    """

    path: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """Keys that only have an effect while another key has one of some values."""

    keys: tuple[str, ...]
    other: str
    values: tuple[Value, ...]
    #: The negative: these values of the other key switch them off.
    unless: tuple[Value, ...] = ()

    def holds(self, value: Value) -> bool:
        """Whether the keys have an effect."""
        return value in self.values if self.values else value not in self.unless
