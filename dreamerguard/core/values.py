"""Types of plain scalars, after the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema).

The rules are the same in files and for ``key=value`` on the command line. They differ from YAML 1.1, which PyYAML
follows: ``1e6`` and ``5e-5`` are numbers, ``yes``, ``no``, ``on`` and ``off`` are text, ``12:30`` is text, octal is
``0o17``. A number has no underscores: ``1_000_000`` is text.
"""

from __future__ import annotations

import math
import re
import sys

from .source import Plain, Value

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
_OCTAL = re.compile(r"0o[0-7]+", re.ASCII)
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_INFINITY = re.compile(r"[-+]?\.(inf|Inf|INF)")
_NAN = frozenset({".nan", ".NaN", ".NAN"})
#: First characters of a number.
_NUMERIC = frozenset("+-.0123456789")
#: Longer integers become floats: no setting needs them, and converting thousands of digits is slow.
_LONGEST_INTEGER = 18
#: Whole numbers from here on are written with an exponent.
_LONG = 10**22
#: Floats below have fewer digits than the others.
_SMALLEST_NORMAL = sys.float_info.min


def resolve_scalar(text: str) -> Plain:
    """Returns the value of an unquoted scalar."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    return _number(text) if text[0] in _NUMERIC else text


def read_value(text: str) -> Value:
    """Returns the value of a command-line argument: a scalar, or a list of scalars in brackets, ``[2, 3, 4]``."""
    if text.startswith("[") and text.endswith("]"):
        items = [item.strip() for item in text[1:-1].split(",")]
        return tuple(resolve_scalar(item) for item in items) if items != [""] else ()
    return resolve_scalar(text)


def _number(text: str) -> Plain:
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) <= _LONGEST_INTEGER else float(text)
    if _OCTAL.fullmatch(text) or _HEXADECIMAL.fullmatch(text):
        number = int(text, 0) if len(text) <= _LONGEST_INTEGER else None
        return text if number is None else number
    if _FLOAT.fullmatch(text):
        return float(text)
    if _INFINITY.fullmatch(text):
        return float(text.replace(".", "", 1).lower())
    if text in _NAN:
        return float("nan")
    return text


def spell_scalar(value: Value) -> str:
    """Returns a short text that reads back as ``value``: 512, 4e-5, true. Text is returned unchanged.

    A whole number of more than 22 digits is rounded, 1e+400.
    """
    if isinstance(value, tuple):
        return f"[{', '.join(spell_scalar(item) for item in value)}]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and abs(value) >= _LONG:
        return _rounded(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, float):
        return f"{value:.12g}" if abs(value) >= _SMALLEST_NORMAL else repr(value)
    return str(value)


def _rounded(value: int) -> str:
    """Returns a long whole number with an exponent, also one that no float can hold."""
    number = as_number(value)
    if math.isfinite(number):
        return f"{number:.12g}"
    exponent = math.log10(abs(value))
    return f"{'-' if value < 0 else ''}{10 ** (exponent % 1):.3g}e+{int(exponent)}"


def as_number(value: Value) -> float:
    """Returns the value as a number; NaN if it is not a number. A whole number that no float can hold is infinite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
