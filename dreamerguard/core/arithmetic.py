"""Arithmetic that returns infinity or NaN where Python's raises an error, for numbers that a user wrote."""

from __future__ import annotations

import math


def quotient(value: float, divisor: float) -> float:
    """Returns ``value / divisor``; infinity with the sign of the value for a divisor of zero, and NaN for 0 / 0."""
    if divisor != 0:
        return value / divisor
    return math.nan if value == 0 or math.isnan(value) else math.copysign(math.inf, value)


def round_up(value: float) -> float:
    """Returns the least whole number that is not below the value. Infinity and NaN are returned unchanged."""
    return float(math.ceil(value)) if math.isfinite(value) else value


def round_half(value: float) -> float:
    """Returns the nearest whole number, as ``round`` does. Infinity and NaN are returned unchanged."""
    return float(round(value)) if math.isfinite(value) else value
