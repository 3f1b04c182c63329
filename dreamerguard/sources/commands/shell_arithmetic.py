"""Evaluates the arithmetic of a shell on whole numbers: ``$((id % 4 + 1))`` and the index in ``${ratios[id / 4]}``."""

from __future__ import annotations

import re
from collections.abc import Callable

_TOKEN = re.compile(
    r"\s*(?:(\d{1,12})|\$?\{?([A-Za-z_]\w*|(?<=\$)[1-9](?!\d)|(?<=\$\{)[1-9](?=\}))\}?|(\*\*|[-+*/%()]))\s*", re.ASCII
)
_WHOLE = re.compile(r"[-+]?(?:0|[1-9]\d{0,14})")
_LONGEST = 200
_LARGEST = 10**12


def evaluate(text: str, value: Callable[[str], str | None]) -> int | None:
    """Returns the value of an expression; None if it is not known or uses other operators.

    Args:
      text: the expression.
      value: returns the text of a variable; None if unknown.
    """
    try:
        return _Expression(text, value).result()
    except (ValueError, ZeroDivisionError, RecursionError):
        return None


class _Expression:
    def __init__(self, text: str, value: Callable[[str], str | None]) -> None:
        if len(text) > _LONGEST:
            raise ValueError
        self.tokens: list[int | str] = []
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise ValueError
            at = match.end()
            known = value(match[2]) if match[2] else match[1]
            self.tokens.append(match[3] if match[3] else _number(str(known).strip()))

    def result(self) -> int:
        found = self._sum()
        if self.tokens:
            raise ValueError
        return found

    def _next(self, *operators: str) -> str | None:
        if self.tokens and self.tokens[0] in operators:
            return str(self.tokens.pop(0))
        return None

    def _sum(self) -> int:
        total = self._product()
        while sign := self._next("+", "-"):
            total += self._product() if sign == "+" else -self._product()
        return total

    def _product(self) -> int:
        total = self._factor()
        while sign := self._next("*", "/", "%"):
            other = self._factor()
            quotient = abs(total) // abs(other) if sign != "*" else 0
            signed = quotient if (total < 0) == (other < 0) else -quotient
            total = total * other if sign == "*" else signed if sign == "/" else total - signed * other
        if abs(total) > _LARGEST:
            raise ValueError
        return total

    def _factor(self) -> int:
        if sign := self._next("-", "+"):
            return -self._factor() if sign == "-" else self._factor()
        if self._next("("):
            found = self._sum()
            if self._next(")") is None:
                raise ValueError
            return found
        token = self.tokens.pop(0) if self.tokens else ""
        if isinstance(token, str):
            raise ValueError
        return token


def _number(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError  # an octal number, or no number
    return int(text)
