"""Reads scalars as OmegaConf does, in files and on the command line.

Files follow YAML 1.1 with OmegaConf's pattern for floats: ``1e6`` is a number, ``yes`` and ``off`` are booleans,
``0o17`` is text and ``12:30`` counts in sixties (omegaconf 2.3, ``get_yaml_loader``). The command line has a separate
grammar (hydra 1.3, ``OverrideLexer.g4``): ``yes`` is text there, and ``TRUE`` is true.
"""

from __future__ import annotations

import re

from dreamerguard.core.source import Plain

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})
_FALSE = frozenset({"no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})
_INTEGER = re.compile(
    r"[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+"
)
_FLOAT = re.compile(
    r"[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?(?:[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)"
    r"|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)"
    r"|\.(?:nan|NaN|NAN)"
)
_WORD_INTEGER = re.compile(r"[+-]?(?:0|[1-9](?:_?[0-9])*)")
_WORD_FLOAT = re.compile(
    r"[+-]?(?:(?:0|[1-9](?:_?[0-9])*)?\.[0-9](?:_?[0-9])*|(?:0|[1-9](?:_?[0-9])*)\."
    r"|(?:(?:0|[1-9](?:_?[0-9])*)\.?|(?:0|[1-9](?:_?[0-9])*)?\.[0-9](?:_?[0-9])*)[eE][+-]?[0-9](?:_?[0-9])*"
    r"|[Ii][Nn][Ff]|[Nn][Aa][Nn])"
)
#: Longer texts are not read as numbers; Python refuses longer whole numbers too.
_LONGEST = 4300


def file_scalar(text: str) -> Plain:
    """Returns the value of an unquoted scalar in a file."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if len(text) > _LONGEST or text[:1] not in "-+.0123456789":
        return text
    if _INTEGER.fullmatch(text):
        return _integer(text)
    return _float(text) if _FLOAT.fullmatch(text) else text


def word_scalar(text: str) -> Plain:
    """Returns the value of an unquoted scalar in an override."""
    lowered = text.lower()
    if lowered == "null":
        return None
    if lowered in ("true", "false"):
        return lowered == "true"
    if len(text) > _LONGEST:
        return text
    if _WORD_INTEGER.fullmatch(text):
        return int(text.replace("_", ""))
    return float(text.replace("_", "")) if _WORD_FLOAT.fullmatch(text) else text


def _integer(text: str) -> Plain:
    sign = -1 if text[0] == "-" else 1
    digits = text.lstrip("+-").replace("_", "")
    try:
        if digits.startswith(("0b", "0x")):
            return sign * int(digits, 0)
        if ":" in digits:
            return sign * int(_sixties(digits))
        return sign * int(digits, 8 if digits != "0" and digits.startswith("0") else 10)
    except (OverflowError, ValueError):
        return text


def _float(text: str) -> Plain:
    sign = -1.0 if text[0] == "-" else 1.0
    digits = text.lstrip("+-").replace("_", "").lower()
    if digits in (".inf", ".nan"):
        return sign * float(digits[1:])
    if ":" in digits:
        return sign * _sixties(digits)
    try:
        return sign * float(digits)
    except ValueError:
        return text


def _sixties(digits: str) -> float:
    value = 0.0
    for part in digits.split(":"):
        value = value * 60 + float(part)
    return value
