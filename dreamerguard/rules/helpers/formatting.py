"""Formats numbers for messages."""

from __future__ import annotations

import math

from dreamerguard.core.arithmetic import quotient

_UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
#: Numbers from here on are not counted in units: no run is that long.
_HUGE = 1e15


def amount(value: float) -> str:
    """Formats a number with two or three digits and a unit: 7.7 k, 124 k, 1.1 M.

    A number beyond all units has an exponent, and one that no float can hold is ``more than 1e308``.
    """
    if math.isinf(value):
        return "more than 1e308" if value > 0 else "less than -1e308"
    if abs(value) >= _HUGE:
        return f"{value:.3g}"
    for size, unit in _UNITS:
        if abs(value) >= size * 0.9995:
            return f"{value / size:.3g} {unit}" if value / size >= 100 else f"{value / size:.2g} {unit}"
    return f"{value:.3g}"


def times(factor: float) -> str:
    """Formats a factor of at least 1: 16 times, 2.5 times."""
    return f"{factor:.3g} times" if factor < 1000 else f"{amount(factor)} times"


def share(value: float) -> str:
    """Formats a share below 1 as a simple fraction where one fits, otherwise in percent: 1/16, 38 %."""
    if value <= 0:
        return "none"
    parts = quotient(1, value)
    if 1.9 <= parts < _HUGE and abs(parts - round(parts)) < 0.02 * parts:
        return f"1/{round(parts)}"
    return f"{100 * value:.2g} %" if value < 0.995 else f"{100 * value:.0f} %"


def score(value: float) -> str:
    """Formats a score in the points of the task."""
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}"


def gibibytes(value: float) -> str:
    """Formats a number of bytes in GiB."""
    return f"{value / 2**30:.3g} GiB" if math.isfinite(value) else "more than 1e298 GiB"
