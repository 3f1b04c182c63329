"""Values of shell variables, and what a condition says about them."""

from __future__ import annotations

from dreamerguard.core.source import Span
from dreamerguard.util.fast_dataclass import dataclass

#: Value of a variable: text, the items of an array, or None if unknown. Items and text may hold `argv.UNKNOWN`.
Value = str | tuple[str, ...] | None


class PlacedText(str):
    """The item of an array, with the place where the script writes it."""

    __slots__ = ("span",)
    span: Span

    def __new__(cls, text: str, span: Span) -> PlacedText:
        """Args: text: the item. span: its place."""
        item = super().__new__(cls, text)
        item.span = span
        return item


def places_of(items: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the items of an array with their places if they are arguments of a program; plain ones otherwise."""
    arguments = any(item.startswith("-") or "=" in item for item in items)
    return items if arguments else tuple(str(item) for item in items)


@dataclass(frozen=True, slots=True)
class ConditionOutcome:
    """The outcome of a condition.

    Attributes:
      status: whether it holds; None if both may be.
      name: variable that the condition compares with `value`.
      value: its value if the condition holds.
      asked: the outcome for which the caller must have given something; None if neither.
      filled: variable that is not empty with that outcome.
    """

    status: bool | None = None
    name: str = ""
    value: str = ""
    asked: bool | None = None
    filled: str = ""
