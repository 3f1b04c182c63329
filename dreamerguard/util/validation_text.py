"""Says in plain words why pydantic refused a value. Takes its error objects, and does not load pydantic."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

#: Beginning of an error's type -> what the value must be.
_EXPECTED = {
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "finite_number": "a finite number",
    "bool": "true or false",
    "string": "text",
    "tuple": "a list",
    "list": "a list",
    "dict": "a table of keys and values",
    "mapping": "a table of keys and values",
    "model": "a group of settings",
    "none": "null",
}
#: Type of an error of a bound -> words before the bound.
_BOUNDS = {
    "greater_than": ("greater than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}


def refusal(error: Mapping[str, Any]) -> str:
    """Returns the end of a sentence that begins with the setting: ``is 'x'; it must be a whole number``.

    Args:
      error: one of the ``errors()`` of a ``ValidationError``.
    """
    kind, value, context = str(error["type"]), error.get("input"), error.get("ctx", {})
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return "does not exist"
    if kind == "value_error":
        return f"is not valid: {context.get('error') or error['msg']}"
    return f"is {_shown(value)}; it must be {_wanted(kind, context, value, str(error['msg']))}"


def _wanted(kind: str, context: Mapping[str, Any], value: object, message: str) -> str:
    if kind in _BOUNDS:
        words, name = _BOUNDS[kind]
        return f"{words} {context[name]}"
    if kind in ("literal_error", "enum"):
        return str(context["expected"])
    if kind == "int_from_float":
        return "a whole number"
    expected = next((text for name, text in _EXPECTED.items() if kind.startswith(name)), None)
    if expected == "a list" and isinstance(value, str):
        return f"a list: [{json.dumps(value, ensure_ascii=False)}]"
    return expected or f"valid: {message[:1].lower()}{message[1:]}"


def _shown(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
